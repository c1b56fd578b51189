"""The vault on both databases: made once, unlocked by its keepers, honest about wrong and lost keys."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.models import CredentialSet, VaultKey
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault import rotation
from dsm_desktop.vault.columns import CREDENTIAL_SECRET
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.passphrase import PassphraseProvider
from dsm_desktop.vault.recovery import RecoveryProvider, new_recovery_code
from dsm_desktop.vault.seal import SealBroken
from dsm_desktop.vault.site_key import SiteKey, SiteKeyLost, WrongPassphrase, WrongSiteKey
from dsm_desktop.vault.vault import (
    KeyChangedElsewhere,
    Vault,
    VaultExists,
    VaultLocked,
    VaultNotSetUp,
    VaultState,
)
from tests.vault.kit import PASSPHRASE, add_logins, opened_logins, passphrase, sealed_bytes


def _state(vault: Vault) -> VaultState:
    return vault.state


@pytest.fixture
def key_file(tmp_path: Path) -> KeyFileProvider:
    return KeyFileProvider(tmp_path / "profile" / "site.key")


@pytest.fixture
def vault(store: Store, key_file: KeyFileProvider) -> Vault:
    made = Vault(store)
    made.create([key_file])
    return made


def test_secrets_come_back_after_lock_and_unlock(vault: Vault, key_file: KeyFileProvider) -> None:
    add_logins(vault, 3)
    before = opened_logins(vault)
    vault.lock()
    assert _state(vault) is VaultState.LOCKED
    with pytest.raises(VaultLocked):
        opened_logins(vault)
    with vault.store.write() as uow, pytest.raises(VaultLocked):
        vault.seal(uow, CREDENTIAL_SECRET.place(1, 2), SecretStr("x"))
    vault.unlock(key_file)
    assert _state(vault) is VaultState.UNLOCKED
    assert opened_logins(vault) == before
    assert before["login 2"] == "secret-2"


def test_a_store_without_a_key_says_so(store: Store, key_file: KeyFileProvider) -> None:
    vault = Vault(store)
    assert _state(vault) is VaultState.NOT_SET_UP
    with pytest.raises(VaultNotSetUp):
        vault.unlock(key_file)
    with pytest.raises(BadInput):
        vault.create([])


def test_a_second_key_is_refused(vault: Vault, key_file: KeyFileProvider) -> None:
    with pytest.raises(VaultExists):
        Vault(vault.store).create([key_file])
    add_logins(vault, 1)
    with vault.store.write() as uow:
        uow.session.execute(delete(VaultKey))
    with pytest.raises(VaultExists, match="record of their key is gone"):
        Vault(vault.store).create([key_file])


def test_wrong_and_lost_keys_are_told_apart_and_change_nothing(
    vault: Vault, key_file: KeyFileProvider, tmp_path: Path
) -> None:
    vault.add_keeper(passphrase())
    add_logins(vault, 5)
    before = sealed_bytes(vault.store)
    key_id = vault.current_key_id
    vault.lock()

    with pytest.raises(WrongPassphrase):
        vault.unlock(passphrase("another long passphrase"))
    assert _state(vault) is VaultState.WRONG_KEY

    impostor = KeyFileProvider(tmp_path / "impostor.key")
    impostor.keep(SiteKey(key_id, SiteKey.generate().material))
    with pytest.raises(WrongSiteKey):
        vault.unlock(impostor)
    assert _state(vault) is VaultState.WRONG_KEY

    with pytest.raises(SiteKeyLost):
        vault.unlock(KeyFileProvider(tmp_path / "nowhere.key"))
    assert _state(vault) is VaultState.KEY_LOST
    with pytest.raises(SiteKeyLost):
        vault.unlock(RecoveryProvider(new_recovery_code()))

    with vault.store.read() as connection:  # what is no secret stays readable
        assert connection.execute(select(CredentialSet.username)).scalars().all() == ["root"] * 5
    assert sealed_bytes(vault.store) == before
    vault.unlock(key_file)
    assert len(opened_logins(vault)) == 7


def test_a_failed_unlock_leaves_an_open_vault_open(vault: Vault, tmp_path: Path) -> None:
    add_logins(vault, 1)
    with pytest.raises(SiteKeyLost):
        vault.unlock(KeyFileProvider(tmp_path / "nowhere.key"))
    assert _state(vault) is VaultState.UNLOCKED
    assert opened_logins(vault)["login 0"] == "secret-0"


def test_keepers_come_and_go_but_never_the_last(vault: Vault) -> None:
    code = new_recovery_code()
    vault.add_keeper(RecoveryProvider(code))
    vault.add_keeper(passphrase("the first passphrase"))
    vault.add_keeper(passphrase("the second passphrase"))
    add_logins(vault, 1)
    vault.lock()
    with pytest.raises(WrongPassphrase):
        vault.unlock(passphrase("the first passphrase"))
    vault.unlock(passphrase("the second passphrase"))
    vault.lock()
    vault.unlock(RecoveryProvider(SecretStr(code.get_secret_value().lower().replace("-", " "))))
    assert opened_logins(vault)["login 0"] == "secret-0"
    vault.remove_keeper("passphrase")
    vault.remove_keeper("recovery")
    with pytest.raises(BadInput, match="no keeper"):
        vault.remove_keeper("recovery")
    with pytest.raises(BadInput, match="only keeper"):
        vault.remove_keeper("key_file")


def test_a_value_moved_between_rows_in_the_database_is_refused(vault: Vault) -> None:
    add_logins(vault, 2)
    (_, first), (second_id, _) = sealed_bytes(vault.store)
    with vault.store.write() as uow:
        uow.session.execute(update(CredentialSet).where(CredentialSet.id == second_id).values(secret=first))
    with pytest.raises(SealBroken, match=f"row {second_id}"):
        opened_logins(vault)


def test_sealing_with_a_key_that_was_rotated_elsewhere_is_refused(
    vault: Vault, key_file: KeyFileProvider
) -> None:
    add_logins(vault, 1)
    elsewhere = Vault(vault.store)
    elsewhere.unlock(key_file)
    rotation.begin(elsewhere, [key_file])
    with pytest.raises(KeyChangedElsewhere), vault.store.write() as uow:
        vault.seal(uow, CREDENTIAL_SECRET.place(1, 2), SecretStr("lost"))
    vault.unlock(key_file)
    with vault.store.write() as uow:
        vault.seal(uow, CREDENTIAL_SECRET.place(1, 2), SecretStr("kept"))


def test_locking_in_the_midst_never_seals_with_a_wiped_key(vault: Vault, key_file: KeyFileProvider) -> None:
    """A key of zeros would be anybody's: what was sealed while another thread locks must open with the real key."""
    place = CREDENTIAL_SECRET.place(1, 1)
    sealed: list[bytes] = []
    done, sealed_one = threading.Event(), threading.Event()

    def hammer() -> None:
        while not done.is_set():
            try:
                with vault.store.write() as uow:
                    sealed.append(vault.seal(uow, place, SecretStr("x")))
                    sealed_one.set()
            except (VaultLocked, KeyChangedElsewhere):
                continue

    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        for _ in range(100):
            sealed_one.clear()
            assert sealed_one.wait(60)
            vault.lock()
            vault.unlock(key_file)
    finally:
        done.set()
        thread.join(60)
    assert len(sealed) >= 100
    assert all(vault.open(place, value).get_secret_value() == "x" for value in sealed)


CHILD = """
import sys
from pathlib import Path
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.handover import HandedOverProvider
from dsm_desktop.vault.vault import Vault
from tests.vault.kit import opened_logins

store = Store(open_engines(sys.argv[1]))
vault = Vault(store)
vault.unlock(HandedOverProvider(sys.stdin.buffer.raw))
print(opened_logins(vault)["login 1"], sys.stdin.buffer.raw.readline().decode().strip(), flush=True)
sys.stdin.buffer.raw.readline()
store.close()
"""


def test_a_child_gets_the_key_by_its_standard_input_only(vault: Vault, database_url: str) -> None:
    add_logins(vault, 2)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin as pipe:
        vault.hand_over(pipe)
        pipe.write(b"further use\n")
        pipe.flush()
        assert child.stdout.readline().decode().split(maxsplit=1) == ["secret-1", "further use\n"]
        if sys.platform == "linux":
            process = Path(f"/proc/{child.pid}")
            seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            assert vault.current_key_id.encode() not in seen
        pipe.write(b"end\n")
        pipe.flush()
        assert child.wait(60) == 0


def test_a_parent_that_dies_hands_nothing_over(vault: Vault, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", CHILD, f"sqlite:///{tmp_path / 'none.db'}"],
        input=b"",
        capture_output=True,
        cwd=Path(__file__).parents[2],
        timeout=30,
        check=False,
    )
    assert b"SiteKeyLost" in finished.stderr


MEMORY = """
import sys
from pathlib import Path
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.vault import Vault
from tests.vault.kit import opened_logins

store = Store(open_engines(sys.argv[1]))
vault = Vault(store)
vault.unlock(KeyFileProvider(Path(sys.argv[2])))
opened_logins(vault)
print("open", flush=True)
sys.stdin.readline()
vault.lock()
print("locked", flush=True)
sys.stdin.readline()
store.close()
"""


def _times_in_memory(pid: int, *needles: bytes) -> int:
    """How often the needles stand in the writable memory of a process of ours."""
    found = 0
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if area is None:
                continue
            memory.seek(int(area[1], 16))
            try:
                content = memory.read(int(area[2], 16) - int(area[1], 16))
            except OSError:  # [vvar] and the like cannot be read
                continue
            found += sum(content.count(needle) for needle in needles)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/<pid>/mem")
def test_after_a_lock_the_key_is_not_in_memory(vault: Vault, database_url: str, tmp_path: Path) -> None:
    add_logins(vault, 50)
    file = tmp_path / "profile" / "site.key"
    digits = file.read_text().split()[1]
    child = subprocess.Popen(
        [sys.executable, "-c", MEMORY, database_url, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child, child.stdin as pipe:
        assert child.stdout.readline() == b"open\n"
        while_open = _times_in_memory(child.pid, bytes.fromhex(digits), digits.encode())
        pipe.write(b"lock\n")
        pipe.flush()
        assert child.stdout.readline() == b"locked\n"
        after = _times_in_memory(child.pid, bytes.fromhex(digits), digits.encode())
        pipe.write(b"end\n")
        pipe.flush()
        assert child.wait(60) == 0
    assert while_open > 0  # the search finds what is there
    assert after == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_cost_the_machine_has_outgrown_is_raised_at_unlock(store: Store) -> None:
    vault = Vault(store)
    vault.create([passphrase()])
    weak = vault.generations()[0].wraps["passphrase"]["iterations"]
    vault.lock()
    # A machine on which opening takes 0.1 s and each pass over the memory as long, however busy this one is.
    readings = iter([0.0, 0.1, *[0.0, 0.3] * 2, *[0.0, 0.9] * 2])
    vault.unlock(PassphraseProvider(SecretStr(PASSPHRASE), timer=lambda: next(readings)))
    assert vault.generations()[0].wraps["passphrase"]["iterations"] > weak
    vault.lock()
    vault.unlock(passphrase())


HARDENED = """
import ctypes, resource
from dsm_desktop.vault.harden import harden_process
missing = harden_process()
print(missing, resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_a_hardened_process_leaves_no_core_and_cannot_be_dumped() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", HARDENED],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=30,
        check=True,
    )
    assert finished.stdout.strip() == "[] (0, 0) 0"
