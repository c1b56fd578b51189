#!/usr/bin/env python3
"""The two commands of a clone: `python3 dev.py demo` runs the program, `python3 dev.py test` proves it.

Standard library only. Makes `.venv`, installs the hash-locked dependencies, and on Linux the system libraries Qt needs
(as root or through sudo; otherwise it prints the exact line). On Windows: `py dev.py demo` and `py dev.py test`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# What Qt's offscreen and xcb plugins load, by Debian and Ubuntu package name (t64 names are tried second).
QT_LIBRARIES = (
    "libglib2.0-0 libgl1 libegl1 libxkbcommon0 libxkbcommon-x11-0 libfreetype6 libfontconfig1 libdbus-1-3 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0"
).split()
QT_PROBE = (
    "import os; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
    "from PySide6.QtWidgets import QApplication; QApplication([])"
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    # What follows demo or test is passed on: --headless --out out/ to the program, -k name to pytest.
    commands.add_parser("demo", help="the simulated site in the program, no hardware needed")
    commands.add_parser("test", help="lint, types, import contracts and all tests")
    commands.add_parser("setup", help="only make .venv with everything in it")
    options, passed_on = parser.parse_known_args()
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        print(f"Python 3.11 to 3.13 is needed; this is {sys.version.split()[0]}.", file=sys.stderr)
        return 2
    make_environment("requirements.lock" if options.command == "demo" else "requirements-dev.lock")
    ensure_qt_libraries()
    if options.command == "demo":
        return run("-m", "dsm_desktop", "demo", *passed_on)
    if options.command == "test":
        return check(passed_on)
    return 0


def check(pytest_arguments: list[str]) -> int:
    """Every check in turn; all are run, the worst exit code counts."""
    workers = str(2 * (os.cpu_count() or 1) + 2)
    spread = ["-n", workers, "--dist", "loadfile", "--no-loadscope-reorder"]
    steps = [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy"],
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        # More than cores: most tests wait for devices, databases and windows most of the time. File by file, because the
        # tests of a file share a program and find it as those before have left it; in the order of tests/conftest.py, or
        # the files with few long tests (kills, freezes) would begin last and one worker end alone.
        ["-m", "pytest", *spread, *pytest_arguments],
    ]
    codes = []
    for step in steps:
        print(f"== {' '.join(step)[:100]}", flush=True)
        codes.append(run(*step))
    return max(codes)


def make_environment(lock_name: str) -> None:
    """`.venv` with exactly the locked packages; nothing is done when it already fits the lock."""
    lock = ROOT / lock_name
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f"{lock.stem}.stamp"
    wanted = [stamp, VENV / "requirements-dev.stamp"]
    if PYTHON.exists() and any(s.exists() and s.read_text() == _digest_for(s) for s in wanted):
        return
    if not PYTHON.exists():
        make_venv()
    print(f"Installing the locked packages ({lock_name}) …", flush=True)
    subprocess.run(
        [
            PYTHON,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--require-hashes",
            "--no-deps",
            "-r",
            lock,
        ],
        check=True,
    )
    purelib = subprocess.run(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    (Path(purelib) / "dsm_desktop_checkout.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    stamp.write_text(digest)


def _digest_for(stamp: Path) -> str:
    return hashlib.sha256((ROOT / f"{stamp.stem}.lock").read_bytes()).hexdigest()


def make_venv() -> None:
    """Debian keeps ensurepip in a package of its own."""
    made = subprocess.run([sys.executable, "-m", "venv", VENV], capture_output=True, text=True)
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    version = sysconfig.get_python_version()
    if not apt_install([f"python{version}-venv"]):
        print(made.stdout + made.stderr, file=sys.stderr)
        raise SystemExit(2)
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)


def ensure_qt_libraries() -> None:
    """Qt's own wheel needs a handful of system libraries that a server installation lacks."""
    if (
        sys.platform != "linux"
        or subprocess.run([PYTHON, "-c", QT_PROBE], capture_output=True).returncode == 0
    ):
        return
    apt_install(QT_LIBRARIES)
    probe = subprocess.run([PYTHON, "-c", QT_PROBE], capture_output=True, text=True)
    if probe.returncode != 0:
        print(probe.stderr[-600:], file=sys.stderr)
        print(f"Qt cannot start. Install: apt-get install {' '.join(QT_LIBRARIES)}", file=sys.stderr)
        raise SystemExit(2)


def apt_install(packages: list[str]) -> bool:
    """Install Debian packages as root or through password-less sudo; otherwise print the line. True when done."""
    apt = shutil.which("apt-get")
    line = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    sudo = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    if not apt or (sudo and not shutil.which("sudo")):
        print(f"Please install as root:  {line}", file=sys.stderr)
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*sudo, apt, "update", "-qq"], env=environment)
    known = [p if _apt_knows(p) else f"{p}t64" for p in packages]
    done = subprocess.run([*sudo, *line.split()[:4], *known], env=environment, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        print(f"Please install as root:  {line}", file=sys.stderr)
    return done.returncode == 0


def _apt_knows(package: str) -> bool:
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True, text=True)
    return shown.returncode == 0 and f"Package: {package}\n" in shown.stdout


def run(*arguments: str) -> int:
    """A command of the environment's Python, in the checkout."""
    return subprocess.run([PYTHON, *arguments], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
