"""What would keep the hosts of all clusters from being emptied: judged over the copy in the store, with what the last safety
check of each cluster saw besides. The copy has no devices of VMs, a check has read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from dsm_desktop.core.vsphere_site import Site, picture
from dsm_desktop.queries.row_numbers import row_number
from dsm_desktop.queries.vsphere_rows import BlockerRow
from dsm_desktop.safety.blockers import cluster_blockers
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity, safe_fix
from dsm_desktop.store.essential import Essentials, essentials
from dsm_desktop.store.models import SafetyCheck

_ORDER = {"block": 0, "warn": 1, "info": 2}
_PLAIN = {field.name for field in fields(Finding)} - {"cause", "severity", "remedy", "others"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What the last check of a cluster found, by the name of the host."""

    at: datetime
    found: Mapping[str, tuple[Finding, ...]]


def last_checks(connection: Connection) -> dict[tuple[int, str], Checked]:
    """The newest judgement of each cluster, by vCenter and moid."""
    c = SafetyCheck
    newest = select(func.max(c.id)).where(c.subject.startswith("cluster:")).group_by(c.subject)
    query = select(c.subject, c.at, c.verdict).where(c.id.in_(newest))
    found = {}
    for subject, at, verdict in connection.execute(query):
        _, vcenter_id, cluster = subject.split(":", 2)
        found[int(vcenter_id), cluster] = Checked(at, _findings(verdict or {}))
    return found


def _findings(verdict: Mapping[str, Any]) -> dict[str, tuple[Finding, ...]]:
    """Hosts that were judged and have nothing in their way have an empty list."""
    by_host: dict[str, list[Finding]] = {str(h["name"]): [] for h in verdict.get("hosts", ())}
    for told in verdict.get("blockers", ()):
        plain = {name: told[name] for name in _PLAIN if name in told}
        finding = Finding(
            cause=Cause(told["cause"]), severity=Severity(told["severity"]), remedy=Remedy(told["remedy"]), **plain
        )  # fmt: skip
        by_host.setdefault(str(told["host"]), []).append(finding)
    return {host: tuple(found) for host, found in by_host.items()}


def blockers_of(connection: Connection, sites: Mapping[int, Site]) -> tuple[BlockerRow, ...]:
    """Of the copy of these sites, with what the last checks saw and what the work depends on, as a run takes it."""
    around = {place: essentials(connection, place) for place in sites}
    return blocker_rows(sites, last_checks(connection), around)


def blocker_rows(
    sites: Mapping[int, Site],
    checks: Mapping[tuple[int, str], Checked] | None = None,
    around: Mapping[int, Essentials] | None = None,
) -> tuple[BlockerRow, ...]:
    """Of every cluster and every host without one, the worst first. `around`: what the work depends on, by the keys of `sites`."""
    rows = [
        row
        for place, site in sites.items()
        for row in _of_site(place, site, checks or {}, (around or {}).get(place, Essentials()))
    ]
    return tuple(
        sorted(rows, key=lambda r: (_ORDER.get(r.severity, 3), r.host.casefold(), r.name.casefold()))
    )


def _of_site(
    vcenter_id: int, site: Site, checks: Mapping[tuple[int, str], Checked], around: Essentials
) -> Iterator[BlockerRow]:
    names = {host.moid: host.name for host in site.hosts}
    where = {vm.moid: vm.host for vm in site.vms}
    subjects = [c.moid for c in site.clusters] + [h.moid for h in site.hosts if not h.cluster]
    times: Counter[tuple[object, ...]] = Counter()
    for subject in subjects:
        check = checks.get((vcenter_id, subject))
        for host, findings in cluster_blockers(
            picture(site, subject, around.addresses, around.others)
        ).items():
            name = names.get(host, host)
            for finding, at in _both(host, findings, check, name, where):
                key = (vcenter_id, host, finding.what, finding.moid, finding.cause.value)
                times[key] += 1
                yield BlockerRow(
                    id=row_number(*key, times[key]),
                    vcenter_id=vcenter_id,
                    cluster_id=subject,
                    host_id=host,
                    host=name,
                    severity=finding.severity.value,
                    cause=finding.cause.value,
                    what=finding.what,
                    name=finding.name,
                    reason=finding.reason,
                    way_out=finding.way_out,
                    fix=finding.remedy.value,
                    safe=safe_fix(finding),
                    seen_at=at or site.read_at,
                )


def _both(
    host: str,
    findings: tuple[Finding, ...],
    check: Checked | None,
    name: str,
    where: Mapping[str, str],
) -> Iterator[tuple[Finding, datetime | None]]:
    """What the copy says (None) unless the check, which has read devices, knows better, and what only the check knows (its
    time); of VMs that have moved since, nothing."""
    if check is None or name not in check.found:
        yield from ((finding, None) for finding in findings)
        return
    # To the copy, which knows no devices, a VM with an image in its drive lies on the image's store as well.
    read = {f.moid for f in check.found[name] if f.cause is Cause.CDROM}
    read -= {f.moid for f in check.found[name] if f.cause is Cause.LOCAL_STORAGE}
    for finding in findings:
        images_store = finding.cause is Cause.LOCAL_STORAGE and finding.moid in read
        if finding.cause is not Cause.NOT_READ and not images_store:
            yield finding, None
    known = {(finding.what, finding.moid, finding.cause) for finding in findings}
    for finding in check.found[name]:
        stays = finding.what != "vm" or where.get(finding.moid) == host
        if stays and (finding.what, finding.moid, finding.cause) not in known:
            yield finding, check.at
