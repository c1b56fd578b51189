"""Cron expressions of five fields: minute, hour, day of month, month, day of week (0 and 7 are Sunday).

Each field is `*`, a number, a range `1-5`, a list `1,15`, or any of these with a step `*/10`. As cron does it, a day matches
when day of month or day of week matches, if both are restricted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from dsm_desktop.core.errors import BadInput

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_LONGEST = timedelta(days=366 * 5)
"""29 February comes at the latest after eight years, but nobody checks a cluster so rarely."""


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that was understood. Times are those of the zone of the moment asked about."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    any_weekday: bool

    @classmethod
    def of(cls, text: str) -> Cron:
        """Raises BadInput that names the field."""
        parts = text.split()
        if len(parts) != len(_FIELDS):
            raise BadInput(
                f"'{text}' has {len(parts)} fields, a cron expression has five.",
                hint="Write minute hour day month weekday, such as '0 22 * * 1-5'.",
            )
        minutes, hours, days, months, weekdays = (
            _field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
        )
        return cls(
            minutes,
            hours,
            days,
            months,
            frozenset(day % 7 for day in weekdays),
            parts[2] == "*",
            parts[4] == "*",
        )

    def next_after(self, moment: datetime) -> datetime | None:
        """The first matching minute after a moment, in its zone; None when there is none for years."""
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        end = at + _LONGEST
        while at < end:
            if at.month not in self.months or not self._day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _day(self, at: datetime) -> bool:
        by_day, by_weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            if span == "*":
                begin, end = low, high
            else:
                begin = int(first)
                end = int(last) if dash else (high if step else begin)
            every = int(step) if step else 1
        except ValueError:
            raise BadInput(
                f"'{part}' is no {name} of a cron expression.", hint="Use numbers, * - , /."
            ) from None
        if not (low <= begin <= end <= high and every > 0):
            raise BadInput(
                f"'{part}' is no {name} of a cron expression.",
                hint=f"Use {low} to {high}, from small to large.",
            )
        found.update(range(begin, end + 1, every))
    return frozenset(found)
