"""Hours in which nothing pops up but failures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of the day by this machine's clock, over midnight too; `begins` None = never. The end is no part of it."""

    begins: time | None = None
    ends: time | None = None

    @classmethod
    def of(cls, begins: str, ends: str) -> QuietHours:
        """From "22:00" and "06:30"; empty or equal ones are no hours at all."""
        if not begins or not ends or begins == ends:
            return cls()
        return cls(time.fromisoformat(begins), time.fromisoformat(ends))

    def now(self, at: datetime | None = None) -> bool:
        """Whether it is quiet now."""
        if self.begins is None or self.ends is None:
            return False
        moment = (at or datetime.now().astimezone()).time()
        if self.begins < self.ends:
            return self.begins <= moment < self.ends
        return moment >= self.begins or moment < self.ends
