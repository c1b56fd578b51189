"""A foreign client of the field reads the simulated site as it reads real devices."""

from __future__ import annotations

import pytest
import sushy

from dsm_desktop.simulator import Site

pytestmark = pytest.mark.filterwarnings("ignore:Unverified HTTPS request")


def test_sushy_reads_powers_and_signs_out_on_each_generation(site: Site) -> None:
    for idrac in site.idracs:
        auth = sushy.auth.SessionAuth(idrac.username, idrac.password)
        root = sushy.Sushy(f"{idrac.url}/redfish/v1", auth=auth, verify=False)
        try:
            system = root.get_system()
            assert system.sku == idrac.service_tag
            assert system.power_state == sushy.POWER_STATE_ON
            assert len(system.processors.get_members()) >= 1
            assert len(system.ethernet_interfaces.get_members()) >= 2
            assert root.get_manager().firmware_version == idrac.firmware
            system.reset_system(sushy.RESET_FORCE_OFF)
            assert idrac.effects == {"ComputerSystem.Reset:ForceOff": 1}
        finally:
            auth.close()
        assert idrac.open_sessions == 0
