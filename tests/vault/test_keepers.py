"""Key file, passphrase and printed recovery code: what they refuse, and what they cost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from dsm_desktop.vault.key_file import KeyFileProvider, KeyFileUnsafe
from dsm_desktop.vault.passphrase import (
    Argon2Cost,
    KdfRefused,
    PassphraseProvider,
    WeakPassphrase,
    tuned_cost,
)
from dsm_desktop.vault.recovery import (
    RecoveryCodeMistyped,
    RecoveryProvider,
    new_recovery_code,
    read_recovery_code,
)
from dsm_desktop.vault.site_key import SiteKey, SiteKeyError, SiteKeyLost, WrongPassphrase, WrongSiteKey
from tests.vault.kit import passphrase

posix = pytest.mark.skipif(os.name == "nt", reason="files have no mode on Windows")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "site.key"


@pytest.fixture
def key(path: Path) -> SiteKey:
    made = SiteKey.generate()
    KeyFileProvider(path).keep(made)
    return made


def test_a_key_file_holds_several_generations(path: Path, key: SiteKey) -> None:
    provider, second = KeyFileProvider(path), SiteKey.generate()
    provider.keep(second)
    provider.keep(second)
    assert provider.fetch(key.key_id, None).material == key.material
    assert provider.fetch(second.key_id, None).material == second.material
    provider.forget(key.key_id)
    provider.forget(key.key_id)
    with pytest.raises(SiteKeyLost):
        provider.fetch(key.key_id, None)
    assert provider.fetch(second.key_id, None).material == second.material
    assert len(path.read_text().splitlines()) == 1


@posix
def test_a_key_file_is_for_its_owner_only(path: Path, key: SiteKey) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o640, 0o604, 0o660, 0o602, 0o644, 0o666):
        path.chmod(mode)
        with pytest.raises(KeyFileUnsafe, match="chmod 600"):
            KeyFileProvider(path).fetch(key.key_id, None)
    path.chmod(0o400)
    KeyFileProvider(path).fetch(key.key_id, None)


@posix
def test_a_link_is_no_key_file(path: Path, key: SiteKey) -> None:
    link = path.with_name("link.key")
    link.symlink_to(path)
    with pytest.raises(KeyFileUnsafe):
        KeyFileProvider(link).fetch(key.key_id, None)


@posix
@pytest.mark.skipif(os.name != "nt" and os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_key_file_is_refused(path: Path, key: SiteKey) -> None:
    os.chown(path, 65534, 65534)
    with pytest.raises(KeyFileUnsafe, match="another user"):
        KeyFileProvider(path).fetch(key.key_id, None)


def test_a_damaged_key_file_is_named_and_never_quoted(path: Path, key: SiteKey) -> None:
    whole = path.read_text()
    digits = whole.split()[1]
    for damaged in (whole[:-3], whole[:40], "x" * 81, whole.replace(digits[5:7], "zz"), "\xff" * 70_000):
        path.write_text(damaged)
        with pytest.raises((WrongSiteKey, SiteKeyLost)) as refused:
            KeyFileProvider(path).fetch(key.key_id, None)
        assert digits[10:20] not in repr(refused.value.as_dict())
    path.write_bytes(whole.replace("\n", "\r\n").encode())  # went through a Windows editor
    assert KeyFileProvider(path).fetch(key.key_id, None).material == key.material


def test_a_wiped_key_cannot_be_used(key: SiteKey, path: Path) -> None:
    key.wipe()
    with pytest.raises(SiteKeyError):
        KeyFileProvider(path).keep(key)
    assert "SiteKey" in repr(key)


def test_a_passphrase_opens_what_it_wrapped_and_nothing_else() -> None:
    key = SiteKey.generate()
    record = passphrase().keep(key)
    assert passphrase().fetch(key.key_id, record).material == key.material
    for other in ("Correct horse battery", "correct horse batter", "correct horse battery "):
        with pytest.raises(WrongPassphrase):
            passphrase(other).fetch(key.key_id, record)
    with pytest.raises(WrongPassphrase):  # the record of one generation put under another
        passphrase().fetch(SiteKey.generate().key_id, record)


def test_accents_may_be_typed_in_either_form() -> None:
    key = SiteKey.generate()
    record = passphrase("zw\u00f6lf Boxk\u00e4mpfer").keep(key)
    assert passphrase("zwo\u0308lf Boxka\u0308mpfer").fetch(key.key_id, record).material == key.material


def test_a_short_passphrase_is_refused_when_set() -> None:
    with pytest.raises(WeakPassphrase):
        passphrase("fourteen chars").keep(SiteKey.generate())
    passphrase("fifteen chars !").keep(SiteKey.generate())


@pytest.mark.parametrize(
    "change",
    [
        {"memory_kib": 1024},
        {"iterations": 1},
        {"kdf": "pbkdf2"},
        {"memory_kib": 2**31},
        {"iterations": 10**9},
        {"lanes": 0},
        {"salt": ""},
        {"salt": "AAAA"},
        {"wrapped": "%%%"},
        {"memory_kib": "much"},
    ],
)
def test_a_weakened_or_absurd_record_is_refused_before_it_is_tried(change: dict[str, object]) -> None:
    key = SiteKey.generate()
    record = {**passphrase().keep(key), **change}

    def tried() -> float:
        raise AssertionError("the key was derived, which is what the clock is read for")

    with pytest.raises(KdfRefused):
        PassphraseProvider(SecretStr("correct horse battery"), timer=tried).fetch(key.key_id, record)


def test_changed_parameters_that_are_strong_enough_still_do_not_open() -> None:
    key = SiteKey.generate()
    record = passphrase().keep(key)
    with pytest.raises(WrongPassphrase):
        passphrase().fetch(key.key_id, {**record, "iterations": 4})


@pytest.mark.parametrize("per_pass", [0.02, 0.1, 0.3])
def test_the_tuned_cost_is_about_a_second_and_never_below_the_least(per_pass: float) -> None:
    # A machine that takes so many seconds for each pass over the memory, however busy this one is.
    readings = iter([0.0, 3 * per_pass] * 2 + [0.0, 12 * per_pass] * 2)
    cost = tuned_cost(timer=lambda: next(readings))
    assert cost.memory_kib >= 64 * 1024
    assert cost.iterations == 3 or cost.iterations * per_pass == pytest.approx(1.0, rel=0.2)
    assert tuned_cost(0.001) == Argon2Cost(iterations=3)


def test_a_cost_that_has_become_too_low_is_noticed() -> None:
    key = SiteKey.generate()
    record = passphrase().keep(key)
    words = SecretStr("correct horse battery")
    slow = PassphraseProvider(words, timer=iter((0.0, 0.9)).__next__)
    slow.fetch(key.key_id, record)
    assert not slow.outgrown
    provider = PassphraseProvider(words, timer=iter((0.0, 0.1, 0.2, 0.3)).__next__)
    provider.fetch(key.key_id, record)
    assert provider.outgrown
    provider.wipe()
    with pytest.raises(WrongPassphrase):
        provider.fetch(key.key_id, record)


@given(st.integers(0, 10_000))
def test_a_recovery_code_survives_paper(seed: int) -> None:
    code = new_recovery_code().get_secret_value()
    assert len(code) == 41
    assert not set(code) & set("ILOU")
    sloppy = code.lower().replace("0", "o" if seed % 2 else "O").replace("1", "l" if seed % 3 else "i")
    sloppy = sloppy.replace("-", " " if seed % 5 else "")
    assert read_recovery_code(SecretStr(sloppy)) == read_recovery_code(SecretStr(code))


FIXED_CODE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_typing_errors_are_found_by_the_checksum() -> None:
    code = _with_checksum(FIXED_CODE)
    assert len(read_recovery_code(SecretStr(code))) == 20
    missed = tried = 0
    for at in range(len(code)):
        for char in FIXED_CODE:
            if char != code[at]:
                tried += 1
                missed += _accepted(code[:at] + char + code[at + 1 :])
    for at in range(len(code) - 1):
        swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
        if swapped != code:
            tried += 1
            missed += _accepted(swapped)
    assert tried > 1100
    assert missed == 0
    for wrong in ("", code[:-1], code + "0", code[:-1] + "U", code[:-1] + "é"):
        assert not _accepted(wrong)


def _accepted(code: str) -> bool:
    try:
        read_recovery_code(SecretStr(code))
    except RecoveryCodeMistyped:
        return False
    return True


def _with_checksum(body: str) -> str:
    """The one ending of 32,768 that fits, found by trying as a forger would."""
    for number in range(32**3):
        ending = "".join(FIXED_CODE[number >> shift & 31] for shift in (10, 5, 0))
        if _accepted(body + ending):
            return body + ending
    raise AssertionError("no checksum fits")


def test_a_recovery_code_opens_its_own_wrap_only() -> None:
    key, code = SiteKey.generate(), new_recovery_code()
    record = RecoveryProvider(code).keep(key)
    assert RecoveryProvider(code).fetch(key.key_id, record).material == key.material
    with pytest.raises(WrongPassphrase):
        RecoveryProvider(new_recovery_code()).fetch(key.key_id, record)
    with pytest.raises(WrongPassphrase):
        RecoveryProvider(code).fetch(SiteKey.generate().key_id, record)
    with pytest.raises(WrongPassphrase):
        RecoveryProvider(code).fetch(key.key_id, {"salt": "AAAA"})


def test_records_hold_no_key() -> None:
    key = SiteKey.generate()
    record = repr((passphrase().keep(key), RecoveryProvider(new_recovery_code()).keep(key)))
    assert key.material.hex() not in record
