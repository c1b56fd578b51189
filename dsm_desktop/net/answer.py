"""What came back from a device, read with suspicion: one JSON document within the caps, whatever surrounds it."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked, masked_text

LONGEST_PAUSE = 600.0
"""Seconds for which a device is left alone at most, whatever it asks for: one that says "tomorrow" is asked again today."""

MAX_DEPTH = 64
"""Levels of JSON in an error body that is masked and recorded; real documents have fewer than 12.

orjson itself refuses more than 1,024 levels, and nothing here recurses over a document, so others are not walked:
an exact count costs 100 µs a document, a third of the whole GET.
"""

_ORJSON_DEPTH = 1_024


class BadAnswer(DsmError):
    """The device answered something that is not HTTP with JSON within the caps (HTML page, cut body, 50 MB, nested too deep)."""

    blame = Blame.PEER
    retryable = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, header fields by lower-case name, the JSON document (None for an empty body), how long it took, and the body as it came
    (of a configuration profile every byte counts, also what stands behind its first document)."""

    status: int
    headers: Mapping[str, str]
    data: Any
    size: int
    latency_ms: float
    raw: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def retry_after(self) -> float | None:
        """Seconds of a Retry-After header (number or date), LONGEST_PAUSE at most; None when absent or nonsense.

        A date is one of the device's clock, which may be hours from ours; its Date header says what that clock shows.
        """
        text = self.headers.get("retry-after", "").strip()
        if text.isdecimal():
            return min(float(text[:6]), LONGEST_PAUSE)
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            asked = parsedate_to_datetime(text).timestamp() - self._device_time()
            return min(max(0.0, asked), LONGEST_PAUSE)
        return None

    def _device_time(self) -> float:
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            return parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        return time.time()


def parse_json(raw: bytes, content_type: str, status: int, where: str) -> Any:
    """The JSON document of a body; None for an empty one. Of two documents in one body the first (iDRAC8, check_redfish 151).

    An error page that is not JSON gives None (the status speaks); a success that is not JSON raises BadAnswer.
    """
    if not raw:
        return None
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        data = _first_document(raw)
        if data is None:
            if status >= 300 or "xml" in content_type or "octet-stream" in content_type:
                return None
            kind = "an HTML page" if b"<html" in raw[:2000].lower() else "no JSON"
            raise BadAnswer(
                f"the answer is {kind}",
                hint="Is this a Redfish service?",
                where=where,
                detail=f"{error}; {len(raw)} bytes",
            ) from error
    return data


def _first_document(raw: bytes) -> Any:
    start = raw[:64].lstrip()[:1]
    if start not in (b"{", b"["):
        return None
    try:
        found = json.JSONDecoder().raw_decode(raw.decode("utf-8", "replace").lstrip("\ufeff \t\r\n"))[0]
    except (ValueError, RecursionError):
        return None
    # Python 3.12 and later nest ten times as deep before they refuse.
    return None if too_deep(found, _ORJSON_DEPTH) else found


def too_deep(data: Any, limit: int = MAX_DEPTH) -> bool:
    """True when containers are nested more than `limit` deep; never recurses."""
    level = [data]
    for _ in range(limit):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


_SPACES = re.compile(r"\s+")


def masked_answer(answer: Answer) -> Any:
    """Error body for the activity log: masked and short."""
    if answer.data is not None:
        return masked(answer.data) if answer.size < 8192 and not too_deep(answer.data) else None
    return masked_text(_SPACES.sub(" ", answer.raw[:400].decode("utf-8", "replace")))
