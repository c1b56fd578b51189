"""A step that may have been done is never repeated before the device was asked, however long it takes until it answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.jobs import JobContext
from tests.kit.desk import Desk
from tests.kit.work import task_rows


class Away(DsmError):
    """The device restarts: it was told, and says nothing for a while."""

    blame = Blame.PEER
    retryable = True

    def __init__(self, retry_after: float = 0.02) -> None:
        super().__init__("no connection")
        self.retry_after = retry_after


class Lost(DsmError):
    """The connection broke after the request had left."""

    blame = Blame.PEER
    retryable = True
    sent = True


class Refused(DsmError):
    """The device will not say, and asking again would not help."""

    blame = Blame.PEER


def test_a_device_that_is_away_is_asked_until_it_answers(desk: Desk) -> None:
    sent, asked = [], []

    def send() -> str:
        sent.append(1)
        raise Away

    def probe() -> str | None:
        asked.append(1)
        if len(asked) < 4:
            raise Away
        return "JID_1"

    async def body(ctx: JobContext) -> str:
        return await ctx.step("submit", send, changing=True, interrupted=probe)

    desk.start(body)
    job = desk.submit()
    assert desk.until_ended(job).state == "completed"
    assert (len(sent), len(asked)) == (1, 4)


def test_a_probe_that_cannot_tell_ends_the_step_and_repeats_nothing(desk: Desk) -> None:
    sent = []

    def send() -> str:
        sent.append(1)
        raise Away

    def probe() -> str | None:
        raise Refused("locked down")

    async def body(ctx: JobContext) -> str:
        return await ctx.step("submit", send, changing=True, interrupted=probe, attempts=5)

    desk.start(body)
    job = desk.submit()
    assert desk.until_ended(job).state == "failed"
    assert len(sent) == 1
    [task] = task_rows(desk.store, job)
    assert "locked down" in task.error["message"]


@pytest.mark.parametrize("taken", [True, False])
def test_a_change_whose_answer_is_lost_is_looked_for_and_never_sent_again(desk: Desk, taken: bool) -> None:
    sent, asked = [], []

    def send() -> str:
        sent.append(1)
        raise Lost("cut off")

    def probe() -> str | None:
        asked.append(1)
        return "JID_1" if taken else None

    async def body(ctx: JobContext) -> str:
        return await ctx.step("submit", send, changing=True, interrupted=probe)

    desk.start(body)
    job = desk.submit()
    ended = desk.until_ended(job)
    assert len(sent) == 1
    assert len(asked) >= 1
    assert ended.state == ("completed" if taken else "failed"), task_rows(desk.store, job)


def test_what_was_never_sent_is_not_looked_for(desk: Desk) -> None:
    asked = []

    def send() -> str:
        raise Refused("locked down")

    def probe() -> str:
        asked.append(1)
        return "JID_1"

    async def body(ctx: JobContext) -> str:
        return await ctx.step("submit", send, changing=True, interrupted=probe)

    desk.start(body)
    assert desk.until_ended(desk.submit()).state == "failed"
    assert asked == []


@pytest.mark.parametrize("sent", [False, True])
def test_a_device_that_asks_for_a_day_is_waited_for_as_long_as_patience_lasts(desk: Desk, sent: bool) -> None:
    """What was changed for the time of the job is not left so for a day: neither where the change is refused nor where the
    device is asked whether it has taken it."""
    put_back, tomorrow = [], Away(86_400.0)

    def refuse() -> str:
        raise Away if sent else tomorrow

    def probe() -> str | None:
        if sent:
            raise tomorrow
        return None

    async def body(ctx: JobContext) -> str:
        async with ctx.always("mode", "Mode back", lambda: put_back.append(1), original={}):
            return await ctx.step("submit", refuse, changing=True, interrupted=probe)

    desk.config = replace(desk.config, patience=0.5)
    desk.start(body)
    assert desk.until_ended(desk.submit()).state == "failed"
    assert put_back == [1]
