"""The handle a test or the control interface holds on one simulated iDRAC; safe to use from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from dsm_desktop.simulator.device import Device
from dsm_desktop.simulator.faults import FaultSet
from dsm_desktop.simulator.firmwarehandle import FirmwareHandle, Run
from dsm_desktop.simulator.journal import Change
from dsm_desktop.simulator.plan import Plot

T = TypeVar("T")


class OperatingSystem(Protocol):
    """What runs on the server of an iDRAC and follows its power."""

    def lost_power(self) -> None:
        """The server is switched off."""

    def was_reset(self) -> None:
        """The server restarts."""

    def powered_on(self) -> None:
        """The server starts its self test."""

    def self_test_over(self) -> None:
        """The server looks for something to start from."""


class SimulatedIdrac(FirmwareHandle):
    """One iDRAC of a running site."""

    def __init__(self, device: Device, port: int, renew: Callable[[], None], run: Run) -> None:
        super().__init__(device, run)
        self._renew = renew
        self.port = port

    def __repr__(self) -> str:
        return f"<SimulatedIdrac {self.service_tag} {self.generation} {self.address}:{self.port}>"

    # -- identity --------------------------------------------------------------------------------------------

    @property
    def plot(self) -> Plot:
        """What was planned for it."""
        return self._device.plot

    @property
    def address(self) -> str:
        """IP address it answers on."""
        return self._device.plot.address

    @property
    def url(self) -> str:
        """Base URL, 'https://127.77.0.1:8443'."""
        return f"https://{self.address}:{self.port}"

    @property
    def service_tag(self) -> str:
        """Seven characters."""
        return self._device.plot.tag

    @property
    def model(self) -> str:
        """'PowerEdge R750'."""
        return f"PowerEdge {self._device.plot.model}"

    @property
    def generation(self) -> str:
        """Persona key: idrac7, idrac8, idrac9-4 … idrac9-7, idrac10."""
        return self._device.plot.generation

    @property
    def firmware(self) -> str:
        """iDRAC firmware version."""
        return str(self._run(lambda: self._device.version))

    @property
    def ailment(self) -> str:
        """What is broken: "", drive, predicted, psu or inlet."""
        return self._device.plot.ailment

    @property
    def username(self) -> str:
        """Administrator account."""
        return self._device.plot.username

    @property
    def password(self) -> str:
        """Its password at the start."""
        return self._device.plot.password

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate shown now, lower-case hex."""
        return str(self._run(lambda: self._device.identity.fingerprint))

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def power_state(self) -> str:
        """On, Off, PoweringOn or PoweringOff."""
        return self._settled(lambda d: d.power.state)

    @property
    def boots(self) -> int:
        """How often the host has been started or restarted since the site started."""
        return self._settled(lambda d: d.power.boots)

    @property
    def identify(self) -> bool:
        """The identify light blinks."""
        return self._settled(lambda d: d.identify)

    @property
    def booted_from(self) -> str:
        """What the host started from last: "Hdd", "Pxe", "Cd http://…/x.iso", …"""
        return self._settled(lambda d: d.host.started_from)

    @property
    def boot_bytes(self) -> int:
        """Bytes the host has read from images at its boots."""
        return self._settled(lambda d: d.host.read_bytes)

    @property
    def media(self) -> dict[str, str | None]:
        """Image in each virtual drive ("1" is also CD, "2" RemovableDisk)."""
        return self._settled(lambda d: {n: v.image for n, v in d.vmedia.drives.items()})

    @property
    def blinking(self) -> list[str]:
        """Disks whose light blinks."""
        return self._settled(lambda d: sorted(d.raid.blinking))

    @property
    def erased(self) -> list[str]:
        """Disks that were erased."""
        return self._settled(lambda d: list(d.raid.erased))

    @property
    def journal(self) -> list[Change]:
        """Changes, oldest first."""
        return self._settled(lambda d: d.journal.changes())

    @property
    def effects(self) -> dict[str, int]:
        """How often each effect happened."""
        return self._settled(lambda d: d.journal.effects())

    @property
    def counters(self) -> dict[str, int]:
        """Numbers of requests, handshakes, sign-ins and sessions."""
        return self._settled(lambda d: d.counters.as_dict())

    @property
    def open_sessions(self) -> int:
        """Sessions open now."""
        return self._settled(lambda d: len(d.access.sessions(d.now())))

    @property
    def log_sizes(self) -> dict[str, int]:
        """Number of entries by log."""
        return self._settled(lambda d: {"Sel": len(d.logs.sel.entries), "Lclog": len(d.logs.lclog.entries)})

    def accepts(self, name: str, password: str) -> bool:
        """Whether these credentials open an account; asked behind the back of every counter."""
        return self._settled(lambda d: d.access.verify(name, password) is not None)

    @property
    def struck(self) -> int:
        """How many requests a fault has hit."""
        return self._settled(lambda d: d.faults.struck)

    # -- steering --------------------------------------------------------------------------------------------

    def set_fault(self, name: str, **values: Any) -> None:
        """Switch a fault on; see `faults.KINDS`. Raises UnknownFault."""
        self._on_faults(lambda faults: faults.set(name, values))

    def clear_fault(self, name: str) -> None:
        """Switch one fault off."""
        self._on_faults(lambda faults: faults.clear(name))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._on_faults(lambda faults: faults.clear())

    def _on_faults(self, change: Callable[[FaultSet], None]) -> None:
        """Documents that were kept are void: a fault may change what they say."""

        def run() -> None:
            change(self._device.faults)
            self._device.revision += 1

        self._run(run)

    @property
    def faults(self) -> list[str]:
        """Names of the faults switched on."""
        return self._settled(lambda d: d.faults.names())

    def new_certificate(self) -> str:
        """Show a new certificate from the next connection on; returns its fingerprint."""

        def renew() -> str:
            self._renew()
            self._device.drop_connections()
            return self._device.identity.fingerprint

        return str(self._run(renew))

    def set_lockdown(self, on: bool = True) -> None:
        """Switch system lockdown mode on or off: writes are refused with SYS406, power and reading go on."""

        def put() -> None:
            self._device.lockdown = on
            self._device.revision += 1

        self._run(put)

    def set_os_obeys(self, obeys: bool = True) -> None:
        """Whether the operating system reacts to a graceful shutdown."""
        self._run(lambda: setattr(self._device.power, "os_obeys", obeys))

    def forget_jobs(self) -> None:
        """Empty the queue behind everybody's back."""

        def forget() -> None:
            for job in self._device.jobs.all():
                self._device.jobs.vanish(job)

        self._run(forget)

    def add_user(self, name: str, password: str, role: str = "ReadOnly") -> None:
        """Make an account with the role Administrator, Operator or ReadOnly."""

        def add() -> None:
            self._device.access.add_user(name, password, role)
            self._device.revision += 1

        self._run(add)

    def set_password(self, password: str) -> None:
        """Change the administrator's password behind everybody's back; its sessions end."""

        def change() -> None:
            account = self._device.access.accounts[1]
            account.set_password(password)
            self._device.access.close_all(account)

        self._run(change)

    def set_ip_blocking(self, on: bool) -> None:
        """Switch the blocking of addresses after wrong passwords (attribute IPBlocking.1.BlockEnable)."""
        self._run(lambda: setattr(self._device.access, "blocking", on))

    def require_password_change(self, required: bool = True) -> None:
        """Refuse everything but a change of the password, as with the factory password."""

        def require() -> None:
            self._device.access.accounts[1].must_change = required
            self._device.revision += 1

        self._run(require)

    def drop_sessions(self) -> None:
        """Forget all sessions, as after a restart of the web server."""
        self._run(self._device.access.close_all)

    def drop_connections(self) -> None:
        """Reset all connections."""
        self._run(self._device.drop_connections)

    def set_power(self, state: str) -> None:
        """Put the host's power to On or Off at once, as if somebody pressed the button."""

        def put() -> None:
            self._device.power.state = state
            self._device.revision += 1

        self._run(put)

    def run_system(self, system: OperatingSystem) -> None:
        """Let a simulated operating system run on the server: it is told of power and restarts, in the site's thread."""

        def attend() -> None:
            power = self._device.power
            power.on_down.append(lambda when: system.was_reset() if power.is_on else system.lost_power())
            power.on_boot.append(lambda when: system.powered_on())
            power.on_posted.append(lambda when: system.self_test_over())

        self._run(attend)

    def restart_by_system(self) -> None:
        """The operating system has stopped and restarts the server."""
        self._run(lambda: self._device.power.restart_by_system(self._device.now()))

    def halt_by_system(self) -> None:
        """The operating system has stopped and switches the server off."""
        self._run(lambda: self._device.power.halt_by_system(self._device.now()))

    def press_power(self) -> None:
        """Press the power button of a server that is off."""
        self._run(lambda: self._device.power.apply("On", self._device.now()))

    def make_foreign(self, drive: str) -> None:
        """Let a free disk carry a configuration of another controller, as after it was moved here."""

        def change() -> None:
            self._device.raid.drive(drive)[1].raid_status = "Foreign"
            self._device.revision += 1

        self._run(change)

    def hold_media(self, drive: str, image: str, user: str | None = None) -> None:
        """Let somebody's console hold a drive (CD, RemovableDisk, 1 or 2): ConnectedVia Applet."""

        def hold() -> None:
            self._device.vmedia.hold(drive, image, user)
            self._device.revision += 1

        self._run(hold)

    def release_media(self, drive: str) -> None:
        """Let that console go."""

        def release() -> None:
            self._device.vmedia.release(drive)
            self._device.revision += 1

        self._run(release)

    def log(self, code: str, *args: str) -> None:
        """Write a lifecycle entry with a known message key, such as "PSU0003"."""

        def write() -> None:
            self._device.logs.lc(self._device.now(), code, *args)
            self._device.revision += 1

        self._run(write)

    def reset_idrac(self) -> None:
        """Let the iDRAC restart by itself."""
        self._run(lambda: self._device.reset_idrac("watchdog"))

    def clear_journal(self) -> None:
        """Forget journal and counters, except what is open now."""

        def clear() -> None:
            self._device.journal.clear()
            counters = self._device.counters
            for name in counters.as_dict():
                if name not in ("in_flight", "sessions_open"):
                    setattr(counters, name, 0)
            counters.sessions_peak = counters.sessions_open

        self._run(clear)

    def as_dict(self) -> dict[str, Any]:
        """Identity and state as JSON, without the password."""
        return {
            "index": self.plot.index,
            "address": self.address,
            "port": self.port,
            "service_tag": self.service_tag,
            "model": self.model,
            "generation": self.generation,
            "firmware": self.firmware,
            "ailment": self.ailment,
            "username": self.username,
            "power_state": self.power_state,
            "open_sessions": self.open_sessions,
            "faults": self.faults,
        }
