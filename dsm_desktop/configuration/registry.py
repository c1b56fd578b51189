"""What a device's attribute registry says of each setting: display name, help, allowed values, bounds, and what depends on what.

Two dialects, recorded on an R750: the BIOS registry (AttributeRegistry, values by ValueName, `ReadOnly`) and the manager's
(DellAttributeRegistry, values by ValueDisplayName, `Readonly`, an Id that names the component).
"""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from dsm_desktop.core.errors import DsmError

MAX_ENTRIES = 20_000
MAX_PACKED = 64 * 2**20


class RegistryInvalid(DsmError):
    """The document is no attribute registry, or a broken one."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An allowed value and what the setup screen shows for it."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting as its registry describes it. `kind` enumeration | string | integer | password | boolean; bounds None = not given.

    `read_only` and `hidden` are the state the device was in when it wrote the registry; dependencies decide the present one.
    """

    name: str
    kind: str
    title: str = ""
    help: str = ""
    warning: str = ""
    menu: str = ""
    order: int = 0
    choices: tuple[Choice, ...] = ()
    read_only: bool = False
    immutable: bool = False
    hidden: bool = False
    write_only: bool = False
    lower: int | None = None
    upper: int | None = None
    step: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    component: str = ""

    def shown(self, value: Any) -> str:
        """What the setup screen shows for a value."""
        return next((c.title for c in self.choices if c.value == value), "" if value is None else str(value))


@dataclass(frozen=True, slots=True)
class Condition:
    """One MapFrom: `operator` EQU NEQ GTR GEQ LSS LEQ; `joined` AND or OR with what stands before it."""

    attribute: str
    operator: str
    value: Any
    prop: str = "CurrentValue"
    joined: str = "OR"


@dataclass(frozen=True, slots=True)
class Dependency:
    """While the conditions hold, `prop` (ReadOnly, Hidden, CurrentValue, GrayOut …) of `target` is `value`."""

    target: str
    prop: str
    value: Any
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """All settings of a kind of device at one firmware. `menus` menu path → heading."""

    name: str
    firmware: str = ""
    entries: Mapping[str, Entry] = field(default_factory=dict, repr=False)
    dependencies: tuple[Dependency, ...] = field(default=(), repr=False)
    menus: Mapping[str, str] = field(default_factory=dict, repr=False)

    def heading(self, entry: Entry) -> str:
        """The menu a setting stands under, as its page says ("System Profile Settings")."""
        return self.menus.get(entry.menu, entry.menu.rpartition("/")[2])

    def like(self, name: str) -> str:
        """The nearest known name to a mistyped one, "" for none."""
        return next(iter(difflib.get_close_matches(name, self.entries, 1, 0.75)), "")


def parse_registry(doc: Any, *, component: str = "") -> Registry:
    """From a registry document. `component` keeps only the entries of one FQDD where the dialect names them."""
    entries = doc.get("RegistryEntries") if isinstance(doc, dict) else None
    rows = entries.get("Attributes") if isinstance(entries, dict) else None
    if not isinstance(entries, dict) or not isinstance(rows, list) or not rows:
        raise RegistryInvalid(
            "the device's attribute registry holds no attributes", hint="Read it again later."
        )
    dell = "DellAttributeRegistry" in str(doc.get("@odata.type"))
    found: dict[str, Entry] = {}
    for row in rows[:MAX_ENTRIES]:
        entry = _entry(row, dell) if isinstance(row, dict) else None
        if entry is not None and (not component or not entry.component or entry.component == component):
            found[entry.name] = entry
    if not isinstance(entries, dict) or not found:
        raise RegistryInvalid(
            "the device's attribute registry holds no attributes", hint="Read it again later."
        )
    return Registry(
        str(doc.get("Id") or ""),
        _firmware(doc),
        found,
        tuple(_dependencies(entries.get("Dependencies"))),
        _menus(entries.get("Menus")),
    )


def _entry(row: dict[str, Any], dell: bool) -> Entry | None:
    name, kind = row.get("AttributeName"), row.get("Type")
    if not isinstance(name, str) or not name or not isinstance(kind, str):
        return None
    shown = "ValueDisplayName" if dell else "ValueName"
    choices = tuple(
        Choice(str(item.get(shown)), str(item.get("ValueDisplayName") or item.get(shown)))
        for item in row.get("Value") or ()
        if isinstance(item, dict) and item.get(shown) is not None
    )
    return Entry(
        name,
        kind.lower(),
        str(row.get("DisplayName") or name),
        str(row.get("HelpText") or ""),
        str(row.get("WarningText") or ""),
        str(row.get("MenuPath") or ""),
        _whole(row.get("DisplayOrder")) or 0,
        choices,
        row.get("ReadOnly", row.get("Readonly")) is True,
        row.get("Immutable") is True,
        row.get("Hidden") is True,
        row.get("WriteOnly") is True,
        _whole(row.get("LowerBound")),
        _whole(row.get("UpperBound")),
        _whole(row.get("ScalarIncrement")),
        _whole(row.get("MinLength")),
        _whole(row.get("MaxLength")),
        str(row.get("ValueExpression") or row.get("Regex") or ""),
        str(row.get("Id") or "").partition("#")[0] if dell else "",
    )


def _dependencies(rows: Any) -> Iterable[Dependency]:
    for row in rows if isinstance(rows, list) else ():
        inner = row.get("Dependency") if isinstance(row, dict) and row.get("Type", "Map") == "Map" else None
        if not isinstance(inner, dict) or not isinstance(inner.get("MapToAttribute"), str):
            continue
        terms = [t for t in inner.get("MapFrom") or () if isinstance(t, dict)]
        conditions = tuple(
            Condition(
                str(t.get("MapFromAttribute")),
                str(t.get("MapFromCondition") or "EQU"),
                t.get("MapFromValue"),
                str(t.get("MapFromProperty") or "CurrentValue"),
                # Dell leaves MapTerms out and means OR: with AND a recorded R750 would break its own rules.
                str(t.get("MapTerms") or "OR"),
            )
            for t in terms
        )
        if conditions:
            yield Dependency(
                inner["MapToAttribute"],
                str(inner.get("MapToProperty") or ""),
                inner.get("MapToValue"),
                conditions,
            )


def _menus(rows: Any) -> dict[str, str]:
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("MenuName"):
            parent = str(row.get("MenuPath") or "./")
            path = (
                parent if parent.endswith(str(row["MenuName"])) else f"{parent.rstrip('/')}/{row['MenuName']}"
            )
            found[path] = str(row.get("DisplayName") or row["MenuName"])
    return found


def _firmware(doc: dict[str, Any]) -> str:
    systems = doc.get("SupportedSystems")
    first = systems[0] if isinstance(systems, list) and systems and isinstance(systems[0], dict) else {}
    return str(first.get("FirmwareVersion") or "")


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return int(value)
    except (ValueError, OverflowError):
        return None


def pack(registry: Registry) -> bytes:
    """The registry as compressed JSON for the store: 1.1 MB of BIOS registry becomes about 40 kB."""
    return zlib.compress(orjson.dumps(asdict(registry)), 6)


def unpack(packed: bytes) -> Registry:
    """Back from `pack`. Raises RegistryInvalid when the bytes are not ours."""
    try:
        machine = zlib.decompressobj()
        data = orjson.loads(machine.decompress(packed, MAX_PACKED) if packed else b"")
        if not machine.eof:
            raise TypeError("cut off or too large")
        entries = {
            name: Entry(**{**entry, "choices": tuple(Choice(**c) for c in entry["choices"])})
            for name, entry in data["entries"].items()
        }
        dependencies = tuple(
            Dependency(**{**d, "conditions": tuple(Condition(**c) for c in d["conditions"])})
            for d in data["dependencies"]
        )
        return Registry(data["name"], data["firmware"], entries, dependencies, data["menus"])
    except (zlib.error, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise RegistryInvalid(
            "a stored registry cannot be read", hint="Read the server's settings again."
        ) from error
