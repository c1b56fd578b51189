"""The small commands of the ESXi shell: text, versions, space, and restarting."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Final

from dsm_desktop.simulator.esxi.commands import filetools, processes
from dsm_desktop.simulator.esxi.commands.call import Call, Result
from dsm_desktop.simulator.esxi.image import LEVELS
from dsm_desktop.simulator.esxi.volumes import volumes

Run = Callable[[Call, list[str]], Result]


def _echo(call: Call, words: list[str]) -> Result:
    if words[:1] == ["-n"]:
        return Result(" ".join(words[1:]))
    return Result(" ".join(words) + "\n")


def _grep(call: Call, words: list[str]) -> Result:
    letters, rest = filetools.arguments(words)
    text = call.stdin
    if len(rest) > 1:
        read = filetools.cat(call, rest[1:])
        if read.status:
            return Result(err=read.err.replace("cat: can't open", "grep:"), status=2)
        text = read.out
    pattern = rest[0] if "F" not in letters else re.escape(rest[0])
    if "E" not in letters:
        pattern = pattern.replace(r"\|", "|")
    try:
        wanted = re.compile(pattern, re.IGNORECASE if "i" in letters else 0)
    except re.error:
        return Result(err=f"grep: bad regex '{rest[0]}'\n", status=2)
    lines = [line for line in text.splitlines() if bool(wanted.search(line)) != ("v" in letters)]
    status = 0 if lines else 1
    if "q" in letters:
        return Result(status=status)
    if "c" in letters:
        return Result(f"{len(lines)}\n", status=status)
    return Result("".join(f"{line}\n" for line in lines), status=status)


def _ends(first: bool) -> Run:
    def run(call: Call, words: list[str]) -> Result:
        count, rest = 10, list(words)
        if rest and rest[0] == "-n":
            count, rest = int(rest[1]), rest[2:]
        elif rest and re.fullmatch(r"-(n?)\d+", rest[0]):
            count, rest = int(rest[0].lstrip("-n")), rest[1:]
        read = filetools.cat(call, rest)
        lines = read.out.splitlines(keepends=True)
        return Result("".join(lines[:count] if first else lines[-count:]), read.err, read.status)

    return run


def _word_count(call: Call, words: list[str]) -> Result:
    letters, rest = filetools.arguments(words)
    read = filetools.cat(call, rest)
    text = read.out
    numbers = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    return Result(
        " ".join(str(numbers[k]) for k in "lwc" if k in (letters or "lwc")) + "\n", read.err, read.status
    )


def _disk_free(call: Call, words: list[str]) -> Result:
    human = "h" in "".join(words)
    text = (
        "Filesystem   Size   Used Available Use% Mounted on\n"
        if human
        else ("Filesystem        Bytes          Used     Available Use% Mounted on\n")
    )
    for volume in volumes(call.host):
        if not volume.mounted:
            continue
        used = volume.size - volume.free
        share = f"{100 * used // max(1, volume.size)}%"
        where = f"/vmfs/volumes/{volume.name}"
        if human:
            text += f"{volume.kind:<10} {_human(volume.size):>6} {_human(used):>6} {_human(volume.free):>9} {share:>4} {where}\n"
        else:
            text += f"{volume.kind:<10} {volume.size:>13} {used:>13} {volume.free:>13} {share:>4} {where}\n"
    return Result(text)


def _ram_disks(call: Call, words: list[str]) -> Result:
    disk = call.host.ramdisk
    image = call.host.image
    text = "Tardisk                  Space      Used\n"
    for vib in image.vibs:
        text += f"{vib.name[:8] + '.v00':<20} {_human(vib.size):>9} {_human(vib.size):>9}\n"
    text += "-----\nRamdisk                   Size      Used Available Use% Mounted on\n"
    for name, size, used in (
        ("root", 32 << 20, 4 << 20),
        ("etc", 28 << 20, 1 << 20),
        ("var", 48 << 20, 1 << 20),
        ("tmp", disk.capacity, disk.capacity - disk.free),
    ):
        share = f"{100 * used // size}%"
        text += f"{name:<20} {_human(size):>9} {_human(used):>9} {_human(size - used):>9} {share:>4} --\n"
    return Result(text)


def _human(size: int) -> str:
    number, unit = float(size), "B"
    for unit in ("B", "K", "M", "G", "T"):
        if number < 1024 or unit == "T":
            break
        number /= 1024
    return f"{number:.1f}{unit}" if unit != "B" else f"{size}B"


def _vmware(call: Call, words: list[str]) -> Result:
    image, letters = call.host.image, "".join(words)
    text = f"VMware ESXi {image.version} build-{image.build}\n" if "v" in letters or not letters else ""
    if "l" in letters or "r" in letters:
        text += f"VMware ESXi {image.version} {f'Update {image.update}' if image.update != '0' else 'GA'}\n"
    return Result(text)


def _uptime(call: Call, words: list[str]) -> Result:
    seconds = int(call.host.uptime)
    clock = dt.datetime.fromtimestamp(call.host.clock.now(), dt.UTC).strftime("%H:%M:%S")
    days, rest = divmod(seconds, 86400)
    span = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    up = f"{days} days, {span}" if days else span
    return Result(f" {clock} up {up}, load average: 0.02, 0.03, 0.03\n")


def _date(call: Call, words: list[str]) -> Result:
    now = dt.datetime.fromtimestamp(call.host.clock.now(), dt.UTC)
    wanted = next((w[1:] for w in words if w.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    return Result(now.strftime(wanted) + "\n")


def _reboot(call: Call, words: list[str]) -> Result:
    """busybox's reboot asks for no maintenance mode."""
    call.host.reboot(force=True, user=call.user, via=call.via)
    return Result()


def _power_off(call: Call, words: list[str]) -> Result:
    call.host.shut_down(force=True, user=call.user, via=call.via)
    return Result()


def _secure_boot(call: Call, words: list[str]) -> Result:
    if "-s" in words:
        return Result("Enabled\n" if call.host.spec.secure_boot else "Disabled\n")
    loose = [v.name for v in call.host.image.vibs if v.acceptance == LEVELS[-1]]
    if loose:
        return Result(
            "Secure boot CANNOT be enabled: Failed to verify signatures of the following vib(s): "
            f"[{', '.join(loose)}]. All tardisks validated. All acceptance levels validated\n",
            status=1,
        )
    return Result(
        "Secure boot can be enabled: All vib signatures verified. All tardisks validated. "
        "All acceptance levels validated\n"
    )


def _vsish(call: Call, words: list[str]) -> Result:
    """One node of the kernel's own tree, there since Quick Boot is (6.7)."""
    if words[:2] != ["-e", "get"] or len(words) < 3:
        return Result(err="vsish: unknown command\n", status=1)
    if words[2] != "/system/loadESX/isBootLoadESX" or call.host.image.version < "6.7":
        return Result(err=f"VSISHCmdGetInt():Get failed: {words[2]}: Not found\n", status=255)
    return Result("1\n" if call.host.course.loaded else "0\n")


def _hostname(call: Call, words: list[str]) -> Result:
    name = call.host.spec.name
    return Result((name if "-f" in words else name.partition(".")[0]) + "\n")


def _sleep(call: Call, words: list[str]) -> Result:
    call.sleep(float(words[0]) if words else 0.0)
    return Result()


def _whoami(call: Call, words: list[str]) -> Result:
    return Result(f"{call.user}\n")


def _uname(call: Call, words: list[str]) -> Result:
    image = call.host.image
    if "-a" not in words:
        return Result("VMkernel\n")
    name = call.host.spec.name.partition(".")[0]
    return Result(
        f"VMkernel {name} {image.version} #1 SMP Release build-{image.build} x86_64 x86_64 x86_64 ESXi\n"
    )


COMMANDS: Final[dict[str, Run]] = filetools.COMMANDS | {
    ":": lambda call, words: Result(),
    "date": _date,
    "df": _disk_free,
    "echo": _echo,
    "false": lambda call, words: Result(status=1),
    "grep": _grep,
    "halt": _power_off,
    "head": _ends(True),
    "kill": processes.kill,
    "hostname": _hostname,
    "pgrep": processes.find,
    "poweroff": _power_off,
    "ps": processes.show,
    "reboot": _reboot,
    "secureBoot.py": _secure_boot,
    "sleep": _sleep,
    "sync": lambda call, words: Result(),
    "tail": _ends(False),
    "true": lambda call, words: Result(),
    "uname": _uname,
    "uptime": _uptime,
    "vdf": _ram_disks,
    "vmware": _vmware,
    "vsish": _vsish,
    "wc": _word_count,
    "whoami": _whoami,
}
