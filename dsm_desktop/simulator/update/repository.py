"""Updates from a repository: read its catalogue, compare it with the server, fetch and flash what is newer."""

from __future__ import annotations

import dataclasses
import ipaddress
import urllib.parse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from dsm_desktop.simulator.hardware.parts import Software
from dsm_desktop.simulator.jobs import Job, Outcome, Runs
from dsm_desktop.simulator.shares import FetchFailed, Source
from dsm_desktop.simulator.update.catalog import Catalog, order, read_catalog
from dsm_desktop.simulator.update.engine import Order
from dsm_desktop.simulator.update.fetch import fetch
from dsm_desktop.simulator.update.inventory import Applied, applied, targets
from dsm_desktop.simulator.update.package import PackageInfo, Unusable

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

REBOOTS: Final = {
    Applied.DIRECT: "NONE",
    Applied.RESETS_IDRAC: "IDRAC",
    Applied.AT_BOOT: "HOST",
    Applied.POWER_CYCLE: "HOST",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """Where a repository lies. `address` may carry a port."""

    kind: str
    address: str
    name: str = ""
    user: str = ""
    password: str = dataclasses.field(default="", repr=False)

    @property
    def web(self) -> bool:
        """A web server."""
        return self.kind in ("HTTP", "HTTPS")

    def source(self, path: str) -> Source:
        """A file of the share."""
        parts = [p for p in (self.name.strip("/"), urllib.parse.quote(path.lstrip("/"))) if p]
        return Source(f"{self.kind.lower()}://{self.address}/{'/'.join(parts)}", self.user, self.password)


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What InstallFromRepository was asked for."""

    share: Share
    catalog: str
    apply: bool
    reboot: bool
    same: bool
    older: bool
    user: str


@dataclasses.dataclass(slots=True)
class Candidate:
    """A package of the catalogue that would change something here, and the job that does it."""

    package: PackageInfo
    rows: list[Software]
    job: str = ""


class Repository:
    """The last comparison with a repository, and the jobs it led to."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.listed: list[Candidate] | None = None
        """What the last comparison found; None before the first."""

    def begin(self, wish: Wish) -> Job:
        """The parent job; everything else follows from it."""
        device = self._device
        job = device.jobs.add(
            "RepositoryUpdate",
            "Repository Update",
            runs=Runs.WHEN_TOLD,
            waiting=("Downloading", "RED003"),
            title="repositoryupdate",
        )
        source, system_id = wish.share.source(wish.catalog), device.hw.system_id
        self.listed = None

        def work() -> Catalog | str:
            try:
                spool = fetch(device.shares, source)
            except FetchFailed as error:
                return "RED062" if error.why == "denied" else "RED016"
            try:
                return read_catalog(spool.finish(), system_id)
            except Unusable as error:
                return error.key
            finally:
                spool.close()

        def read(result: Catalog | str) -> None:
            if job.is_over or device.jobs.find(job.id) is None:
                return
            if isinstance(result, str):
                device.jobs.end(job, device.now(), Outcome("Failed", result))
            else:
                self._compared(job, wish, result)

        if device.faults.take("share_unreachable") is not None:
            device.schedule(5.0, lambda when: read("RED016"))
        else:
            device.errands.run(work, read, lambda: read("SUP0501"))
        return job

    # -- comparing -------------------------------------------------------------------------------------------

    def _compared(self, job: Job, wish: Wish, catalog: Catalog) -> None:
        device, now = self._device, self._device.now()
        self.listed = list(self._candidates(wish, catalog).values())
        if not self.listed:
            device.jobs.end(job, now, Outcome("Completed", "RED037"))
            return
        if wish.apply:
            listed, late = self.listed, device.faults.take("children_late")
            if late is None:
                self._spawn(wish, catalog, listed)
            else:
                device.schedule(float(late["seconds"]), lambda when: self._spawn(wish, catalog, listed))
            device.jobs.end(job, now, Outcome("Completed", "RED001"))
            return
        names = ", ".join(candidate.package.name for candidate in self.listed)
        device.write_lc(now, "RED036", names)
        device.jobs.end(job, now, Outcome("Completed", "RED001"))

    def _candidates(self, wish: Wish, catalog: Catalog) -> dict[str, Candidate]:
        """The highest version per part that differs from the installed one in the wanted direction."""
        best: dict[str, Candidate] = {}
        for package in catalog.packages:
            try:
                rows = targets(self._device.hw, package)
            except Unusable:
                continue
            key = rows[0].fqdd
            if not self._wanted(wish, package.version, rows):
                continue
            old = best.get(key)
            higher = old is None or order(package.version, old.package.version) > 0
            same = old is not None and order(package.version, old.package.version) == 0
            if higher or (same and package.package_type == "LW64"):
                best[key] = Candidate(package, rows)
        return best

    def _wanted(self, wish: Wish, version: str, rows: list[Software]) -> bool:
        found = {order(version, row.version) for row in rows}
        return 1 in found or (0 in found and wish.same) or (-1 in found and wish.older)

    # -- doing -----------------------------------------------------------------------------------------------

    def _spawn(self, wish: Wish, catalog: Catalog, candidates: list[Candidate]) -> None:
        """One job per package, the iDRAC's own last; then one restart for all that needs it."""
        device = self._device
        last = [c for c in candidates if applied(c.rows[0]) is Applied.RESETS_IDRAC]
        first = [c for c in candidates if c not in last]
        waiting = {id(c) for c in first}
        staged = any(applied(c.rows[0]) in (Applied.AT_BOOT, Applied.POWER_CYCLE) for c in first)

        def ready() -> None:
            if staged and wish.reboot and any(self._is_staged(c) for c in first):
                rid = device.jobs.reboot("GracefulRebootWithForcedShutdown")
                device.write_lc(device.now(), "RED055", rid.id)
            for candidate in last:
                self._child(wish, catalog, candidate)

        def settled(candidate: Candidate) -> None:
            waiting.discard(id(candidate))
            if not waiting:
                ready()

        for candidate in first:
            self._child(wish, catalog, candidate, partial(settled, candidate))
        if not first:
            ready()

    def _is_staged(self, candidate: Candidate) -> bool:
        job = self._device.jobs.find(candidate.job)
        return job is not None and job.state == "Scheduled"

    def _child(
        self, wish: Wish, catalog: Catalog, candidate: Candidate, then: Callable[[], None] | None = None
    ) -> None:
        device, package = self._device, candidate.package
        share = wish.share
        if catalog.base:
            share = dataclasses.replace(share, address=catalog.base.rstrip("/"), name="")
        elif "/" in wish.catalog:
            folder = wish.catalog.rsplit("/", 1)[0]
            share = dataclasses.replace(share, name=f"{share.name.strip('/')}/{folder}")
        source = share.source(package.path)
        job = device.updates.download(
            source,
            Order(wish.user, "OnReset"),
            on_site=_on_site(source),
            then=then,
        )
        candidate.job = job.id
        device.write_lc(device.now(), "RED054", job.id)


def _on_site(source: Source) -> bool:
    """A host given by its address. Names are never looked up: a catalogue that still names its vendor leads nowhere here."""
    try:
        ipaddress.ip_address(urllib.parse.urlsplit(source.url).hostname or "")
    except ValueError:
        return False
    return True


def package_list(candidates: list[Candidate]) -> str:
    """PackageList of GetRepoBasedUpdateList: CIM instances as XML in a string."""
    instances = "".join(_instance(candidate) for candidate in candidates)
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="4711" '
        f'PROTOCOLVERSION="1.0"><SIMPLEREQ>{instances}</SIMPLEREQ></MESSAGE></CIM>'
    )


def _instance(candidate: Candidate) -> str:
    package, row = candidate.package, candidate.rows[0]
    values = {
        "BaseLocation": "",
        "ComponentID": row.component,
        "ComponentType": row.kind,
        "Criticality": str(package.criticality),
        "DisplayName": package.name,
        "JobID": candidate.job,
        "PackageName": package.path.rsplit("/", 1)[-1],
        "PackagePath": package.path,
        "PackageVersion": package.version,
        "RebootType": REBOOTS[applied(row)],
        "Target": f"DCIM:INSTALLED#802__{row.fqdd}",
    }
    properties = "".join(
        f'<PROPERTY NAME="{name}" TYPE="string"><VALUE>{escape(value)}</VALUE></PROPERTY>'
        for name, value in values.items()
    )
    return (
        '<VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME="DCIM_RepoUpdateSWID">'
        f"{properties}</INSTANCENAME></VALUE.NAMEDINSTANCE>"
    )
