"""What a site will look like: addresses, tags and models, worked out from its description without starting anything."""

from __future__ import annotations

import dataclasses
import ipaddress
import random
from collections.abc import Iterator
from typing import Final, Literal

from dsm_desktop.simulator.errors import BadSite
from dsm_desktop.simulator.hardware import service_tag
from dsm_desktop.simulator.personas import BY_KEY, MIX

Listen = Literal["auto", "each", "any", "ports"]
EACH_LIMIT: Final = 1024
_AILMENTS: Final = ("", "", "drive", "", "", "psu", "", "", "inlet", "", "", "predicted", "")


@dataclasses.dataclass(frozen=True, slots=True)
class SiteSpec:
    """A simulated site. The same spec gives the same site, except for certificates, tokens and sensor drift.

    `port` 0 takes a free one. `clock_speed` 60 lets a minute pass each second. `latency` is added to every answer, in real
    seconds. `generations` are persona keys ("idrac8", "idrac9-6", …), repeated over the iDRACs; None takes a mix.
    `listen`: "each" opens one socket per address, so that other addresses refuse; "any" one socket for all, for thousands;
    "ports" one port per iDRAC on 127.0.0.1, for systems without a whole loopback network; "auto" is "each" up to 1,024.
    `shared_key` shows one certificate everywhere. `healthy` leaves broken parts and switched-off servers out.
    """

    idracs: int = 30
    seed: int = 7
    network: str = "127.77.0.0/16"
    port: int = 8443
    clock_speed: float = 1.0
    latency: float = 0.0
    generations: tuple[str, ...] | list[str] | None = None
    username: str = "root"
    password: str = dataclasses.field(default="calvin-sim-7Q", repr=False)
    shared_key: bool = False
    listen: Listen = "auto"
    host_check: bool = False
    healthy: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """One planned iDRAC. `port` 0 means the site's port, not known before it starts."""

    index: int
    address: str
    port: int
    tag: str
    model: str
    generation: str
    firmware: str
    seed: int
    ailment: str
    powered: bool
    offset: str
    username: str
    password: str = dataclasses.field(repr=False)


def make_plan(spec: SiteSpec) -> list[Plot]:
    """All iDRACs of a site. Raises BadSite when the description cannot be met."""
    keys = tuple(spec.generations or MIX)
    unknown = [key for key in keys if key not in BY_KEY]
    if unknown:
        raise BadSite(f"There is no generation {unknown[0]!r}.", hint="Known: " + ", ".join(BY_KEY) + ".")
    if spec.idracs < 1:
        raise BadSite("A site needs at least one iDRAC.")
    rng = random.Random(f"site/{spec.seed}")
    addresses = _addresses(spec)
    tags: set[str] = set()
    plots = []
    for index in range(spec.idracs):
        persona = BY_KEY[keys[index % len(keys)]]
        tag = service_tag(rng)
        while tag in tags:
            tag = service_tag(rng)
        tags.add(tag)
        model, firmware = rng.choice(persona.models), rng.choice(persona.firmwares)
        ailment, dark = _AILMENTS[index % len(_AILMENTS)], index % 12 == 9
        offset = rng.choice(("-06:00", "-06:00", "+00:00"))
        plots.append(
            Plot(
                index,
                next(addresses),
                spec.port,
                tag,
                model,
                persona.key,
                firmware,
                spec.seed,
                "" if spec.healthy else ailment,
                spec.healthy or not dark,
                offset,
                spec.username,
                spec.password,
            )
        )
    return plots


def _addresses(spec: SiteSpec) -> Iterator[str]:
    """Host addresses, leaving out .0 and .255 of every /24 as a careful network planner would."""
    if spec.listen == "ports":
        for _ in range(spec.idracs):
            yield "127.0.0.1"
        return
    try:
        network = ipaddress.ip_network(spec.network)
    except ValueError as error:
        raise BadSite(f"{spec.network!r} is not a network.", hint="Write it like 127.77.0.0/16.") from error
    if not network.is_loopback or network.version != 4:
        raise BadSite(f"{spec.network} is not a loopback network.", hint="Use a part of 127.0.0.0/8.")
    for host in network:
        if int(host) & 0xFF not in (0, 255):
            yield str(host)
    raise BadSite(
        f"{spec.network} is too small for {spec.idracs} iDRACs.",
        hint="Use a larger network, such as 127.77.0.0/16.",
    )
