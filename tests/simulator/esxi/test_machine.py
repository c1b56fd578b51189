"""The state of a simulated ESXi host, without any channel."""

from __future__ import annotations

import dataclasses
import errno
import threading

import pytest

from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.errors import UnknownFault
from dsm_desktop.simulator.esxi import (
    Datastore,
    Esxi,
    EsxiAway,
    EsxiRefused,
    EsxiSpec,
    Pace,
    Vib,
    vmware_image,
)
from dsm_desktop.simulator.esxi.accounts import Login

PACE = Pace(stop=40, post=240, boot=150)
WHOLE = PACE.stop + PACE.post + PACE.boot


@pytest.fixture
def clock() -> SimClock:
    return SimClock(0.0, 1_780_000_000.0)


@pytest.fixture
def host(clock: SimClock) -> Esxi:
    return Esxi(EsxiSpec("esx01.lab.example", pace=PACE), clock)


def phase(host: Esxi) -> str:
    """Where it stands now; a call, because it changes by itself."""
    return host.phase


def test_a_reboot_leaves_the_network_and_comes_back_with_a_new_boot_time(host: Esxi, clock: SimClock) -> None:
    heard: list[str] = []
    host.on_reboot.append(heard.append)
    before = host.boot_time
    host.enter_maintenance()
    host.reboot(user="root")
    assert phase(host) == "stopping"
    clock.advance(PACE.stop)
    assert (phase(host), host.running, host.uptime) == ("post", False, 0.0)
    with pytest.raises(EsxiAway):
        host.exit_maintenance()
    clock.advance(PACE.post + PACE.boot)
    assert phase(host) == "running"
    assert host.boot_time - before == pytest.approx(40 * 86400 + PACE.stop + PACE.post)
    assert host.in_maintenance, "maintenance mode outlives a restart"
    assert heard == ["down", "up"]
    assert host.journal.effects() == {"maintenance:enter": 1, "reboot": 1}


def test_a_jump_over_the_whole_restart_ends_in_the_same_place(host: Esxi, clock: SimClock) -> None:
    host.reboot(force=True)
    clock.advance(10 * WHOLE)
    assert (phase(host), host.boots) == ("running", 1)
    assert host.uptime == pytest.approx(10 * WHOLE - PACE.stop - PACE.post)


def test_no_reboot_outside_maintenance_mode_and_none_twice(host: Esxi) -> None:
    with pytest.raises(EsxiRefused, match="not in maintenance"):
        host.reboot()
    host.enter_maintenance()
    host.reboot()
    with pytest.raises(EsxiRefused, match="going down"):
        host.reboot()
    assert host.journal.effects()["reboot"] == 1


def test_ssh_is_off_after_a_restart_unless_its_policy_says_on(host: Esxi, clock: SimClock) -> None:
    host.start_service("TSM-SSH")
    assert host.listens()
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert not host.listens()
    host.set_policy("TSM-SSH", "on")
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert host.listens()


def test_ssh_stops_by_itself_after_the_shell_timeout(host: Esxi, clock: SimClock) -> None:
    host.set_setting("/UserVars/ESXiShellTimeOut", 300)
    host.start_service("TSM-SSH")
    clock.advance(299)
    assert host.listens()
    clock.advance(2)
    assert not host.listens()
    assert host.journal.effects()["service:timeout:TSM-SSH"] == 1


def test_a_staged_image_runs_after_the_restart_or_falls_back(host: Esxi, clock: SimClock) -> None:
    new = vmware_image("8.0.3", "24674464", letter="e")
    with host.agenda.hold():
        host.banks.stage(new)
    assert host.reboot_required
    host.faults.set("boot_falls_back", times=1)
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert (host.image.build, host.banks.fell_back, host.reboot_required) == ("24022510", True, False)
    with host.agenda.hold():
        host.banks.stage(new)
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert (host.image.build, host.image.patch, host.banks.number) == ("24674464", "70", 2)


def test_five_wrong_passwords_lock_the_account_for_fifteen_minutes(host: Esxi, clock: SimClock) -> None:
    good = host.spec.password
    assert [host.sign_in("root", "no") for _ in range(5)] == [Login.WRONG] * 5
    assert host.sign_in("root", good) is Login.LOCKED
    clock.advance(901)
    assert host.sign_in("root", good) is Login.OK


def test_lockdown_lets_only_exception_users_in(host: Esxi) -> None:
    host.accounts.add("svc", "pw-of-svc")
    host.accounts.exceptions.add("svc")
    host.set_lockdown("lockdownNormal")
    assert host.sign_in("root", host.spec.password) is Login.LOCKDOWN
    assert host.sign_in("svc", "pw-of-svc") is Login.OK


def test_power_loss_takes_running_machines_along_and_says_so(host: Esxi, clock: SimClock) -> None:
    told: list[str] = []
    host.on_power.append(told.append)
    host.add_guest("web01")
    with pytest.raises(EsxiRefused, match="Virtual machines run"):
        host.enter_maintenance()
    host.cut_power()
    assert phase(host) == "off"
    assert host.journal.effects() == {"guest_lost:web01": 1}
    host.power_on()
    clock.advance(PACE.post + PACE.boot)
    assert phase(host) == "running"
    assert told == ["off", "on"]


def test_a_host_whose_hardware_is_simulated_elsewhere_waits_for_it(clock: SimClock) -> None:
    host = Esxi(EsxiSpec("esx02", posts_itself=False), clock)
    host.reboot(force=True)
    clock.advance(100_000)
    assert phase(host) == "post"
    host.posted()
    clock.advance(host.spec.pace.boot)
    assert phase(host) == "running"


def test_a_broken_seal_asks_for_the_recovery_key(host: Esxi, clock: SimClock) -> None:
    host.seal_broken = True
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert phase(host) == "stuck"
    assert "security violation" in host.stuck_at
    assert not host.recover("000000")
    assert host.recover(host.recovery_key)
    clock.advance(PACE.boot)
    assert phase(host) == "running"


def test_quick_boot_starts_the_other_bank_past_the_hardware(clock: SimClock) -> None:
    host = Esxi(EsxiSpec("esx04", posts_itself=False), clock)
    heard: list[str] = []
    host.on_power.append(heard.append)
    host.quick_boot = True
    new = vmware_image("8.0.3", "24674464")
    with host.agenda.hold():
        host.banks.stage(new)
    host.reboot(force=True)
    clock.advance(PACE.stop + PACE.boot + 1)
    assert (phase(host), host.boots, host.image.build) == ("running", 1, "24674464")
    assert heard == [], "the server did not restart"
    assert host.course.loaded
    host.quick_boot = False
    host.reboot(force=True)
    clock.advance(PACE.stop + 1)
    assert (phase(host), heard) == ("post", ["down"])
    host.posted()
    clock.advance(PACE.boot + 1)
    assert not host.course.loaded


def test_secure_boot_refuses_an_unsigned_vib(clock: SimClock) -> None:
    plain = vmware_image("8.0.3", "24022510")
    loose = Vib("net-community", "1.0-1", "COM", "CommunitySupported")
    host = Esxi(EsxiSpec("esx03", image=plain), clock)
    with host.agenda.hold():
        host.banks.stage(dataclasses.replace(plain, vibs=(*plain.vibs, loose)))
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert phase(host) == "stuck"
    assert "net-community" in host.stuck_at


def test_a_second_boot_and_a_lost_maintenance_flag(host: Esxi, clock: SimClock) -> None:
    host.enter_maintenance()
    host.faults.set("second_boot", times=1)
    host.faults.set("maintenance_lost", times=1)
    host.reboot()
    clock.advance(WHOLE)
    assert not host.running
    clock.advance(WHOLE)
    assert host.running
    assert not host.in_maintenance


def test_a_reboot_that_is_accepted_and_does_not_happen_and_one_that_takes_long(
    host: Esxi, clock: SimClock
) -> None:
    host.faults.set("reboot_ignored", times=1)
    host.reboot(force=True)
    clock.advance(10 * WHOLE)
    assert (host.boots, phase(host)) == (0, "running")
    host.faults.set("boot_slow", seconds=1000, times=1)
    host.reboot(force=True)
    clock.advance(WHOLE + 900)
    assert phase(host) == "booting"
    clock.advance(101)
    assert phase(host) == "running"


def test_faults_have_names_and_parameters(host: Esxi) -> None:
    with pytest.raises(UnknownFault, match="nonsense"):
        host.faults.set("nonsense")
    with pytest.raises(UnknownFault, match="minutes"):
        host.faults.set("boot_slow", minutes=3)
    host.faults.set("never_returns", skip=1, times=1)
    assert [host.faults.strike("never_returns") is not None for _ in range(3)] == [False, True, False]
    host.faults.set("locking")
    host.faults.clear()
    assert host.faults.active() == []


def test_listeners_hold_no_lock_so_two_locks_cannot_close_on_each_other(host: Esxi, clock: SimClock) -> None:
    theirs = threading.Lock()
    free: list[bool] = []

    def hear(news: str) -> None:
        def other() -> None:
            with theirs, host.agenda.hold():
                free.append(True)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join(60)

    host.on_reboot.append(hear)
    host.reboot(force=True)
    clock.advance(WHOLE)
    assert host.running
    assert free == [True, True]


def test_a_store_is_one_object_for_all_and_says_when_it_is_full(clock: SimClock) -> None:
    store = Datastore("shared", capacity=1000, used=400)
    first, second = Esxi(EsxiSpec("a"), clock), Esxi(EsxiSpec("b", tag="SIM0002"), clock)
    for host in (first, second):
        host.datastores.append(store)
    first.datastores[0].put("depots/x.zip", b"x" * 300, clock.now())
    found = second.datastore("shared")
    assert found is not None
    assert found.free == 300
    with pytest.raises(OSError, match="space") as error:
        store.put("y.zip", b"y" * 301, clock.now())
    assert error.value.errno == errno.ENOSPC
    assert [f.path for f in store.files()] == ["depots/x.zip"]
    assert store.folders() == {"depots"}
    store.remove("depots")
    assert store.free == 600


def test_the_uuid_and_the_key_of_a_host_are_always_the_same_and_its_own(clock: SimClock) -> None:
    again = Esxi(EsxiSpec("esx01.lab.example"), clock)
    other = Esxi(EsxiSpec("esx09.lab.example", tag="SIM0009"), clock)
    assert again.uuid == Esxi(EsxiSpec("esx01.lab.example"), clock).uuid
    assert again.recovery_key != other.recovery_key
    assert "esxi-sim" not in repr(again.spec)
