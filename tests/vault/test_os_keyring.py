"""The operating system's keyring: a real Secret Service where Debian's gnome-keyring and dbus are installed, and none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from dsm_desktop.vault.os_keyring import KeyringProvider, KeyringUnavailable
from dsm_desktop.vault.site_key import SiteKey, SiteKeyLost, WrongSiteKey

ROOT = Path(__file__).parents[2]

ROUND_TRIP = """
from dsm_desktop.vault.os_keyring import KeyringProvider
from dsm_desktop.vault.site_key import SiteKey, SiteKeyLost
import time
key = SiteKey.generate()
provider = KeyringProvider("test profile")
begun = time.perf_counter()
print(provider.keep(key)["entry"] == "test profile/" + key.key_id)
kept = time.perf_counter()
print(provider.fetch(key.key_id, None).material == key.material)
print(f"keep {kept - begun:.3f} s, fetch {time.perf_counter() - kept:.3f} s")
for other in (KeyringProvider("another profile"), provider):
    provider.forget(key.key_id) if other is provider else None
    try:
        other.fetch(key.key_id, None)
    except SiteKeyLost:
        print("lost")
provider.forget(key.key_id)
"""

ASK = """
from dsm_desktop.vault.os_keyring import KeyringProvider, KeyringUnavailable
try:
    KeyringProvider("test profile", timeout=10).fetch("00" * 8, None)
except KeyringUnavailable as error:
    print("unavailable:", error)
"""

PLAINTEXT = """
import keyring
from keyring.backend import KeyringBackend
class Plain(KeyringBackend):
    priority = 99
    def get_password(self, service, username): raise AssertionError("was asked")
    def set_password(self, service, username, password): raise AssertionError("was given a key")
    def delete_password(self, service, username): pass
keyring.set_keyring(Plain())
"""


def _run(command: list[str], home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "SYSTEMROOT")}
    environment = kept | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "PYTHONPATH": str(ROOT)} | more
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def _secret_service() -> None:
    for program in ("dbus-run-session", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            reason = f"{program} is not installed (Debian: dbus, gnome-keyring)"
            if os.environ.get("CI") and sys.platform == "linux":
                pytest.fail(reason)
            pytest.skip(reason)


def test_a_real_secret_service_keeps_the_key(tmp_path: Path) -> None:
    _secret_service()
    script = tmp_path / "round_trip.py"
    script.write_text(ROUND_TRIP)
    shell = f"printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && {sys.executable} {script}"
    finished = _run(["dbus-run-session", "--", "sh", "-c", shell], tmp_path)
    lines = finished.stdout.splitlines()
    assert [line for line in lines if not line.startswith("keep")] == ["True", "True", "lost", "lost"], (
        finished.stderr
    )


def test_a_bus_without_an_unlocked_keyring_is_said_to_be_one(tmp_path: Path) -> None:
    _secret_service()
    finished = _run(["dbus-run-session", "--", sys.executable, "-c", ASK], tmp_path)
    assert finished.stdout.startswith("unavailable:"), finished.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
@pytest.mark.parametrize("bus", ["", "unix:path=/nonexistent/bus"])
def test_a_headless_machine_has_none(tmp_path: Path, bus: str) -> None:
    finished = _run([sys.executable, "-c", ASK], tmp_path, DBUS_SESSION_BUS_ADDRESS=bus)
    assert finished.stdout.startswith("unavailable:"), finished.stderr
    assert "passphrase" in finished.stdout


def test_an_unprotected_keyring_is_not_used(tmp_path: Path) -> None:
    finished = _run([sys.executable, "-c", PLAINTEXT + ASK], tmp_path)
    assert finished.stdout.startswith("unavailable: This machine offers no protected keyring."), (
        finished.stderr
    )


class Deaf(KeyringBackend):
    """Waits for a prompt until told otherwise."""

    priority = 1.0

    def __init__(self) -> None:
        self.answered = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.answered.wait(60)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.answered.wait(60)

    def delete_password(self, service: str, username: str) -> None:
        self.answered.wait(60)


class InMemory(KeyringBackend):
    """Holds what it is given; `entries` may be spoilt."""

    priority = 1.0

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password[:1280]  # the most Windows takes

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError


def test_a_keyring_that_does_not_answer_is_given_up() -> None:
    deaf = Deaf()
    try:
        with pytest.raises(KeyringUnavailable, match=r"within 0\.2 s"):
            KeyringProvider("p", timeout=0.2, backend=deaf).fetch("00" * 8, None)
    finally:
        deaf.answered.set()


def test_a_changed_or_foreign_entry_is_a_wrong_key() -> None:
    backend, key, other = InMemory(), SiteKey.generate(), SiteKey.generate()
    provider = KeyringProvider("p", backend=backend)
    provider.keep(key)
    entry = ("dsm-desktop", f"p/{key.key_id}")
    whole = backend.entries[entry]
    for spoilt in ("", "x", whole[:-1], whole + "\n" + whole, other.as_line().decode()):
        backend.entries[entry] = spoilt
        with pytest.raises(WrongSiteKey):
            provider.fetch(key.key_id, None)
    provider.forget(key.key_id)
    provider.forget(key.key_id)
    with pytest.raises(SiteKeyLost):
        provider.fetch(key.key_id, None)
