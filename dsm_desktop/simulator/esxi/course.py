"""The way of a host from running to down to running again, step by step on the simulated clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from dsm_desktop.simulator.esxi.errors import EsxiRefused
from dsm_desktop.simulator.esxi.image import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsm_desktop.simulator.esxi.machine import Esxi

Phase = Literal["running", "stopping", "post", "booting", "off", "stuck"]
News = Literal["down", "up", "off", "on", "stuck"]
STEP: Final = "course"
UPDATE: Final = "update"
SHELL: Final = "shell"
GUEST: Final = "guest"


class Course:
    """Where a host stands between off and running. Callers hold the host's lock."""

    def __init__(self, host: Esxi, now: float) -> None:
        self._host = host
        self.phase: Phase = "running"
        self.stuck_at = ""
        """Why the host does not start, as its screen would say."""
        self.boots = 0
        self.loaded = False
        """Its last start was a Quick Boot."""
        self.boot_time = now - 40 * 86400.0
        self.on_reboot: list[Callable[[News], None]] = []
        self.on_power: list[Callable[[News], None]] = []

    @property
    def answers(self) -> bool:
        """On the network."""
        return self.phase in ("running", "stopping")

    def may_stop(self, force: bool) -> None:
        """Raises EsxiRefused unless the host may be restarted now."""
        host = self._host
        if self.phase != "running":
            raise EsxiRefused("The host is going down already.", where=host.spec.name)
        if not force and not host.maintenance:
            raise EsxiRefused("The host is not in maintenance mode.", where=host.spec.name)

    def reboot(self, late: float = 0.0) -> None:
        """Stop everything, then start again; `late` seconds it takes longer until the host goes."""
        self.phase = "stopping"
        self._host.agenda.after(self._host.spec.pace.stop + late, STEP, self._go)

    def shut_down(self) -> None:
        """Stop everything, then power off."""
        self.phase = "stopping"
        self._host.agenda.after(self._host.spec.pace.stop, STEP, self.off)

    def off(self, when: float) -> None:
        """Power is gone."""
        self._leave(when)
        self.phase = "off"
        self._tell(self.on_power, "off")

    def on(self, when: float) -> None:
        """The power button."""
        if self.phase == "off":
            self._tell(self.on_power, "on")
            self._post(when)

    def down(self, when: float) -> None:
        """The host leaves the network and its hardware restarts."""
        self._leave(when)
        self._tell(self.on_power, "down")
        self._post(when)

    def _go(self, when: float) -> None:
        """Down with its hardware, or past it where Quick Boot is on."""
        if not self._host.quick_boot:
            self.down(when)
            return
        self._leave(when)
        self.boot(when)
        self.loaded = self.phase == "booting"

    def boot(self, when: float) -> None:
        """The hardware has finished; the loader takes a bank and starts the kernel."""
        host = self._host
        self.loaded = False
        slow = host.faults.strike("boot_slow")
        if host.faults.strike("second_boot") is not None:
            host.agenda.after(host.spec.pace.boot / 2, STEP, self._post)
            return
        reason = self._cannot_start()
        if reason:
            self.phase, self.stuck_at = "stuck", reason
            self._tell(self.on_reboot, "stuck")
            return
        self.phase, self.stuck_at = "booting", ""
        self.boot_time = when
        self.boots += 1
        host.ramdisk.empty()
        host.banks.boot(host.banks.pending is not None and host.faults.strike("boot_falls_back") is not None)
        host.agenda.after(host.spec.pace.boot + (slow["seconds"] if slow else 0.0), STEP, self._up)

    def _post(self, when: float) -> None:
        self.phase = "post"
        if self._host.spec.posts_itself:
            self._host.agenda.after(self._host.spec.pace.post, STEP, self.boot)

    def _cannot_start(self) -> str:
        host = self._host
        if host.faults.strike("never_returns") is not None:
            return "No response from the host."
        if host.seal_broken and host.spec.encryption == "TPM":
            return "Unable to restore the system configuration. A security violation was detected."
        coming = host.banks.pending or host.banks.running
        loose = [v.name for v in coming.vibs if v.acceptance == LEVELS[-1]]
        if host.spec.secure_boot and loose:
            return (
                f"UEFI Secure Boot failed: Failed to verify signatures of the following vibs: [{loose[0]}]."
            )
        return ""

    def _leave(self, when: float) -> None:
        """All that runs ends: services, machines, an update in the middle."""
        host = self._host
        was_there = self.answers
        host.agenda.drop(STEP, UPDATE, SHELL, GUEST)
        for service in host.services.values():
            service.running = False
        for guest in host.guests.values():
            if guest.runs:
                guest.power = "Powered off"
                host.note(f"guest_lost:{guest.name}", "", "SELF")
        if host.transaction is not None and host.transaction.state == "running":
            host.transaction.state = "interrupted"
            host.note("update_lost", "", "SELF")
        if was_there:
            self._tell(self.on_reboot, "down")

    def _up(self, when: float) -> None:
        host = self._host
        self.phase = "running"
        if host.faults.strike("maintenance_lost") is not None:
            host.maintenance = False
        host.start_services()
        self._tell(self.on_reboot, "up")

    def _tell(self, listeners: list[Callable[[News], None]], news: News) -> None:
        for listener in list(listeners):
            self._host.agenda.announce(lambda hear=listener: hear(news))  # type: ignore[misc]
