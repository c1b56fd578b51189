"""vim-cmd: the host agent's own command line."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Final

from dsm_desktop.simulator.esxi.commands.call import Call, Result
from dsm_desktop.simulator.esxi.commands.system import wait_and_enter
from dsm_desktop.simulator.esxi.errors import EsxiAway, EsxiRefused, NoSuchThing
from dsm_desktop.simulator.esxi.machines import Guest
from dsm_desktop.simulator.esxi.services import SHELL, SSH

_GUEST_SHUTDOWN: Final = 45.0
"""Simulated seconds a guest takes to shut down."""
_tasks = itertools.count(101)
Run = Callable[[Call, list[str]], Result]


def vim_cmd(call: Call) -> Result:
    """Carry out `vim-cmd …`."""
    words = call.words[1:]
    if not words:
        return Result("Commands available under /:\nhostsvc/   internalsvc/   solo/   vmsvc/\n", status=0)
    name = words[0].strip("/")
    run = _COMMANDS.get(name)
    if run is None:
        return Result(err=f"Invalid command '{name}'\n", status=1)
    if not call.host.service("hostd").running:
        return Result(err="Failed to login: Unable to connect to the host agent.\n", status=1)
    try:
        return run(call, words[1:])
    except (EsxiRefused, EsxiAway) as error:
        return Result(
            "(vim.fault.InvalidState) {\n   faultCause = (vmodl.MethodFault) null, \n"
            f'   faultMessage = <unset>\n   msg = "{error.message}"\n}}\n',
            status=1,
        )
    except NoSuchThing:
        return Result(
            f"(vim.fault.NotFound) {{\n   faultCause = (vmodl.MethodFault) null, \n   faultMessage = <unset>\n"
            f'   msg = "Unable to find a VM corresponding to "{" ".join(words[1:])}""\n}}\n',
            status=1,
        )


def _task(call: Call, name: str) -> Result:
    return Result(f"'vim.Task:haTask-ha-host-vim.HostSystem.{name}-{next(_tasks)}'\n")


def _enter(call: Call, words: list[str]) -> Result:
    if call.host.in_maintenance:
        raise EsxiRefused("The operation is not allowed in the current state.")
    wait_and_enter(call, 0.0)
    return _task(call, "enterMaintenanceMode")


def _exit(call: Call, words: list[str]) -> Result:
    call.host.exit_maintenance(user=call.user, via=call.via)
    return _task(call, "exitMaintenanceMode")


def _summary(call: Call, words: list[str]) -> Result:
    host, spec = call.host, call.host.spec
    boot = dt.datetime.fromtimestamp(host.boot_time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    image = host.image
    return Result(
        "(vim.host.Summary) {\n   host = 'vim.HostSystem:ha-host', \n"
        "   hardware = (vim.host.Summary.HardwareSummary) {\n"
        f'      vendor = "Dell Inc.", \n      model = "{spec.model}", \n      uuid = "{host.hardware_uuid}", \n'
        f'      memorySize = {spec.memory}, \n      cpuModel = "{spec.cpu}", \n   }}, \n'
        "   runtime = (vim.host.RuntimeInfo) {\n"
        '      connectionState = "connected", \n      powerState = "poweredOn", \n'
        f'      inMaintenanceMode = {str(host.in_maintenance).lower()}, \n      bootTime = "{boot}", \n   }}, \n'
        "   config = (vim.host.Summary.ConfigSummary) {\n"
        f'      name = "{spec.name}", \n      port = 902, \n      product = (vim.AboutInfo) {{\n'
        f'         name = "VMware ESXi", \n         fullName = "VMware ESXi {image.version} build-{image.build}", \n'
        f'         version = "{image.version}", \n         build = "{image.build}", \n      }}, \n   }}, \n'
        f"   rebootRequired = {str(host.reboot_required).lower()}, \n}}\n"
    )


def _runtime(call: Call, words: list[str]) -> Result:
    host = call.host
    boot = dt.datetime.fromtimestamp(host.boot_time, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Result(
        '(vim.host.RuntimeInfo) {\n   connectionState = "connected", \n   powerState = "poweredOn", \n'
        f'   inMaintenanceMode = {str(host.in_maintenance).lower()}, \n   bootTime = "{boot}", \n}}\n'
    )


def _all_guests(call: Call, words: list[str]) -> Result:
    with call.host.agenda.hold():
        guests = list(call.host.guests.values())
    rows = [("Vmid", "Name", "File", "Guest OS", "Version", "Annotation")]
    rows += [(str(g.number), g.name, g.file, g.guest_os, g.hardware, "") for g in guests]
    wide = [max(len(row[i]) for row in rows) for i in range(6)]
    return Result(
        "".join("   ".join(c.ljust(w) for c, w in zip(r, wide, strict=True)).rstrip() + "\n" for r in rows)
    )


def _guest(call: Call, words: list[str]) -> Guest:
    with call.host.agenda.hold():
        guest = call.host.guests.get(int(words[0])) if words and words[0].isdigit() else None
    if guest is None:
        raise NoSuchThing(f"There is no machine {words}.")
    return guest


def _state(call: Call, words: list[str]) -> Result:
    return Result(f"Retrieved runtime info\n{_guest(call, words).power}\n")


def _power_on(call: Call, words: list[str]) -> Result:
    guest = _guest(call, words)
    if guest.runs:
        raise EsxiRefused("The attempted operation cannot be performed in the current state (Powered on).")
    call.host.power_guest(guest.number, "Powered on", user=call.user, via=call.via)
    return Result("Powering on VM:\n")


def _power_off(call: Call, words: list[str]) -> Result:
    guest = _guest(call, words)
    if not guest.runs:
        raise EsxiRefused("The attempted operation cannot be performed in the current state (Powered off).")
    call.host.power_guest(guest.number, "Powered off", user=call.user, via=call.via)
    return Result("Powering off VM:\n")


def _shut_down(call: Call, words: list[str]) -> Result:
    """Ask the guest; it goes down some time after the command has ended."""
    guest = _guest(call, words)
    if not guest.tools:
        return Result(
            "(vim.fault.ToolsUnavailable) {\n   faultCause = (vmodl.MethodFault) null, \n   faultMessage = <unset>\n"
            '   msg = "Cannot complete operation because VMware Tools is not running in this virtual machine."\n}\n',
            status=1,
        )
    if not guest.runs:
        raise EsxiRefused("The attempted operation cannot be performed in the current state (Powered off).")
    call.host.shut_down_guest(guest.number, _GUEST_SHUTDOWN, user=call.user, via=call.via)
    return Result()


def _sync(call: Call, words: list[str]) -> Result:
    call.host.note_change("sync_config", user=call.user, via=call.via)
    return Result()


def _backup(call: Call, words: list[str]) -> Result:
    host = call.host
    host.note_change("backup_config", user=call.user, via=call.via)
    short = host.spec.name.partition(".")[0]
    return Result(f"Bundle can be downloaded at : http://*/downloads/{host.uuid}/configBundle-{short}.tgz\n")


def _service(key: str, start: bool) -> Run:
    def run(call: Call, words: list[str]) -> Result:
        act = call.host.start_service if start else call.host.stop_service
        act(key, user=call.user, via=call.via)
        return Result()

    return run


def _policy(key: str, on: bool) -> Run:
    def run(call: Call, words: list[str]) -> Result:
        call.host.set_policy(key, "on" if on else "off", user=call.user, via=call.via)
        return Result()

    return run


_COMMANDS: Final[dict[str, Run]] = {
    "hostsvc/maintenance_mode_enter": _enter,
    "hostsvc/maintenance_mode_exit": _exit,
    "hostsvc/hostsummary": _summary,
    "hostsvc/runtimeinfo": _runtime,
    "hostsvc/firmware/sync_config": _sync,
    "hostsvc/firmware/backup_config": _backup,
    "hostsvc/enable_ssh": _policy(SSH, True),
    "hostsvc/disable_ssh": _policy(SSH, False),
    "hostsvc/start_ssh": _service(SSH, True),
    "hostsvc/stop_ssh": _service(SSH, False),
    "hostsvc/enable_esx_shell": _policy(SHELL, True),
    "hostsvc/disable_esx_shell": _policy(SHELL, False),
    "hostsvc/start_esx_shell": _service(SHELL, True),
    "hostsvc/stop_esx_shell": _service(SHELL, False),
    "vmsvc/getallvms": _all_guests,
    "vmsvc/power.getstate": _state,
    "vmsvc/power.on": _power_on,
    "vmsvc/power.off": _power_off,
    "vmsvc/power.shutdown": _shut_down,
}
