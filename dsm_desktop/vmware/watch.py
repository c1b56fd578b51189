"""What changes, told by the service itself: a collector of one's own, asked with long polls.

The session's default collector is shared by all threads: whoever waits on it takes the others' updates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.vmware.collector import Paths, Row, filter_spec
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.faults import moid_of
from dsm_desktop.vmware.session import Opened
from dsm_desktop.vmware.vmodl import type_of, vim, vmodl

PAGE = 500


@dataclass(slots=True)
class News:
    """What one long poll brought: the objects that are new or have changed, with all the values known of them, and the moids
    of those that are gone. `complete` False = more is waiting: ask again at once."""

    changed: list[Row] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    complete: bool = True


class Watch:
    """Values of many objects, kept up to date. Not thread-safe: one thread polls. Ends with its session (SessionExpired)."""

    def __init__(self, opened: Opened, collector: Any) -> None:
        self._collector = collector
        self._version = ""
        self.rows: dict[str, Row] = {}
        self._opened = opened

    def poll(self, seconds: int) -> News:
        """Wait at most so long for a change (0 = do not wait); the first poll brings everything, page by page."""
        options = vmodl.query.PropertyCollector.WaitOptions(maxWaitSeconds=seconds, maxObjectUpdates=PAGE)
        try:
            update = self._collector.WaitForUpdatesEx(version=self._version, options=options)
        except VcenterFault as fault:
            if fault.fault == "RequestCanceled":
                return News()
            if fault.fault != "InvalidCollectorVersion":
                raise
            self._version = ""  # too much was missed: everything comes again
            self.rows.clear()
            return News(complete=False)
        if update is None:
            return News()
        self._version = update.version
        news = News(complete=not update.truncated)
        for part in update.filterSet:
            for item in part.objectSet:
                self._apply(item, news)
        return news

    def cancel(self) -> None:
        """End a poll that another thread waits in; it then brings nothing."""
        self._collector.CancelWaitForUpdates()

    def _apply(self, item: Any, news: News) -> None:
        moid = moid_of(item.obj)
        if item.kind == "leave":
            self.rows.pop(moid, None)
            news.gone.append(moid)
            return
        row = self.rows.get(moid)
        if row is None:
            row = self.rows[moid] = Row(type(item.obj).__name__.rpartition(".")[2], moid, {})
        for change in item.changeSet:
            row.values[change.name] = change.val
        if row not in news.changed:
            news.changed.append(row)


@contextmanager
def watching(opened: Opened, wanted: Paths, start: Sequence[Any]) -> Iterator[Watch]:
    """A watch over what `filter_spec` would read; collector and filter are destroyed at the end."""
    collector = opened.content.propertyCollector.CreatePropertyCollector()
    try:
        collector.CreateFilter(spec=filter_spec(opened, wanted, list(start)), partialUpdates=False)
        yield Watch(opened, collector)
    finally:
        with contextlib.suppress(DsmError):  # gone with the session where that has ended
            collector.DestroyPropertyCollector()


@contextmanager
def watching_all(opened: Opened, wanted: Paths) -> Iterator[Watch]:
    """A watch over all objects of the wanted types."""
    query = vmodl.query.PropertyCollector
    view = opened.content.viewManager.CreateContainerView(
        opened.content.rootFolder, [type_of(kind) for kind in wanted], True
    )
    walk = query.TraversalSpec(
        name="view", type=vim.view.ContainerView, path="view", skip=False, selectSet=[]
    )
    try:
        with watching(opened, wanted, [query.ObjectSpec(obj=view, skip=True, selectSet=[walk])]) as watch:
            yield watch
    finally:
        with contextlib.suppress(DsmError):
            view.DestroyView()


def wait_for_task(opened: Opened, task: Any, seconds: int) -> Mapping[str, Any]:
    """`info.state`, `info.error` and `info.result` of a short task, once it is over or the time is up."""
    wanted = {"Task": ("info.state", "info.error", "info.result")}
    start = [vmodl.query.PropertyCollector.ObjectSpec(obj=task, skip=False, selectSet=[])]
    values: Mapping[str, Any] = {}
    with watching(opened, wanted, start) as watch:
        waited = 0
        while waited <= seconds:
            watch.poll(min(10, seconds))
            values = next(iter(watch.rows.values())).values if watch.rows else {}
            if str(values.get("info.state")) in ("success", "error"):
                return values
            waited += 10
    return values
