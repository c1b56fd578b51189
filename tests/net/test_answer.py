"""What an answer's header fields mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from dsm_desktop.net.answer import LONGEST_PAUSE, Answer
from dsm_desktop.redfish.errors import messages, wait_of


def _answer(**headers: str) -> Answer:
    return Answer(503, {name.replace("_", "-"): value for name, value in headers.items()}, None, 0, 1.0)


def test_a_date_to_come_again_is_one_of_the_devices_clock() -> None:
    device = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=5)
    later = format_datetime(device + timedelta(seconds=30))
    assert _answer(retry_after=later, date=format_datetime(device)).retry_after() == 30.0
    assert _answer(retry_after=later, date="no date").retry_after() is not None
    assert _answer(retry_after="12").retry_after() == 12.0
    assert _answer(retry_after="soon").retry_after() is None


def test_no_device_is_left_alone_for_days_because_it_asks_for_it() -> None:
    for asked in ("86400", "9" * 50, "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert _answer(retry_after=asked).retry_after() == LONGEST_PAUSE
    busy = Answer(
        503, {}, {"error": {"@Message.ExtendedInfo": [{"Message": "Retry in 9999 seconds."}]}}, 0, 1.0
    )
    assert wait_of(busy, messages(busy.data)) == LONGEST_PAUSE
