"""Reading documents by links: expanded where the firmware can, member by member where not, pages followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from dsm_desktop.core.errors import DsmError
from dsm_desktop.net.limits import NotReady, Resting
from dsm_desktop.net.links import ForeignLink, safe_path
from dsm_desktop.net.logins import LoginHeld, LoginRefused
from dsm_desktop.net.tls import TlsFailed, Unreachable
from dsm_desktop.net.transport import BadAnswer, NoAnswer
from dsm_desktop.redfish.errors import Missing, RedfishError, ResourceBusy, Unsupported

Doc = dict[str, Any]
"""A Redfish document."""

EXPAND = "$expand=*($levels=1)"
"""The only form and depth that every iDRAC9 and iDRAC10 takes (MaxLevels 1)."""
MAX_MEMBERS = 4096
MAX_PAGES = 200


class Getter(Protocol):
    """GET of one document below /redfish; `slow` for collections and expansions."""

    def __call__(self, path: str, *, slow: bool = False) -> Doc: ...


def link(doc: Any, *names: str) -> str:
    """The `@odata.id` found by walking names from a document; "" when there is none."""
    for name in names:
        doc = doc.get(name) if isinstance(doc, dict) else None
    if isinstance(doc, list):
        doc = doc[0] if doc else None
    found = doc.get("@odata.id") if isinstance(doc, dict) else None
    return found if isinstance(found, str) else ""


def links(items: Any) -> list[str]:
    """Every `@odata.id` of a list of links, each once, in order."""
    if not isinstance(items, list):
        return []
    found = (item.get("@odata.id") for item in items if isinstance(item, dict))
    return list(dict.fromkeys(path for path in found if isinstance(path, str)))


def is_link_only(item: Any) -> bool:
    """True for {"@odata.id": …}: a link that was not expanded."""
    return isinstance(item, dict) and set(item) <= {"@odata.id", "@odata.etag"}


class Documents:
    """Reads for one client. `expand` is whether the device takes $expand; it is learned down when refused.

    `gaps` collects what could not be read; `fallbacks` how many collections had to be read member by member.
    """

    def __init__(self, get: Getter, *, expand: bool) -> None:
        self.get = get
        self.expand = expand
        self.expand_resources = expand
        self.gaps: list[str] = []
        self.fallbacks = 0
        self._seen: dict[str, Doc] = {}

    def start(self) -> None:
        """Begins a read: gaps, fall-backs and what was seen before are forgotten."""
        self.gaps, self.fallbacks, self._seen = [], 0, {}

    def forget(self) -> None:
        """Lets go of what was seen: a kept client must not hold half a megabyte of documents."""
        self._seen = {}

    def learn(self, doc: Doc) -> None:
        """Keeps the documents that an expanded one carries, so that they are not asked for again in this read."""
        below = doc.get("Links")
        values = [*doc.values(), *(below.values() if isinstance(below, dict) else ())]
        for item in (entry for value in values for entry in (value if isinstance(value, list) else [value])):
            path = item.get("@odata.id") if isinstance(item, dict) else None
            if isinstance(path, str) and not is_link_only(item):
                self._seen[path] = item

    def children(self, parent: Doc, name: str) -> list[Doc]:
        """The members of a collection linked from a document: from what was seen, when it names and holds them all."""
        stub = parent.get(name)
        items = stub.get("Members") if isinstance(stub, dict) else None
        if isinstance(items, list) and isinstance(stub, dict) and not stub.get("Members@odata.nextLink"):
            paths = links(items)
            if len(paths) == len(items) and all(path in self._seen for path in paths):
                return [self._seen[path] for path in paths]
        path = link(parent, name)
        return self.members(safe_path(path)) if path else []

    @contextmanager
    def gap(self, what: str) -> Iterator[None]:
        """What fails inside is noted as a gap; a device that is gone, untrusted or refuses the login ends the whole read."""
        try:
            yield
        except ResourceBusy as error:
            self.gaps.append(f"{what}: {error.message}")
        except (Unreachable, TlsFailed, LoginRefused, LoginHeld, NotReady, Resting):
            raise
        except Missing:
            return
        except DsmError as error:
            self.gaps.append(f"{what}: {error.message}")

    def members(self, path: str, keep: Callable[[Doc], bool] | None = None) -> list[Doc]:
        """All member documents of a collection, in order; "" gives none. `keep` False ends the paging early (logs).

        Raises Missing and what GET raises. A member that is gone (404) is left out.
        """
        if not path:
            return []
        found: list[Doc] = []
        for page in self._pages(path):
            items = page.get("Members")
            for item in items if isinstance(items, list) else []:
                doc = self._member(item)
                if doc is None:
                    continue
                if keep is not None and not keep(doc):
                    return found
                found.append(doc)
                if len(found) >= MAX_MEMBERS:
                    return found
        return found

    def _member(self, item: Any) -> Doc | None:
        if not isinstance(item, dict):
            return None
        if not is_link_only(item):
            return item
        known = self._seen.get(str(item.get("@odata.id")))
        if known is not None:
            return known
        self.fallbacks += 1
        try:
            return self.get(safe_path(item.get("@odata.id")))
        except (Missing, ForeignLink) as error:
            if isinstance(error, ForeignLink):
                self.gaps.append(error.message)
            return None

    def _pages(self, path: str) -> Iterator[Doc]:
        """The pages of a collection; 50 members each on iDRACs, also when expanded. A loop of pages ends."""
        page = self._first_page(path)
        seen = {path}
        for _ in range(MAX_PAGES):
            yield page
            following = page.get("Members@odata.nextLink") or page.get("@odata.nextLink")
            if not isinstance(following, str) or not following or following in seen:
                return
            seen.add(following)
            try:
                page = self.get(safe_path(following), slow=True)
            except RedfishError as error:
                # $skip at or beyond the total is 400 SYS417 on iDRACs, not an empty page.
                if "SYS417" in error.ids:
                    return
                raise

    def _first_page(self, path: str) -> Doc:
        if self.expand:
            try:
                return self.get(f"{path}?{EXPAND}", slow=True)
            except (RedfishError, ResourceBusy, BadAnswer, NoAnswer) as error:
                self._learn_down(error)
        return self.get(path, slow=True)

    def with_children(self, path: str, how: str = ".") -> Doc:
        """One resource with the documents it links to inside ("." without those under Links, "*" with them).

        Where the firmware refuses, or has taken on too much, the bare resource: callers look with `child`.
        """
        if self.expand_resources:
            try:
                return self.get(f"{path}?$expand={how}($levels=1)", slow=True)
            except (RedfishError, ResourceBusy, BadAnswer, NoAnswer) as error:
                self._learn_down(error)
                self.expand_resources = False
        return self.get(path)

    def _learn_down(self, error: DsmError) -> None:
        """After a failed expansion: raises it again when asking for less would not help."""
        if isinstance(error, Unsupported):
            self.expand = self.expand_resources = False
        elif isinstance(error, NoAnswer):
            # Too much at once for a slow BMC: piece by piece then.
            if not error.timed_out:
                raise error
            self.expand_resources = False
        elif isinstance(error, RedfishError) and error.status not in (400, 500, 501):
            raise error

    def child(self, parent: Doc, name: str) -> Doc:
        """A document linked from another: the expanded copy when it is there, else one GET; {} when there is no link."""
        item = parent.get(name)
        if not isinstance(item, dict):
            return {}
        if not is_link_only(item):
            return item
        self.fallbacks += 1
        return self.get(safe_path(item.get("@odata.id")))
