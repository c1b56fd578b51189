"""A host on the server of a simulated iDRAC: what one side does, the other shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec
from dsm_desktop.simulator.errors import BadSite
from dsm_desktop.simulator.esxi import Esxi, EsxiSpec, Pace, Pairing
from dsm_desktop.simulator.hardware.build import dell_uuid
from tests.simulator.client import RESET, Client
from tests.simulator.esxi.conftest import until


class Paired:
    def __init__(self, site: Site, host: Esxi) -> None:
        self.site = site
        self.idrac: SimulatedIdrac = site.idracs[0]
        self.host = host

    def pass_until(self, phase: str) -> None:
        """Let time pass in small steps until the host stands somewhere."""

        def there() -> bool:
            self.site.set_clock(advance=2.0)
            return self.host.phase == phase

        until(there, phase)

    def reset(self, kind: str) -> None:
        with Client(self.idrac) as client:
            answer = client.post(RESET, {"ResetType": kind})
        assert answer.status in (200, 202, 204), answer.raw


@pytest.fixture
def paired() -> Iterator[Paired]:
    spec = SiteSpec(
        idracs=1, port=0, generations=["idrac9-6"], shared_key=True, healthy=True, clock_speed=0.001
    )
    with Site(spec) as site, Pairing() as pairing:
        idrac = site.idracs[0]
        described = EsxiSpec(
            "esx01", tag=idrac.service_tag, model=idrac.model, posts_itself=False, pace=Pace(boot=60)
        )
        host = Esxi(described, site.clock)
        pairing.join(host, idrac)
        yield Paired(site, host)


def test_a_restart_of_the_host_is_a_boot_of_its_server(paired: Paired) -> None:
    boots = paired.idrac.boots
    paired.host.enter_maintenance()
    paired.host.reboot()
    paired.pass_until("post")
    until(lambda: paired.idrac.boots == boots + 1, "the server's boot")
    paired.pass_until("running")
    assert paired.idrac.boots == boots + 1
    assert paired.host.boots == 1


def test_a_restart_from_the_idrac_takes_the_host_down_and_up(paired: Paired) -> None:
    paired.host.add_guest("web01")
    paired.reset("ForceRestart")
    assert paired.host.phase == "post"
    assert paired.host.journal.effects() == {"guest_lost:web01": 1}
    paired.pass_until("running")
    assert (paired.host.boots, paired.idrac.power_state) == (1, "On")


def test_off_and_on_again(paired: Paired) -> None:
    paired.reset("ForceOff")
    assert paired.host.phase == "off"
    paired.site.set_clock(advance=60)
    paired.reset("On")
    paired.pass_until("running")
    assert paired.host.boots == 1


def test_a_host_that_shuts_down_switches_its_server_off_and_wakes_with_it(paired: Paired) -> None:
    paired.host.shut_down(force=True)
    paired.pass_until("off")
    until(lambda: paired.idrac.power_state == "Off", "the server to be off")
    paired.host.power_on()
    paired.pass_until("running")
    assert paired.idrac.power_state == "On"


def test_a_host_has_the_uuid_of_its_server_and_must_wait_for_it(paired: Paired) -> None:
    assert paired.host.hardware_uuid == dell_uuid(paired.idrac.service_tag)
    with pytest.raises(BadSite, match="its own self test"):
        Pairing().join(Esxi(EsxiSpec("esx02"), paired.site.clock), paired.idrac)
