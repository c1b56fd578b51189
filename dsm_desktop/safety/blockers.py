"""Everything that stops a host from being emptied, at any time, for one host or a whole cluster.

What is looked at follows vSphere's documented migration faults; it holds without DRS too. vCenter's own dry run of
maintenance mode is the better word where DRS is on: this text says *why*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dsm_desktop.core.vsphere import Host, Vm, VmPower
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.blocker_cluster import cluster_findings, companion_findings, reach_findings
from dsm_desktop.safety.blocker_devices import (
    Case,
    device_findings,
    not_accessible,
    not_looked_at,
    question,
    state_findings,
)
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity, safe_fix, sorted_findings
from dsm_desktop.safety.fitting import Fitting, is_agent
from dsm_desktop.safety.placement import WhatIf, what_if_of

Refusals = Sequence[tuple[str, str]]

__all__ = ["blockers", "cluster_blockers", "safe_fix"]


def blockers(picture: ClusterPicture, host_moid: str, dry_run: Refusals | None = None) -> tuple[Finding, ...]:
    """What stops this host from being emptied, worst first. `dry_run`: what vCenter's own dry run of maintenance mode refused for
    this host, (VM moid or "", text) each; None = not asked. Its word blocks; beside a cause found here that blocks the VM it is
    a warning, for that cause has the better way out. Raises KeyError for a host that is not in the picture."""
    fitting = Fitting(picture)
    return _host(fitting, fitting.hosts[fitting.number[host_moid]], dry_run)


def _refused(fitting: Fitting, host: Host, moid: str, text: str, known: bool) -> Finding:
    vm = fitting.vms.get(moid)
    said = text.strip().rstrip(".")
    who = f"VM '{vm.name}' on host '{host.name}'" if vm else f"Host '{host.name}'"
    return Finding(
        Cause.DRS_FAULT, Severity.WARN if known else Severity.BLOCK, "vm" if vm else "host", vm.moid if vm else host.moid, vm.name if vm else host.name,
        f'{who} was refused by vCenter\'s own dry run: "{said}".', Remedy.BY_HAND, "Mend what vCenter names, then ask again.",
        (Remedy.MIGRATE, Remedy.SHUT_DOWN) if vm and not essential(fitting.picture, vm) else (Remedy.MIGRATE,),
    )  # fmt: skip


def cluster_blockers(
    picture: ClusterPicture, dry_runs: Mapping[str, Refusals] | None = None
) -> dict[str, tuple[Finding, ...]]:
    """`blockers` for every host of the picture, by moid; `dry_runs` for those that were asked about."""
    fitting, told = Fitting(picture), dry_runs or {}
    return {host.moid: _host(fitting, host, told.get(host.moid)) for host in fitting.hosts}


def _host(fitting: Fitting, host: Host, dry_run: Refusals | None) -> tuple[Finding, ...]:
    targets = fitting.targets([host.moid])
    outcome = what_if_of(fitting, host)
    found = [*cluster_findings(fitting, host, targets), *not_looked_at(fitting, host)]
    for vm in fitting.on[host.moid]:
        found += _vm(Case(fitting, host, vm, targets), outcome)
    known = {f.moid for f in found if f.severity is Severity.BLOCK and f.what == "vm"}
    found += [_refused(fitting, host, vm, text, vm in known) for vm, text in dry_run or ()]
    return sorted_findings(found)


def _vm(case: Case, outcome: WhatIf) -> Iterator[Finding]:
    """All findings of one VM on the host. VMs that vCenter or nobody moves are told and left."""
    vm = case.vm
    if vm.is_vcls:
        yield _vcls(case)
        return
    for hangs in (not_accessible(case), question(case)):
        if hangs is not None:
            yield hangs
    if is_agent(vm):
        yield case.found(
            Cause.AGENT, Severity.INFO, f"is an agent of its host ({vm.managed_by})", Remedy.LEAVE_ALONE,
            "Leave it: vCenter powers it off last and starts it first.",
        )  # fmt: skip
        return
    if vm.power is not VmPower.ON or vm.template:
        yield from _at_rest(case)
        return
    found = [
        *device_findings(case), *state_findings(case), *reach_findings(case), *companion_findings(case, outcome)
    ]  # fmt: skip
    what = essential(case.fitting.picture, vm)
    if what:
        yield _management(case, what)
        found = [_never_off(finding, what) for finding in found]
    yield from found


def _vcls(case: Case) -> Finding:
    lonely = not case.targets
    local = case.targets and not all(case.fitting.store_reach(d) & case.targets for d in case.vm.datastores)
    if not lonely and not local:
        return case.found(
            Cause.VCLS, Severity.INFO, "belongs to vCenter's cluster services", Remedy.LEAVE_ALONE,
            "Leave it: vCenter moves it itself. Never power it off.",
        )  # fmt: skip
    tail = "and this is the last usable host" if lonely else "and lies on a store that no other host reaches"
    return case.found(
        Cause.VCLS, Severity.WARN, f"belongs to vCenter's cluster services {tail}", Remedy.BY_HAND,
        "Do not power it off. If maintenance mode waits for it, put the cluster into retreat mode in vCenter for the while; "
        "DRS does nothing meanwhile.",
        Remedy.LEAVE_ALONE,
    )  # fmt: skip


def _at_rest(case: Case) -> Iterator[Finding]:
    vm = case.vm
    if vm.suspended_to_memory:
        yield case.found(
            Cause.SUSPENDED_TO_MEMORY, Severity.BLOCK, "is suspended to the host's memory: a real restart loses its state",
            Remedy.RESUME, "Resume it in vCenter; then it moves like any other.", Remedy.BY_HAND,
        )  # fmt: skip
    elif vm.power is VmPower.SUSPENDED:
        yield case.found(
            Cause.SUSPENDED, Severity.INFO, "is suspended: it stays, and may not resume after a change of CPU features",
            Remedy.RESUME, "Resume or move it first if it is needed during the work.", Remedy.LEAVE_ALONE,
        )  # fmt: skip
    elif vm.power is VmPower.UNKNOWN and not vm.template:
        yield case.found(
            Cause.NOT_READ, Severity.WARN, "has a power state that vCenter does not tell", Remedy.REFRESH,
            "Read the cluster again, and look at the VM in vCenter.", Remedy.BY_HAND,
        )  # fmt: skip
    else:
        what = "a template" if vm.template else "powered off"
        yield case.found(
            Cause.POWERED_OFF, Severity.INFO, f"is {what}: it does not block, and cannot be used while the host is away",
            Remedy.LEAVE_ALONE, "Nothing to do, unless it is needed during the work.",
        )  # fmt: skip


# --- VMs the work itself depends on ---------------------------------------------------------------------------------


def essential(picture: ClusterPicture, vm: Vm) -> str:
    """What a VM is to the work: "vCenter itself", "DNS", … ; "" = nothing special. Compared by name and address, without
    regard to case and domain."""
    own = {text.casefold() for text in (vm.name, vm.guest_host, vm.guest_address) if text}
    own |= {text.split(".")[0] for text in own if not text.replace(".", "").isdigit()}
    own -= {"localhost", "localhost.localdomain"}  # What a guest without a name calls itself.
    known = [(address, "vCenter itself") for address in picture.vcenter_addresses] + list(picture.essential)
    for address, what in known:
        text = address.casefold()
        names = {text} if text.replace(".", "").isdigit() or ":" in text else {text, text.split(".")[0]}
        if names & own:
            return what
    return ""


def _management(case: Case, what: str) -> Finding:
    return case.found(
        Cause.MANAGEMENT_VM, Severity.WARN, f"is {what}: the work itself depends on it", Remedy.MIGRATE,
        "Move it first while everything runs, and do its new host last. Never power it off.",
    )  # fmt: skip


def _never_off(finding: Finding, what: str) -> Finding:
    """Nobody may shut down what the work depends on."""
    if Remedy.SHUT_DOWN not in (finding.remedy, *finding.others):
        return finding
    left = tuple(r for r in finding.others if r is not Remedy.SHUT_DOWN)
    if finding.remedy is not Remedy.SHUT_DOWN:
        return replace(finding, others=left)
    return replace(
        finding,
        remedy=Remedy.BY_HAND,
        others=(),
        way_out=f"It is {what} and must not be powered off: leave this host out, or free the VM by hand.",
    )
