"""What a judge is told beside the picture, and what it answers: a light for each gate, with every number it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dsm_desktop.safety.capacity import Light, Number, worst
from dsm_desktop.safety.domains import Domains


@dataclass(frozen=True, slots=True)
class Demand:
    """What the work asks of the cluster.

    `memory_peak_mb`, `cpu_peak_mhz`: highest use of the whole cluster in the last 24 hours (the night's roll ends in the
    morning's load); None = not asked. `n_plus_one`: a spare host while one is out is required, not wished for. `allow_out`: so
    many other hosts may be out already. `need_ssh`: the work signs in to ESXi by SSH. `target_version`, e.g. "8.0.3", for ESXi
    updates. `known_alarms`: keys of red alarms that were there before and are accepted. `own_hosts`: hosts whose tasks are this
    work's own. `bmc_jobs`: host → jobs waiting in its iDRAC, in words, None where it did not say. `evacuate_all_data`: vSAN moves all data off the host. `leave`: VMs that will be shut down and need no place.
    `domains`: where the hosts stand and hang."""

    memory_peak_mb: int | None = None
    cpu_peak_mhz: int | None = None
    n_plus_one: bool = False
    allow_out: int = 0
    need_ssh: bool = False
    target_version: str = ""
    known_alarms: frozenset[str] = frozenset()
    own_hosts: frozenset[str] = frozenset()
    bmc_jobs: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    evacuate_all_data: bool = False
    leave: frozenset[str] = frozenset()
    domains: Domains = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gate:
    """One question. `name` is its stable word, `text` the answer in a sentence that names what is wrong and how it was counted."""

    name: str
    colour: Light
    text: str
    numbers: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """All gates; the worst counts. `out` = the hosts (or servers) taken out."""

    gates: tuple[Gate, ...]
    out: frozenset[str] = frozenset()

    @property
    def colour(self) -> Light:
        """GREEN go, AMBER a person decides, RED do not start and do not take the next host."""
        return worst(gate.colour for gate in self.gates)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Sentences of the gates that are not green, red first."""
        order = sorted(self.gates, key=lambda g: -list(Light).index(g.colour))
        return tuple(g.text for g in order if g.colour is not Light.GREEN)

    def gate(self, name: str) -> Gate:
        """One gate by name. Raises KeyError."""
        for gate in self.gates:
            if gate.name == name:
                return gate
        raise KeyError(name)
