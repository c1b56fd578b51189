"""A new key for everything, also when the process is killed anywhere in between."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, update

from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.engine import open_engines, sqlite_url
from dsm_desktop.store.models import Base, CredentialSet
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault import rotation
from dsm_desktop.vault.columns import CREDENTIAL_SECRET
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.recovery import RecoveryProvider, new_recovery_code
from dsm_desktop.vault.seal import key_id_of
from dsm_desktop.vault.site_key import SiteKeyLost, WrongPassphrase
from dsm_desktop.vault.vault import Vault, VaultLocked
from tests.vault.kit import add_logins, opened_logins, passphrase, sealed_bytes


@pytest.fixture
def keeper(tmp_path: Path) -> KeyFileProvider:
    return KeyFileProvider(tmp_path / "site.key")


@pytest.fixture
def vault(store: Store, keeper: KeyFileProvider) -> Vault:
    made = Vault(store)
    made.create([keeper])
    return made


def test_everything_is_sealed_anew_and_the_old_key_retires(vault: Vault, keeper: KeyFileProvider) -> None:
    add_logins(vault, 450)
    before, old = opened_logins(vault), vault.current_key_id
    heard: list[int] = []
    rotation.begin(vault, [keeper])
    assert rotation.under_way(vault)
    assert opened_logins(vault) == before  # both keys open meanwhile
    report = rotation.resume(vault, progress=heard.append)
    assert report.finished
    assert not report.broken
    assert report.resealed == report.verified == 600
    assert heard[0] == rotation.BATCH
    assert heard[-1] == 600
    assert vault.current_key_id != old
    assert all(key_id_of(sealed or b"") == vault.current_key_id for _, sealed in sealed_bytes(vault.store))
    assert [row.state for row in vault.generations()] == ["retired", "current"]
    assert vault.generations()[0].wraps == {}

    vault.lock()
    vault.unlock(keeper)
    assert opened_logins(vault) == before
    assert keeper.fetch(old, None)  # for backups from before the rotation
    assert rotation.forget_retired(vault, [keeper]) == 1
    with pytest.raises(SiteKeyLost):
        keeper.fetch(old, None)
    again = rotation.resume(vault)
    assert (again.resealed, again.verified) == (0, 600)


def test_an_old_sheet_opens_nothing_after_a_rotation(vault: Vault, keeper: KeyFileProvider) -> None:
    old_code, new_code = new_recovery_code(), new_recovery_code()
    vault.add_keeper(RecoveryProvider(old_code))
    rotation.begin(vault, [keeper, RecoveryProvider(new_code), passphrase()])
    assert rotation.resume(vault).finished
    vault.lock()
    with pytest.raises(WrongPassphrase):
        vault.unlock(RecoveryProvider(old_code))
    vault.unlock(RecoveryProvider(new_code))


def test_a_second_rotation_waits_for_the_first(vault: Vault, keeper: KeyFileProvider) -> None:
    with pytest.raises(BadInput):
        rotation.begin(vault, [])
    rotation.begin(vault, [keeper])
    with pytest.raises(rotation.RotationUnderWay):
        rotation.begin(vault, [keeper])
    rotation.resume(vault)
    rotation.begin(vault, [keeper])
    vault.lock()
    with pytest.raises(VaultLocked):
        rotation.resume(vault)


def test_a_broken_value_keeps_the_old_key_and_is_named(vault: Vault, keeper: KeyFileProvider) -> None:
    add_logins(vault, 5)
    spoilt = sealed_bytes(vault.store)[2][0]
    with vault.store.write() as uow:
        uow.session.execute(
            update(CredentialSet).where(CredentialSet.id == spoilt).values(secret=b"\x01" + bytes(60))
        )
    rotation.begin(vault, [keeper])
    report = rotation.resume(vault)
    assert not report.finished
    assert report.broken == (f"credential_sets.secret, row {spoilt}",)
    assert rotation.under_way(vault)
    with vault.store.write() as uow:
        uow.session.execute(delete(CredentialSet).where(CredentialSet.id == spoilt))
    assert rotation.resume(vault).finished


def test_without_the_old_key_nothing_is_lost_and_it_does_not_finish(
    vault: Vault, keeper: KeyFileProvider, tmp_path: Path
) -> None:
    add_logins(vault, 3)
    before = sealed_bytes(vault.store)
    other = KeyFileProvider(tmp_path / "new.key")
    rotation.begin(vault, [other])
    vault.lock()
    vault.unlock(other)
    report = rotation.resume(vault)
    assert not report.finished
    assert len(report.broken) == 4
    assert sealed_bytes(vault.store) == before


def test_a_secret_changed_in_the_midst_of_a_rotation_stays_changed(
    vault: Vault, keeper: KeyFileProvider
) -> None:
    add_logins(vault, 9)
    rotation.begin(vault, [keeper])
    row_id = sealed_bytes(vault.store)[5][0]

    def change(resealed: int) -> None:
        if resealed == 4:
            with vault.store.write() as uow:
                sealed = vault.seal(uow, CREDENTIAL_SECRET.place(row_id, 2), SecretStr("changed"))
                uow.session.execute(
                    update(CredentialSet)
                    .where(CredentialSet.id == row_id)
                    .values(secret=sealed, secret_version=2)
                )

    assert rotation.resume(vault, batch=4, progress=change).finished
    assert opened_logins(vault)["login 5"] == "changed"


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_every_point_it_resumes_and_loses_nothing(tmp_path: Path) -> None:
    template, key_template = tmp_path / "template.db", tmp_path / "template.key"
    store = Store(open_engines(sqlite_url(template)))
    Base.metadata.create_all(store.engines.write)
    vault = Vault(store)
    vault.create([KeyFileProvider(key_template)])
    add_logins(vault, 10)
    expected = opened_logins(vault)
    store.close()

    killed = 0
    with subprocess.Popen(
        [sys.executable, "-m", "tests.vault.rotation_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as zygote:
        assert zygote.stdin is not None
        assert zygote.stdout is not None
        while killed < 400:
            database, key_file = tmp_path / "store.db", tmp_path / "store.key"
            for leftover in tmp_path.glob("store.*"):
                leftover.unlink()
            shutil.copy(template, database)
            shutil.copy(key_template, key_file)
            order = {"url": sqlite_url(database), "key_file": str(key_file), "kill_at": killed + 1}
            zygote.stdin.write(json.dumps(order) + "\n")
            zygote.stdin.flush()
            answer = zygote.stdout.readline().strip()
            _check_and_finish(database, key_file, expected)
            if answer != "killed":
                break
            killed += 1
        zygote.stdin.close()
    assert answer == "finished 0"
    assert killed > 40, killed


def _check_and_finish(database: Path, key_file: Path, expected: dict[str, str]) -> None:
    """After the kill every secret opens; resumed, every secret opens with the new key alone."""
    store, keeper = Store(open_engines(sqlite_url(database))), KeyFileProvider(key_file)
    try:
        vault = Vault(store)
        vault.unlock(keeper)
        assert opened_logins(vault) == expected
        if rotation.under_way(vault):
            assert rotation.resume(vault, batch=4).finished
            vault.lock()
            rotation.forget_retired(vault, [keeper])
            vault.unlock(keeper)
            assert opened_logins(vault) == expected
            assert [row.state for row in vault.generations()] == ["retired", "current"]
    finally:
        store.close()
