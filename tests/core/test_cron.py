"""Cron expressions: when they are due next, and which ones are refused with the field named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsm_desktop.core.cron import Cron
from dsm_desktop.core.errors import BadInput

NOW = datetime(2026, 11, 28, 12, 34, 56, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * *", "2026-11-28 12:35"),
        ("0 22 * * *", "2026-11-28 22:00"),
        ("15 */4 * * *", "2026-11-28 16:15"),
        ("0 22 * * 1-5", "2026-11-30 22:00"),
        ("0 6 * * 0", "2026-11-29 06:00"),
        ("0 6 * * 7", "2026-11-29 06:00"),
        ("30 1 1 1,7 *", "2027-01-01 01:30"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
        ("5 4 1 * 1", "2026-11-30 04:05"),  # the first of the month, or a Monday
        ("10/20 12 * * *", "2026-11-28 12:50"),
    ],
)
def test_next(text: str, due: str) -> None:
    found = Cron.of(text).next_after(NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == due


def test_a_day_that_never_comes() -> None:
    assert Cron.of("0 0 31 2 *").next_after(NOW) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [("* * * *", "five"), ("60 * * * *", "minute"), ("* 5-1 * * *", "hour"), ("* * 0 * *", "day"), ("* * * x *", "month"),
     ("* * * * 8", "weekday"), ("*/0 * * * *", "minute")],
)  # fmt: skip
def test_refused(text: str, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        Cron.of(text)


@given(st.integers(0, 59), st.integers(0, 23), st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1)))
def test_daily_is_due_within_a_day_and_at_that_minute(minute: int, hour: int, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    found = Cron.of(f"{minute} {hour} * * *").next_after(moment)
    assert found is not None
    assert (found.hour, found.minute) == (hour, minute)
    assert timedelta(0) < found - moment <= timedelta(days=1)
