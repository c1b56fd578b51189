"""What around a VM holds it: stores, networks, CPUs, rules, room, and the cluster's own settings."""

from __future__ import annotations

from collections.abc import Iterator

from dsm_desktop.core.vsphere import DrsLevel, Host
from dsm_desktop.safety.blocker_devices import Case
from dsm_desktop.safety.findings import Cause, Finding, Remedy, Severity, gb
from dsm_desktop.safety.fitting import Fitting
from dsm_desktop.safety.placement import Placement, WhatIf


def reach_findings(case: Case) -> Iterator[Finding]:
    """What no other host could give it, whatever room there is: one finding for each thing in the way."""
    if not case.targets:
        yield _no_target(case)
        return
    local = []
    for cause, left, thing in case.fitting.limits(case.vm):
        if left & case.targets:
            continue
        if cause is Cause.LOCAL_STORAGE:
            local.append(thing)
        else:
            yield _reach(case, cause, thing)
    if local or case.vm.swap_on_host:
        yield _local(case, local)
    yield from _sick_stores(case)


def _no_target(case: Case) -> Finding:
    alone = case.fitting.picture.cluster is None
    tail = (
        "has nowhere to go: the host stands alone"
        if alone
        else "has nowhere to go: no other host can take VMs now"
    )
    return case.found(
        Cause.NO_TARGET, Severity.BLOCK, tail, Remedy.SHUT_DOWN,
        "Shut the guest down in time and power it on again after the work."
        if alone else "Bring another host back first, or shut the guest down.",
        Remedy.WAIT,
    )  # fmt: skip


def _reach(case: Case, cause: Cause, thing: str) -> Finding:
    vm, block = case.vm, Severity.BLOCK
    if cause is Cause.VMOTION:
        own = case.host.vmotion is False
        where = "its host" if own else "any other host"
        return case.found(
            cause, block, f"cannot be moved: no VMkernel adapter for vMotion on {where}", Remedy.BY_HAND,
            "Select a VMkernel adapter for vMotion on the hosts, or shut the guest down.", Remedy.SHUT_DOWN,
        )  # fmt: skip
    if cause is Cause.NETWORK:
        network = next((n for n in case.fitting.picture.networks if f"network '{n.name}'" == thing), None)
        why = (
            "has no uplink, so nothing on it can move"
            if network and network.uplink is False
            else "is on no other usable host"
        )
        return case.found(
            cause, block, f"is connected to {thing}, which {why}", Remedy.BY_HAND,
            "Create the port group on the other hosts, or shut the guest down.", Remedy.SHUT_DOWN,
        )  # fmt: skip
    if cause is Cause.CPU_COMPATIBILITY:
        evc = (
            " EVC is off in this cluster."
            if not (case.fitting.picture.cluster and case.fitting.picture.cluster.evc)
            else ""
        )
        return case.found(
            cause, block, f"uses CPU features ({thing}) that no other usable host offers", Remedy.SHUT_DOWN,
            f"Shut the guest down and start it on another host; it then takes that CPU's features.{evc}", Remedy.BY_HAND,
        )  # fmt: skip
    if cause is Cause.ENCRYPTED:
        return case.found(
            cause, block, "is encrypted, and no other usable host is in the safe state to hold its keys", Remedy.BY_HAND,
            "Check that the key provider answers all hosts; without it this host gets no keys after its restart either.",
        )  # fmt: skip
    if cause is Cause.BIG_VM:
        return case.found(
            cause, block, f"is bigger ({vm.cpus} CPUs, {gb(vm.memory_mb)}) than any other usable host", Remedy.SHUT_DOWN,
            "Shut the guest down for the time of the work; no other host can ever run it.",
        )  # fmt: skip
    rules = [r for r in case.fitting.host_rules.get(vm.moid, ()) if f"rule '{r.name}'" == thing]
    return case.found(
        Cause.MUST_RULE, block, f"must by {thing} run where no other usable host is", Remedy.DISABLE_RULE,
        "Disable the rule in vCenter, if its reason allows (licences!), and enable it yourself afterwards; else shut the guest down.",
        Remedy.SHUT_DOWN, key=rules[0].key if rules else 0,
    )  # fmt: skip


def _local(case: Case, things: list[str]) -> Finding:
    if not things:
        return case.found(
            Cause.LOCAL_STORAGE, Severity.BLOCK, "keeps its swap file on its host's own store", Remedy.SHUT_DOWN,
            "Shut the guest down in time. For good: set its swap file to lie with the VM, which takes effect at the next power-on.",
            Remedy.BY_HAND,
        )  # fmt: skip
    shared = [
        s
        for s in case.fitting.stores.values()
        if s.shared and case.fitting.store_reach(s.moid) & case.targets
    ]
    best = max(shared, key=lambda s: s.free, default=None)
    room = (
        f" Most room: '{best.name}', {best.free / 1024**4:.1f} TB free."
        if best
        else " No shared store is there."
    )
    return case.found(
        Cause.LOCAL_STORAGE, Severity.BLOCK,
        f"lies on {' and '.join(things)}, which no other usable host reaches; DRS never moves storage",
        Remedy.MOVE_STORAGE if best else Remedy.SHUT_DOWN,
        f"Move the VM with its storage to a shared store in vCenter, or shut the guest down.{room}", Remedy.SHUT_DOWN,
    )  # fmt: skip


def _sick_stores(case: Case) -> Iterator[Finding]:
    for moid in case.vm.datastores:
        store = case.fitting.stores.get(moid)
        if store is None:
            continue
        lost = any(m.host == case.host.moid and not m.accessible for m in store.mounts)
        if store.accessible and store.maintenance == "normal" and not lost:
            continue
        why = (
            "cannot be reached"
            if not store.accessible or lost
            else f"is in maintenance ({store.maintenance})"
        )
        yield Finding(
            Cause.DATASTORE, Severity.BLOCK, "datastore", store.moid, store.name,
            f"Datastore '{store.name}' of VM '{case.vm.name}' on host '{case.host.name}' {why}.", Remedy.BY_HAND,
            "Bring the datastore back first: a VM on it can neither be moved nor be started elsewhere.",
        )  # fmt: skip


# --- rules, companions, room ----------------------------------------------------------------------------------------


def companion_findings(case: Case, outcome: WhatIf) -> Iterator[Finding]:
    """What its rules, its DRS override, its fault-tolerant twin and the room elsewhere say."""
    if not case.targets:
        return
    yield from _rules(case, outcome)
    yield from _override(case)
    if case.vm.fault_tolerance in {"primary", "secondary"}:
        yield _fault_tolerance(case)
    yield from _room(case, outcome)
    cluster = case.fitting.picture.cluster
    for vm, text in cluster.drs_faults if cluster else ():
        if vm == case.vm.moid:
            yield case.found(
                Cause.DRS_FAULT, Severity.WARN, f'was refused by DRS: "{text.strip().rstrip(".")}"', Remedy.BY_HAND,
                "Mend what DRS names, or move the VM by hand.", Remedy.MIGRATE,
            )  # fmt: skip


def _rules(case: Case, outcome: WhatIf) -> Iterator[Finding]:
    fitting, vm = case.fitting, case.vm
    for rule in fitting.host_rules.get(vm.moid, ()):
        if not rule.mandatory and not fitting.rule_mask(rule) & case.targets:
            yield case.found(
                Cause.SHOULD_RULE, Severity.INFO, f"should by rule '{rule.name}' run where no other usable host is",
                Remedy.LEAVE_ALONE, "Nothing to do: the rule gives way and DRS moves the VM back later.", key=rule.key,
            )  # fmt: skip
    stuck = (outcome.squeezed or outcome.placement).causes.get(vm.moid) is Cause.ANTI_AFFINITY
    for index in fitting.apart_of.get(vm.moid, ()):
        rule, members = fitting.apart[index]
        elsewhere = fitting.occupied[index] & ~(1 << fitting.number[case.host.moid])
        if rule.key and (stuck or case.targets & ~elsewhere == 0):
            names = ", ".join(fitting.vms[m].name for m in members if m != vm.moid)
            yield case.found(
                Cause.ANTI_AFFINITY, Severity.BLOCK,
                f"must by rule '{rule.name}' be kept apart from {names}, and there are too few hosts for that: "
                f"{len(members)} VMs, {case.targets.bit_count()} usable hosts left",
                Remedy.DISABLE_RULE, "Disable the rule in vCenter, and enable it yourself afterwards. Or shut this VM down.",
                Remedy.SHUT_DOWN, key=rule.key,
            )  # fmt: skip
    for rule, members in fitting.together:
        if vm.moid in members:
            yield _together(case, rule.name, rule.key, members, outcome)


def _together(case: Case, name: str, key: int, members: tuple[str, ...], outcome: WhatIf) -> Finding:
    others = ", ".join(case.fitting.vms[m].name for m in members if m != case.vm.moid)
    failed = {f.vm: f.reason for f in (outcome.squeezed or outcome.placement).failed}
    if case.vm.moid in failed:
        reason = failed[case.vm.moid]
        reason = reason[0].lower() + reason[1:]
        return case.found(
            Cause.KEEP_TOGETHER, Severity.BLOCK,
            f"must by rule '{name}' stay with {others}, and that fails: {reason.rstrip('.')}",
            Remedy.DISABLE_RULE, "Disable the rule in vCenter, and enable it yourself afterwards.", Remedy.SHUT_DOWN, key=key,
        )  # fmt: skip
    return case.found(
        Cause.KEEP_TOGETHER, Severity.WARN, f"moves only together with {others} (rule '{name}')", Remedy.MIGRATE,
        "Nothing to do: there is a host with room for all of them. A first move alone may be refused for a moment.", key=key,
    )  # fmt: skip


def _override(case: Case) -> Iterator[Finding]:
    cluster = case.fitting.picture.cluster
    if cluster is None or not cluster.drs.overrides_allowed:
        return
    own = next((o for o in cluster.drs.overrides if o.vm == case.vm.moid), None)
    if own is None or (own.enabled and own.level in {None, DrsLevel.FULL}):
        return
    how = "off" if not own.enabled else f"'{own.level}'"
    yield case.found(
        Cause.VM_OVERRIDE, Severity.BLOCK, f"has DRS set to {how} for itself: nobody moves it", Remedy.MIGRATE,
        "Move it by its own migration (allowed), or shut the guest down.", Remedy.SHUT_DOWN,
    )  # fmt: skip


_SUSPEND = (
    "A rolling update suspends its Fault Tolerance and resumes it at the end; before work on this host alone, suspend it in vCenter,"
    " and resume it yourself when all hosts have one build."
)


def _fault_tolerance(case: Case) -> Finding:
    hosts = case.targets.bit_count()
    versions = {h.build for n, h in enumerate(case.fitting.hosts) if case.targets >> n & 1 and h.build} | {
        case.host.build
    }
    if hosts >= 2 and len(versions - {""}) < 2:
        return case.found(
            Cause.FAULT_TOLERANCE, Severity.WARN,
            f"is the {case.vm.fault_tolerance} of a fault-tolerant pair: it needs hosts of one build, and the update "
            "makes two",
            Remedy.SUSPEND_FAULT_TOLERANCE, _SUSPEND,
            Remedy.MIGRATE,
        )  # fmt: skip
    why = (
        "only one other usable host is left"
        if hosts < 2
        else f"the hosts have different builds ({', '.join(sorted(versions - {''}))})"
    )
    return case.found(
        Cause.FAULT_TOLERANCE, Severity.BLOCK,
        f"is the {case.vm.fault_tolerance} of a fault-tolerant pair whose VMs may not share a host, and {why}",
        Remedy.SUSPEND_FAULT_TOLERANCE, _SUSPEND,
    )  # fmt: skip


def _room(case: Case, outcome: WhatIf) -> Iterator[Finding]:
    """Only what the placement failed by for want of room; other reasons have findings of their own."""
    vm = case.vm.moid
    hard, soft = outcome.squeezed, outcome.placement
    if hard is not None and vm in hard.causes and _only_together(case):
        yield case.found(
            hard.causes[vm], Severity.BLOCK, f"finds no host that has all it needs at once: {_reason(hard, vm)}",
            Remedy.BY_HAND, "Give one host all of it (stores, networks, CPU features, rules), or shut the guest down.",
            Remedy.SHUT_DOWN,
        )  # fmt: skip
    elif hard is not None and hard.causes.get(vm) in {Cause.RESERVATION, Cause.NO_ROOM}:
        yield case.found(
            Cause.RESERVATION, Severity.BLOCK, f"finds no host for its reservations: {_reason(hard, vm)}",
            Remedy.FEWER_HOSTS, "Take fewer hosts out at a time, lower the reservation, or shut the guest down.",
            Remedy.SHUT_DOWN, Remedy.BY_HAND,
        )  # fmt: skip
    elif soft.causes.get(vm) in {Cause.RESERVATION, Cause.NO_ROOM}:
        yield case.found(
            Cause.NO_ROOM, Severity.WARN, f"would go only under pressure of memory or CPU: {_reason(soft, vm)}",
            Remedy.SHUT_DOWN, "Free room first (shut down what is not needed), or take fewer hosts out at a time.",
            Remedy.FEWER_HOSTS,
        )  # fmt: skip


def _only_together(case: Case) -> bool:
    """Each need alone is met by some host, all of them by none."""
    single = all(left & case.targets for _, left, _ in case.fitting.limits(case.vm))
    return single and not case.fitting.allowed(case.vm) & case.targets


def _reason(placement: Placement, vm: str) -> str:
    reason = next(f.reason for f in placement.failed if f.vm == vm)
    return (reason[0].lower() + reason[1:]).rstrip(".")


# --- the cluster's own settings -------------------------------------------------------------------------------------


def cluster_findings(fitting: Fitting, host: Host, targets: int) -> Iterator[Finding]:
    """What the cluster's settings mean for emptying this host."""
    cluster = fitting.picture.cluster
    if cluster is None:
        return
    drs, moving = cluster.drs, fitting.moving[host.moid]
    if moving and targets and not (drs.enabled and drs.level is DrsLevel.FULL):
        state = "off" if not drs.enabled else drs.level.words
        what = f"{len(moving)} VM" + ("s" if len(moving) > 1 else "")
        yield Finding(
            Cause.DRS_NOT_AUTOMATED, Severity.BLOCK, "cluster", cluster.moid, cluster.name,
            f"DRS of cluster '{cluster.name}' is {state}: maintenance mode of host '{host.name}' waits for ever until "
            f"somebody moves its {what}.",
            Remedy.MIGRATE, "Let this program move them one by one" + (
                ", or set DRS to fully automated for the work (it is put back)." if drs.enabled else "."
            ),
            (Remedy.SET_DRS_AUTOMATED,) if drs.enabled else (Remedy.BY_HAND,),
        )  # fmt: skip
    switched = [name for name, on in (("DPM", drs.dpm), ("Proactive HA", drs.proactive_ha)) if on]
    if switched:
        yield Finding(
            Cause.POWER_MANAGEMENT, Severity.WARN, "cluster", cluster.moid, cluster.name,
            f"{' and '.join(switched)} of cluster '{cluster.name}' may put host '{host.name}' or another one into standby or "
            "quarantine in the middle of the work.",
            Remedy.SUSPEND_POWER_MANAGEMENT, "Switch it off for the run; it is put back afterwards.",
        )  # fmt: skip
