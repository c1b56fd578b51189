"""One simulated ESXi host: what it is, what it does by itself, and what can be asked of it by any channel.

It knows nothing of SSH or SOAP. The SSH server and the simulated vCenter hold the same object; any thread may call it.
"""

from __future__ import annotations

import dataclasses
import random
import uuid as uuids
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.esxi.accounts import Accounts, Lockdown, Login
from dsm_desktop.simulator.esxi.agenda import Agenda
from dsm_desktop.simulator.esxi.banks import Banks
from dsm_desktop.simulator.esxi.course import GUEST, Course, News, Phase
from dsm_desktop.simulator.esxi.course import SHELL as SHELL_EVENT
from dsm_desktop.simulator.esxi.datastore import Datastore
from dsm_desktop.simulator.esxi.errors import EsxiAway, EsxiRefused, NoSuchThing
from dsm_desktop.simulator.esxi.faults import EsxiFaults
from dsm_desktop.simulator.esxi.image import Image
from dsm_desktop.simulator.esxi.machines import Guest
from dsm_desktop.simulator.esxi.releases import vmware_image
from dsm_desktop.simulator.esxi.services import (
    LOCK_FAILURES,
    SHELL,
    SHELL_TIMEOUT,
    SSH,
    UNLOCK_TIME,
    Policy,
    Service,
    Settings,
    make_services,
)
from dsm_desktop.simulator.esxi.spec import EsxiSpec, VsanState
from dsm_desktop.simulator.esxi.transaction import Transaction
from dsm_desktop.simulator.hardware.build import dell_uuid
from dsm_desktop.simulator.journal import Journal


class Esxi:
    """The host. Every method that changes something takes `user` and `via`, and writes the journal."""

    def __init__(self, spec: EsxiSpec, clock: SimClock) -> None:
        self.spec = spec
        self.clock = clock
        self.agenda = Agenda(clock)
        self.journal = Journal()
        self.faults = EsxiFaults()
        seed = random.Random(f"esxi/{spec.tag}/{spec.name}")
        self.uuid = str(uuids.UUID(int=seed.getrandbits(128)))
        self.hardware_uuid = dell_uuid(spec.tag)
        self.recovery_id = str(uuids.UUID(int=seed.getrandbits(128))).upper()
        self.recovery_key = "-".join(f"{seed.randrange(720896):06d}" for _ in range(16))
        self.banks = Banks(spec.image or vmware_image(spec.version, spec.build))
        self.settings = Settings(f"/vmfs/volumes/{uuids.UUID(int=seed.getrandbits(128))}")
        self.accounts = Accounts(
            spec.password, lambda: (self.settings.number(LOCK_FAILURES), self.settings.number(UNLOCK_TIME))
        )
        self.services = make_services()
        self.datastores: list[Datastore] = []
        self.ramdisk = Datastore(f"ramdisk of {spec.name}", 256 << 20, 0, "visorfs")
        """Temporary files, logs and what else is in memory: empty after a boot."""
        self.guests: dict[int, Guest] = {}
        self.acceptance = "PartnerSupported"
        self.vsan = VsanState()
        self.swap_store = ""
        """The store with the system's swap file."""
        self.log: list[str] = []
        """Lines of /var/log/esxupdate.log."""
        self.host_key_number = 0
        self.seal_broken = False
        """The TPM no longer opens the configuration: the next boot asks for the recovery key."""
        self.quick_boot = False
        """A restart loads the new kernel from the running one: the server itself does not restart."""
        self.transaction: Transaction | None = None
        self.maintenance = False
        """For those who hold the lock; others ask `in_maintenance`."""
        self.course = Course(self, clock.now())
        self.start_services()

    # -- looking ---------------------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """ "running", "stopping" (still answers), "post", "booting", "off" or "stuck" (`stuck_at` says why)."""
        with self.agenda.hold():
            return self.course.phase

    @property
    def stuck_at(self) -> str:
        """What the screen of a host that does not start says."""
        with self.agenda.hold():
            return self.course.stuck_at

    @property
    def running(self) -> bool:
        """The host answers."""
        with self.agenda.hold():
            return self.course.answers

    @property
    def boots(self) -> int:
        """How often its kernel has started."""
        with self.agenda.hold():
            return self.course.boots

    @property
    def boot_time(self) -> float:
        """When its kernel started, seconds since 1970."""
        with self.agenda.hold():
            return self.course.boot_time

    @property
    def uptime(self) -> float:
        """Seconds since its kernel started; 0 while it is down."""
        with self.agenda.hold() as now:
            return now - self.course.boot_time if self.course.answers else 0.0

    @property
    def on_reboot(self) -> list[Callable[[News], None]]:
        """Listeners, told "down" when the host leaves the network, "up" when it is back, "stuck"; no lock is held then."""
        return self.course.on_reboot

    @property
    def on_power(self) -> list[Callable[[News], None]]:
        """Listeners, told "off", "on", and "down" for a restart of the hardware; no lock is held then."""
        return self.course.on_power

    @property
    def image(self) -> Image:
        """The image it runs."""
        with self.agenda.hold():
            return self.banks.running

    @property
    def in_maintenance(self) -> bool:
        """Maintenance mode, which outlives a restart."""
        with self.agenda.hold():
            return self.maintenance

    @property
    def reboot_required(self) -> bool:
        """A new image waits in the other bank."""
        with self.agenda.hold():
            return self.banks.pending is not None

    def service(self, key: str) -> Service:
        """A copy of a service's state. Raises NoSuchThing."""
        with self.agenda.hold():
            return dataclasses.replace(self._service(key))

    def listens(self) -> bool:
        """SSH takes connections now."""
        with self.agenda.hold():
            return self.course.answers and self.services[SSH].running

    def datastore(self, name: str) -> Datastore | None:
        """A store by its name or uuid."""
        return next((d for d in self.datastores if name in (d.name, d.uuid)), None)

    # -- services, settings, accounts ------------------------------------------------------------------------

    def start_service(self, key: str, *, user: str = "root", via: str = "API") -> None:
        """Start a service. SSH and the shell stop again by themselves when ESXiShellTimeOut is set."""
        with self._alive():
            service = self._service(key)
            self.note(f"service:start:{key}", user, via)
            if key == SSH and self.faults.strike("ssh_start_ignored") is not None:
                return
            service.running = True
            limit = self.settings.number(SHELL_TIMEOUT)
            if limit and key in (SSH, SHELL):
                self.agenda.after(limit, SHELL_EVENT, lambda when: self._shell_stops(key, when))

    def stop_service(self, key: str, *, user: str = "root", via: str = "API") -> None:
        """Stop a service; sessions that are open live on."""
        with self._alive():
            service = self._service(key)
            if service.required:
                raise EsxiRefused(f"The service {key} cannot be stopped.", where=self.spec.name)
            self.note(f"service:stop:{key}", user, via)
            service.running = False

    def set_policy(self, key: str, policy: Policy, *, user: str = "root", via: str = "API") -> None:
        """Say whether a service starts with the host."""
        with self._alive():
            self._service(key).policy = policy
            self.note(f"service:policy:{key}:{policy}", user, via)

    def set_setting(self, path: str, value: int | str, *, user: str = "root", via: str = "API") -> None:
        """Change an advanced setting. Raises NoSuchThing, and EsxiRefused for a value out of range."""
        with self._alive():
            setting = self.settings.find(path)
            if isinstance(setting.default, int) and (
                not isinstance(value, int) or not setting.low <= value <= setting.high
            ):
                raise EsxiRefused(f"{value!r} is no value of {path}.", where=self.spec.name)
            setting.value = value
            self.note(f"setting:{setting.path}", user, via, value=value)

    def set_lockdown(self, mode: Lockdown, *, user: str = "root", via: str = "API") -> None:
        """Change lockdown mode."""
        with self._alive():
            self.accounts.lockdown = mode
            self.note(f"lockdown:{mode}", user, via)

    def sign_in(self, user: str, password: str) -> Login:
        """Try a password."""
        with self.agenda.hold() as now:
            return self.accounts.check(user, password, now)

    def change_password(self, user: str, password: str) -> None:
        """A user gives itself a new password; an expired one is valid again."""
        with self._alive():
            account = self.accounts.users[user]
            account.password, account.expired = password, False
            self.note(f"password:{user}", user, "SSH")

    # -- maintenance -----------------------------------------------------------------------------------------

    def enter_maintenance(self, *, user: str = "root", via: str = "API") -> None:
        """Be in maintenance mode at once. Raises EsxiRefused when it is already, or machines run."""
        with self._alive():
            if self.maintenance:
                raise EsxiRefused("The host is in maintenance mode already.", where=self.spec.name)
            if any(guest.runs for guest in self.guests.values()):
                raise EsxiRefused("Virtual machines run on the host.", where=self.spec.name)
            self.maintenance = True
            self.note("maintenance:enter", user, via)

    def exit_maintenance(self, *, user: str = "root", via: str = "API") -> None:
        """Leave maintenance mode. Raises EsxiRefused when it is not in it."""
        with self._alive():
            if not self.maintenance:
                raise EsxiRefused("The host is not in maintenance mode.", where=self.spec.name)
            self.maintenance = False
            self.note("maintenance:exit", user, via)

    # -- machines --------------------------------------------------------------------------------------------

    def add_guest(self, name: str, store: str = "datastore1", runs: bool = True, tools: bool = True) -> Guest:
        """Register a machine."""
        with self.agenda.hold():
            number = max(self.guests, default=0) + 1
            power = "Powered on" if runs else "Powered off"
            self.guests[number] = Guest(number, name, store, power, tools)
            return self.guests[number]

    def power_guest(self, number: int, power: str, *, user: str = "root", via: str = "API") -> None:
        """Switch a machine: "Powered on", "Powered off". Raises NoSuchThing, EsxiRefused in maintenance mode."""
        with self._alive():
            guest = self.guests.get(number)
            if guest is None:
                raise NoSuchThing(f"There is no machine {number}.", where=self.spec.name)
            if power == "Powered on" and self.maintenance:
                raise EsxiRefused("The host is in maintenance mode.", where=self.spec.name)
            guest.power = power
            self.note(f"guest:{power.lower().replace(' ', '_')}:{guest.name}", user, via)

    def shut_down_guest(self, number: int, seconds: float, *, user: str = "root", via: str = "API") -> None:
        """Ask a guest's tools to shut it down; it is off after so many simulated seconds."""
        with self._alive():
            guest = self.guests[number]
            self.note(f"guest:shut_down:{guest.name}", user, via)
            self.agenda.after(seconds, GUEST, lambda when: setattr(guest, "power", "Powered off"))

    # -- power -----------------------------------------------------------------------------------------------

    def reboot(self, *, force: bool = False, user: str = "root", via: str = "API") -> None:
        """Restart; returns at once. Raises EsxiRefused outside maintenance mode unless forced."""
        with self._alive():
            self.course.may_stop(force)
            self.note("reboot", user, via, force=force)
            if self.faults.strike("reboot_ignored") is None:
                late = self.faults.strike("reboot_late")
                self.course.reboot(late["seconds"] if late else 0.0)

    def shut_down(self, *, force: bool = False, user: str = "root", via: str = "API") -> None:
        """Power off after stopping everything. Raises as `reboot`."""
        with self._alive():
            self.course.may_stop(force)
            self.note("shut_down", user, via, force=force)
            self.course.shut_down()

    def power_on(self) -> None:
        """The power button; nothing happens when it is on."""
        with self.agenda.hold() as now:
            self.course.on(now)

    def cut_power(self) -> None:
        """Lose power at once: what runs is lost, an update in the middle too."""
        with self.agenda.hold() as now:
            if self.course.phase != "off":
                self.course.off(now)

    def reset(self) -> None:
        """A hardware reset: as `cut_power` and `power_on`."""
        with self.agenda.hold() as now:
            self.course.down(now)

    def posted(self) -> None:
        """The hardware has finished its self test and starts the host (for `posts_itself` False)."""
        with self.agenda.hold() as now:
            if self.course.phase == "post":
                self.course.boot(now)

    def recover(self, key: str) -> bool:
        """Give the recovery key at the boot loader of a host that stands there; True when it starts."""
        with self.agenda.hold() as now:
            if self.course.phase != "stuck" or not self.seal_broken or key != self.recovery_key:
                return False
            self.seal_broken = False
            self.course.boot(now)
            return True

    def reinstall(self, image: Image) -> None:
        """As after a fresh installation: other host key, no maintenance mode, default services."""
        with self.agenda.hold():
            self.host_key_number += 1
            self.banks = Banks(image)
            self.services = make_services()
            self.maintenance = False
            self.start_services()

    # -- inside ----------------------------------------------------------------------------------------------

    def note_change(self, effect: str, *, user: str = "root", via: str = "API") -> None:
        """Write something into the journal that changes nothing else. Raises EsxiAway."""
        with self._alive():
            self.note(effect, user, via)

    def note(self, effect: str, user: str, via: str, **facts: Any) -> None:
        """Write the journal: what happened, with build and maintenance mode at that moment."""
        body = {"maintenance": self.maintenance, "build": self.banks.running.build, **facts}
        self.journal.add(self.agenda.now(), via.split(" ", 1)[0], via, body, user, effect)

    def start_services(self) -> None:
        """As at boot: by policy, and those that must run."""
        for service in self.services.values():
            service.running = service.required or service.policy == "on"

    @contextmanager
    def _alive(self) -> Iterator[float]:
        """The lock, on a host that answers. Raises EsxiAway."""
        with self.agenda.hold() as now:
            if not self.course.answers:
                raise EsxiAway("The host does not answer.", where=self.spec.name)
            yield now

    def _service(self, key: str) -> Service:
        service = self.services.get(key)
        if service is None:
            raise NoSuchThing(f"There is no service {key}.", where=self.spec.name)
        return service

    def _shell_stops(self, key: str, when: float) -> None:
        """ESXiShellTimeOut is over: no new sessions, those that are open live on."""
        if self.services[key].running:
            self.services[key].running = False
            self.note(f"service:timeout:{key}", "", "SELF")
