"""Server Configuration Profiles (SCP) as data: read with suspicion, written back without insignificant whitespace.

Shapes as recorded from R6525 and R7525 (JSON) and as Dell's scripts read them (XML). A profile comes from a device or from a file a
person was sent: DOCTYPEs, entities, depth, size and number of attributes are bounded, and nothing of a bad profile is used.
"""

from __future__ import annotations

import hashlib
import re
import xml.parsers.expat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape, quoteattr, unescape

import orjson

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.secret_names import is_secret_attribute

MAX_BYTES = 16 * 2**20
"""A full export with custom telemetry is about 2 MB."""
MAX_ATTRIBUTES = 60_000
MAX_DEPTH = 8
"""Components nest at most four deep (controller, enclosure or virtual disk, drive)."""
MAX_TEXT = 64 * 1024
"""Characters of one value; certificates in base64 are the longest."""


_STORAGE = (
    "RAID.",
    "NonRAID.",
    "AHCI.",
    "SATA.",
    "Disk.",
    "Enclosure.",
    "PCIeSSD.",
    "PCIeExtender.",
    "BOSS.",
)
"""How the FQDDs of controllers and of what hangs on them begin, in Dell's words."""


class ProfileInvalid(BadInput):
    """The text is no usable configuration profile; nothing of it was used."""


@dataclass(frozen=True, slots=True)
class ProfileAttribute:
    """One setting. `applies` is False where the device leaves it alone on import (a comment in XML, "Set On Import": "False" in
    JSON): read-only, dependent, destructive, identity or a hidden password."""

    fqdd: str
    name: str
    value: str
    applies: bool = True

    @property
    def key(self) -> str:
        """ "BIOS.Setup.1-1#SysProfile", "iDRAC.Embedded.1#NIC.1#DNSRacName"."""
        return f"{self.fqdd}#{self.name}"

    @property
    def secret(self) -> bool:
        return is_secret_attribute(self.name)

    @property
    def storage(self) -> bool:
        """It belongs to a storage controller, its volumes, enclosures or drives: an import may make or delete volumes by it."""
        return self.name.startswith("RAID") or any(p.startswith(_STORAGE) for p in self.fqdd.split(":"))


@dataclass(frozen=True, slots=True)
class Profile:
    """A parsed profile. `taken_at` is the device's own text; `format` "xml" or "json"."""

    format: str
    model: str = ""
    service_tag: str = ""
    taken_at: str = ""
    attributes: tuple[ProfileAttribute, ...] = field(default=(), repr=False)

    @property
    def components(self) -> tuple[str, ...]:
        """FQDDs, each once, in order."""
        return tuple(dict.fromkeys(a.fqdd for a in self.attributes))

    def values(self, *, applied_only: bool = False) -> dict[str, str]:
        """Key → value without anything secret, for diffs, grids and exports."""
        return {a.key: a.value for a in self.attributes if not a.secret and (a.applies or not applied_only)}

    def secrets(self) -> tuple[str, ...]:
        """Keys of settings that hold a secret which is not masked by the device."""
        return tuple(a.key for a in self.attributes if a.secret and a.value.strip("*"))


def parse_profile(text: str | bytes) -> Profile:
    """A profile from XML or JSON. Raises ProfileInvalid saying what is wrong and where."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(data) > MAX_BYTES:
        raise _invalid(
            f"it has {len(data) // 2**20} MB; a profile has at most {MAX_BYTES // 2**20} MB",
            "Check that this is the right file.",
        )
    data = data.removeprefix(b"\xef\xbb\xbf")
    start = data.lstrip()[:1]
    if start == b"<":
        return _Xml().read(data)
    if start == b"{":
        return _from_json(data)
    raise _invalid("it is neither XML nor JSON" if data.strip() else "it is empty", "Export it again.")


def checksum(text: str) -> str:
    """SHA-256 of the profile's text as hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def import_text(text: str) -> str:
    """The text as an iDRAC takes it in ImportBuffer: no line breaks or indents between tags (they make imports fail)."""
    profile = parse_profile(text)
    if profile.format == "json":
        return orjson.dumps(orjson.loads(text)).decode()
    bare = re.sub(r"^\s*(?:<\?xml[^>]*\?>\s*)?", "", text.removeprefix("\ufeff"))
    return re.sub(r">\s+<", _without_line_break, bare).strip()


def _without_line_break(between: re.Match[str]) -> str:
    text = between.group()
    return "><" if "\n" in text or "\r" in text else text


def compose(attributes: Iterable[tuple[str, str, str]], *, format: str = "xml") -> str:
    """A small profile that sets exactly these (FQDD, name, value): for devices without attributes in Redfish, and for fixes."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for fqdd, name, value in attributes:
        grouped.setdefault(fqdd, []).append((name, value))
    if format == "json":
        components = [
            {"FQDD": fqdd, "Attributes": [{"Name": n, "Value": v, "Set On Import": "True"} for n, v in rows]}
            for fqdd, rows in grouped.items()
        ]
        return orjson.dumps({"SystemConfiguration": {"Components": components}}).decode()
    parts = ["<SystemConfiguration>"]
    for fqdd, rows in grouped.items():
        parts.append(f"<Component FQDD={quoteattr(fqdd)}>")
        parts += [f"<Attribute Name={quoteattr(n)}>{escape(v)}</Attribute>" for n, v in rows]
        parts.append("</Component>")
    return "".join([*parts, "</SystemConfiguration>"])


def chosen(profile: Profile, keys: Iterable[str]) -> list[tuple[str, str, str]]:
    """(FQDD, name, value) of some settings of a profile, for `compose`."""
    wanted = set(keys)
    return [(a.fqdd, a.name, a.value) for a in profile.attributes if a.key in wanted]


# --- XML -------------------------------------------------------------------------------------------------------------

_COMMENTED = re.compile(r'<Attribute\s+Name="([^"]{1,255})"[^>]{0,200}>([^<]*)</Attribute>')


class _Xml:
    """Reads by expat; a DOCTYPE (and so every entity of one's own) is refused where it begins."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.tags: list[str] = []
        self.rows: list[ProfileAttribute] = []
        self.head: dict[str, str] = {}
        self.name: str | None = None
        self.text: list[str] = []
        self.size = 0

    def read(self, data: bytes) -> Profile:
        parser = xml.parsers.expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.CommentHandler = self._comment
        parser.buffer_text = True
        try:
            parser.Parse(data, True)
        except xml.parsers.expat.ExpatError as error:
            raise _invalid(f"the XML is broken: {error}", "It may be cut off; export it again.") from None
        if not self.rows:
            raise _invalid("it holds no settings", "Export it again with the components you need.")
        return Profile(
            "xml",
            self.head.get("Model", ""),
            self.head.get("ServiceTag", ""),
            self.head.get("TimeStamp", ""),
            tuple(self.rows),
        )

    def _doctype(self, *_: Any) -> None:
        raise _invalid("it declares a DOCTYPE, which no profile of a device does", "Do not use this file.")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.tags.append(tag)
        if len(self.tags) == 1:
            if tag != "SystemConfiguration":
                raise _invalid(f"its root is <{tag[:40]}>, not <SystemConfiguration>", "Check the file.")
            self.head = attributes
        if len(self.tags) > MAX_DEPTH:
            raise _invalid("it is nested too deep", "Do not use this file.")
        if tag == "Component":
            self.path.append(attributes.get("FQDD", ""))
        elif tag == "Attribute":
            self.name, self.text, self.size = attributes.get("Name", ""), [], 0

    def _characters(self, text: str) -> None:
        if self.name is not None:
            self.size += len(text)
            if self.size > MAX_TEXT:
                raise _invalid(f"the value of {self.name[:80]} is too long", "Do not use this file.")
            self.text.append(text)

    def _end(self, tag: str) -> None:
        self.tags.pop()
        if tag == "Component":
            self.path.pop()
        elif tag == "Attribute" and self.name is not None:
            self._add(self.name, "".join(self.text), applies=True)
            self.name = None

    def _comment(self, text: str) -> None:
        if self.path:
            for name, value in _COMMENTED.findall(text[:MAX_TEXT]):
                self._add(unescape(name, {"&quot;": '"'}), unescape(value), applies=False)

    def _add(self, name: str, value: str, *, applies: bool) -> None:
        if not self.path or not self.path[-1] or not name:
            raise _invalid(
                f"a setting stands outside a component ({name[:80] or 'no name'})", "Check the file."
            )
        self.rows.append(ProfileAttribute(self.path[-1], name, value, applies))
        _bounded(self.rows)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _from_json(data: bytes) -> Profile:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _invalid(f"the JSON is broken: {error}", "It may be cut off; export it again.") from None
    top = document.get("SystemConfiguration")
    if not isinstance(top, dict):
        raise _invalid("it has no SystemConfiguration", "Check that this is a server configuration profile.")
    rows: list[ProfileAttribute] = []
    for component in _components(top, 1):
        fqdd = component.get("FQDD")
        if not isinstance(fqdd, str) or not fqdd:
            raise _invalid("a component has no FQDD", "Export it again.")
        for entry in _listed(component, "Attributes"):
            rows.append(_attribute(fqdd, entry))
            _bounded(rows)
    if not rows:
        raise _invalid("it holds no settings", "Export it again with the components you need.")
    head = {name: str(top.get(name) or "")[:120] for name in ("Model", "ServiceTag", "TimeStamp")}
    return Profile("json", head["Model"], head["ServiceTag"], head["TimeStamp"], tuple(rows))


def _components(parent: Mapping[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    if depth > MAX_DEPTH:
        raise _invalid("it is nested too deep", "Do not use this file.")
    for component in _listed(parent, "Components"):
        yield component
        yield from _components(component, depth + 1)


def _listed(parent: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = parent.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _invalid(f"{name} is no list of objects", "Export it again.")
    return found


def _attribute(fqdd: str, entry: dict[str, Any]) -> ProfileAttribute:
    name, value = entry.get("Name"), entry.get("Value")
    if not isinstance(name, str) or not name or isinstance(value, dict | list):
        raise _invalid(f"a setting of {fqdd[:80]} has no name or no plain value", "Export it again.")
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if len(text) > MAX_TEXT:
        raise _invalid(f"the value of {name[:80]} is too long", "Do not use this file.")
    # Without the mark (certificates in a recorded R6525) the entry is shown only, as are commented lines in XML.
    return ProfileAttribute(fqdd, name, text, str(entry.get("Set On Import", "False")).lower() == "true")


def _bounded(rows: list[ProfileAttribute]) -> None:
    if len(rows) > MAX_ATTRIBUTES:
        raise _invalid(f"it has more than {MAX_ATTRIBUTES} settings", "Do not use this file.")


def _invalid(why: str, hint: str) -> ProfileInvalid:
    return ProfileInvalid(f"This is no usable configuration profile: {why}.", hint=hint)
