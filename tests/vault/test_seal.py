"""A sealed value opens at its own place and nowhere else, and not at all once a bit of it changed."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsm_desktop.vault.seal import Place, SealBroken, UnknownKey, key_id_of, open_sealed, seal
from dsm_desktop.vault.site_key import SiteKey

RECORDS = 1000
KEY = SiteKey.generate()
KEYS = {KEY.key_id: KEY}


def _records() -> list[tuple[Place, bytes, bytes]]:
    made = []
    for row_id in range(1, RECORDS + 1):
        place = Place("credential_sets", "secret", row_id, row_id % 7)
        value = secrets.token_bytes(1 + row_id % 24)
        made.append((place, value, seal(KEY, place, value)))
    return made


def _refused(place: Place, sealed: bytes) -> bool:
    try:
        open_sealed(KEYS, place, sealed)
    except SealBroken:
        return True
    return False


@given(value=st.binary(max_size=4096), row_id=st.integers(1, 2**62), version=st.integers(0, 2**31))
def test_what_was_sealed_opens_at_its_place(value: bytes, row_id: int, version: int) -> None:
    place = Place("t", "c", row_id, version)
    assert open_sealed(KEYS, place, seal(KEY, place, value)) == value


def test_every_single_bit_flip_of_1000_records_is_refused() -> None:
    tried = accepted = 0
    for place, _, sealed in _records():
        flipped = bytearray(sealed)
        for bit in range(len(sealed) * 8):
            flipped[bit >> 3] ^= 1 << (bit & 7)
            tried += 1
            accepted += not _refused(place, bytes(flipped))
            flipped[bit >> 3] ^= 1 << (bit & 7)
        assert not _refused(place, bytes(flipped))  # unharmed again: the refusals were the flips'
    assert accepted == 0
    assert tried > 300_000


def test_every_truncation_and_extension_of_1000_records_is_refused() -> None:
    for place, _, sealed in _records():
        assert all(_refused(place, sealed[:length]) for length in range(len(sealed)))
        assert _refused(place, sealed + b"\0")
        assert _refused(place, sealed[1:])


def test_every_move_of_1000_records_is_refused() -> None:
    records = _records()
    for (place, _, sealed), (_, _, neighbour) in zip(records, records[1:] + records[:1], strict=True):
        assert _refused(place, neighbour)
        for other in (
            replace(place, row_id=place.row_id + 1),
            replace(place, column="notes"),
            replace(place, table="bmc_sessions"),
            replace(place, version=place.version + 1),
            replace(place, version=place.version - 1),
            Place(place.table + "\0" + place.column, "secret", place.row_id, place.version),
        ):
            assert _refused(other, sealed)


def test_another_key_under_the_same_id_is_refused() -> None:
    place = Place("t", "c", 1)
    impostor = SiteKey(KEY.key_id, SiteKey.generate().material)
    with pytest.raises(SealBroken):
        open_sealed({KEY.key_id: impostor}, place, seal(KEY, place, b"x"))


def test_a_refusal_names_the_place_and_never_the_content() -> None:
    place = Place("credential_sets", "secret", 7, 3)
    sealed = seal(KEY, place, b"canary-content")
    with pytest.raises(SealBroken) as refused:
        open_sealed(KEYS, replace(place, row_id=8), sealed)
    assert refused.value.where == "credential_sets.secret, row 8"
    assert "canary" not in repr(refused.value.as_dict())
    assert sealed.hex() not in repr(refused.value.as_dict())


def test_a_key_that_is_not_open_is_named() -> None:
    stranger = SiteKey.generate()
    place = Place("t", "c", 1)
    with pytest.raises(UnknownKey, match=stranger.key_id):
        open_sealed(KEYS, place, seal(stranger, place, b"x"))


def test_two_seals_of_one_value_differ_and_name_their_key() -> None:
    place = Place("t", "c", 1)
    first, second = seal(KEY, place, b"x"), seal(KEY, place, b"x")
    assert first != second
    assert key_id_of(first) == key_id_of(second) == KEY.key_id
    assert key_id_of(b"") == key_id_of(b"\x02" + first[1:]) == ""
