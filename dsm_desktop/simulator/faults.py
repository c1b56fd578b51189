"""What can be made to go wrong with a simulated iDRAC, by name. The list is data: `KINDS`.

A fault either answers instead of the device (stage "instead": the request has no effect), spoils the device's answer
(stage "answer": the effect has happened), changes the connection itself (stage "connection"), or strikes inside the
device while it works (stage "inside").
Every fault also takes `uri` (regular expression on the path), `verbs`, `skip` (let so many matching requests pass first)
and `times` (then so often, 0 = until cleared).
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable
from typing import Any, Final

from dsm_desktop.simulator import spoilers
from dsm_desktop.simulator.errors import UnknownFault
from dsm_desktop.simulator.exchange import Delivery, Request, Response, json_response
from dsm_desktop.simulator.jobs.accidents import ACCIDENTS
from dsm_desktop.simulator.messages import Speaker
from dsm_desktop.simulator.mishaps import MISHAPS
from dsm_desktop.simulator.texts import TEXTS

Values = dict[str, Any]
Instead = Callable[[Speaker, Request, Values], Response | None]
Spoil = Callable[[Response, Values], Response]


@dataclasses.dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault that can be switched on. `parameters` maps a name to its default."""

    name: str
    help: str
    stage: str
    parameters: dict[str, Any] = dataclasses.field(default_factory=dict)
    instead: Instead | None = None
    spoil: Spoil | None = None
    hostile: bool = False
    """May be picked by the fault `hostile`."""


def _unauthorized(speak: Speaker, request: Request, values: Values) -> Response | None:
    return speak.unauthorized(challenge=False)


def _sessions_full(speak: Speaker, request: Request, values: Values) -> Response | None:
    if request.verb == "POST" and request.path.endswith("/Sessions"):
        return speak.error(503, speak.info("RAC0218"), speak.info("SessionLimitExceeded"))
    return None


def _sys518(speak: Speaker, request: Request, values: Values) -> Response | None:
    seconds = str(values["seconds"])
    headers = (("Retry-After", seconds),) if values["header"] else ()
    return speak.error(
        503, speak.info("ServiceTemporarilyUnavailable", seconds), speak.info("SYS518"), headers=headers
    )


def _not_ready(speak: Speaker, request: Request, values: Values) -> Response | None:
    return speak.error(400, speak.info("SWC0700"))


def _fail_next(speak: Speaker, request: Request, values: Values) -> Response | None:
    return speak.error(int(values["status"]), speak.info("SYS446"), speak.info("InternalError"))


def _error_inside(speak: Speaker, request: Request, values: Values) -> Response | None:
    if request.verb not in ("POST", "PATCH") or request.path.endswith("/Sessions"):
        return None
    key = str(values["key"])
    infos = [speak.info("Success"), speak.info(key if key in TEXTS else "SYS446")]
    return json_response(200, {"@Message.ExtendedInfo": infos})


def _redirect(speak: Speaker, request: Request, values: Values) -> Response | None:
    return Response(
        int(values["status"]), b"", (("Location", str(values["to"]).rstrip("/") + request.target),)
    )


def _hang(speak: Speaker, request: Request, values: Values) -> Response | None:
    return Response(200, delivery=Delivery(hang=True))


def _reset_before(speak: Speaker, request: Request, values: Values) -> Response | None:
    return Response(200, delivery=Delivery(cut_after=-1))


def _garbage(speak: Speaker, request: Request, values: Values) -> Response | None:
    return Response(
        200, delivery=Delivery(raw=bytes(random.Random(values["seed"]).getrandbits(8) for _ in range(400)))
    )


KINDS: Final[dict[str, FaultKind]] = {
    kind.name: kind
    for kind in (
        FaultKind("slow", "Answers come late.", "answer", {"seconds": 2.0}, spoil=spoilers.slow),
        FaultKind(
            "hang", "No answer ever comes; the connection stays open.", "instead", instead=_hang, hostile=True
        ),
        FaultKind("unauthorized", "401 to everything.", "instead", instead=_unauthorized, hostile=True),
        FaultKind(
            "sessions_full",
            "503 RAC0218 to every sign-in; Basic still works.",
            "instead",
            instead=_sessions_full,
        ),
        FaultKind(
            "sys518",
            "503 SYS518 with a retry text, as after a restart.",
            "instead",
            {"seconds": 30, "header": False},
            instead=_sys518,
            hostile=True,
        ),
        FaultKind(
            "not_ready", "400 SWC0700: the iDRAC is not ready.", "instead", instead=_not_ready, hostile=True
        ),
        FaultKind(
            "fail_next",
            "An error status with Dell's envelope; use times=n.",
            "instead",
            {"status": 500},
            instead=_fail_next,
            hostile=True,
        ),
        FaultKind(
            "error_inside",
            "200 to a change that was not made, with this message inside.",
            "instead",
            {"key": "SYS446"},
            instead=_error_inside,
        ),
        FaultKind(
            "redirect",
            "Redirects to another base URL.",
            "instead",
            {"to": "https://127.0.0.1:1", "status": 302},
            instead=_redirect,
            hostile=True,
        ),
        FaultKind(
            "reset_before",
            "Connection reset instead of an answer; nothing was done.",
            "instead",
            instead=_reset_before,
            hostile=True,
        ),
        FaultKind(
            "garbage", "Bytes that are not HTTP.", "instead", {"seed": 0}, instead=_garbage, hostile=True
        ),
        FaultKind(
            "reset_midway",
            "The request is carried out, then the connection is reset without an answer.",
            "answer",
            spoil=spoilers.reset_midway,
            hostile=True,
        ),
        FaultKind(
            "cut", "Connection reset in the middle of the body.", "answer", spoil=spoilers.cut, hostile=True
        ),
        FaultKind(
            "truncated",
            "A whole answer whose JSON stops half-way.",
            "answer",
            spoil=spoilers.truncated,
            hostile=True,
        ),
        FaultKind(
            "not_json",
            "An HTML page instead of JSON.",
            "answer",
            {"status": 200},
            spoil=spoilers.not_json,
            hostile=True,
        ),
        FaultKind(
            "two_documents",
            "Two JSON documents in one body (seen on iDRAC8).",
            "answer",
            spoil=spoilers.two_documents,
            hostile=True,
        ),
        FaultKind("huge", "A body of so many megabytes.", "answer", {"mb": 200}, spoil=spoilers.huge),
        FaultKind(
            "gzip_bomb",
            "A small compressed body that unpacks to so many megabytes.",
            "answer",
            {"mb": 200},
            spoil=spoilers.gzip_bomb,
        ),
        FaultKind(
            "deep",
            "JSON nested so many levels.",
            "answer",
            {"nesting": 100_000},
            spoil=spoilers.deep,
            hostile=True,
        ),
        FaultKind(
            "byte_by_byte",
            "The answer drips.",
            "answer",
            {"pause": 0.05},
            spoil=spoilers.byte_by_byte,
            hostile=True,
        ),
        FaultKind(
            "wrong_content_length",
            "Content-Length is off by so many bytes.",
            "answer",
            {"delta": 100},
            spoil=spoilers.wrong_content_length,
            hostile=True,
        ),
        FaultKind(
            "foreign_links",
            "Links, nextLink and Location point to another host; style: absolute, slashes, userinfo.",
            "answer",
            {"host": "127.0.0.1:1", "style": "absolute"},
            spoil=spoilers.foreign_links,
            hostile=True,
        ),
        FaultKind(
            "missing_members",
            "Collections without Members.",
            "answer",
            spoil=spoilers.missing_members,
            hostile=True,
        ),
        FaultKind(
            "wrong_types",
            "Numbers, strings, lists and objects swapped.",
            "answer",
            {"seed": 0},
            spoil=spoilers.wrong_types,
            hostile=True,
        ),
        FaultKind(
            "unlisted",
            "Lists of allowed values miss these words, as on older firmware.",
            "answer",
            {"words": "HTTPS"},
            spoil=spoilers.unlisted,
        ),
        FaultKind("nulls", "Every value null.", "answer", spoil=spoilers.nulls, hostile=True),
        FaultKind(
            "unexpected_status",
            "The right body under a wrong status.",
            "answer",
            {"status": 204},
            spoil=spoilers.unexpected_status,
            hostile=True,
        ),
        FaultKind("changed_certificate", "Another certificate is shown.", "connection"),
        FaultKind("tls_old", "TLS 1.0 and 1.1 only.", "connection"),
        FaultKind(
            "hostile", "Another fault, drawn anew for every request.", "hostile", {"seed": 0, "share": 0.7}
        ),
        *(FaultKind(name, help, "inside", parameters) for name, help, parameters in (*ACCIDENTS, *MISHAPS)),
    )
}

COMMON: Final = {"uri": "", "verbs": (), "skip": 0, "times": 0}


@dataclasses.dataclass(slots=True)
class Active:
    """A fault that is switched on, with how often it still passes or strikes."""

    kind: FaultKind
    values: Values
    uri: re.Pattern[str] | None
    verbs: frozenset[str]
    skip: int
    left: int | None
    rng: random.Random

    def strikes(self, request: Request) -> bool:
        """Whether this request is hit; counts down."""
        if self.uri is not None and not self.uri.search(request.path):
            return False
        if self.verbs and request.verb not in self.verbs:
            return False
        return self.counts()

    def counts(self) -> bool:
        """One more occasion: whether it is let pass or struck."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.left is None:
            return True
        self.left -= 1
        return self.left >= 0


class FaultSet:
    """The faults of one iDRAC."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._active: dict[str, Active] = {}
        self.struck = 0
        """Requests hit so far."""

    def __bool__(self) -> bool:
        return bool(self._active)

    def set(self, name: str, values: Values) -> None:
        """Switch a fault on, or change its parameters."""
        kind = KINDS.get(name)
        if kind is None:
            raise UnknownFault(
                f"There is no fault {name!r}.", hint="The known ones: " + ", ".join(KINDS) + "."
            )
        unknown = values.keys() - kind.parameters.keys() - COMMON.keys()
        if unknown:
            known = ", ".join((*kind.parameters, *COMMON))
            raise UnknownFault(
                f"Fault {name!r} has no parameter {', '.join(sorted(unknown))}.", hint=f"It takes {known}."
            )
        merged = {**kind.parameters, **values}
        uri, times = str(merged.get("uri", "")), int(merged.get("times", 0))
        verbs = frozenset(v.upper() for v in merged.get("verbs", ()))
        rng = random.Random(f"{self._seed}/{merged.get('seed', 0)}")
        self._active[name] = Active(
            kind,
            merged,
            re.compile(uri) if uri else None,
            verbs,
            int(merged.get("skip", 0)),
            times or None,
            rng,
        )

    def clear(self, name: str | None = None) -> None:
        """Switch one fault or all of them off."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)

    def names(self) -> list[str]:
        """Faults switched on."""
        return list(self._active)

    def active(self, name: str) -> bool:
        """Whether a connection fault is on."""
        return name in self._active

    def take(self, name: str, subject: str = "") -> Values | None:
        """Parameters of an "inside" fault that strikes now; `subject` is compared with its parameter `kind`."""
        fault = self._active.get(name)
        if fault is None or str(fault.values.get("kind", "")) not in subject:
            return None
        return fault.values if fault.counts() else None

    def pick(self, request: Request) -> list[tuple[FaultKind, Values]]:
        """The faults that hit this request, in the order they were set."""
        hits: list[tuple[FaultKind, Values]] = []
        for fault in list(self._active.values()):
            if fault.kind.stage in ("connection", "inside") or not fault.strikes(request):
                continue
            if fault.kind.stage == "hostile":
                hits.extend(_draw(fault))
            else:
                hits.append((fault.kind, fault.values))
        self.struck += bool(hits)
        return hits


def _draw(fault: Active) -> list[tuple[FaultKind, Values]]:
    rng = fault.rng
    if rng.random() > float(fault.values["share"]):
        return []
    kind = rng.choice([k for k in KINDS.values() if k.hostile])
    values = dict(kind.parameters)
    values.update(
        seed=rng.getrandbits(32),
        delta=rng.choice((-5, 3, 4000)),
        pause=rng.choice((0.0002, 0.004)),
        nesting=rng.choice((50, 5000)),
    )
    if kind.name in ("fail_next", "unexpected_status"):
        values["status"] = rng.choice((100, 204, 301, 400, 404, 405, 409, 412, 418, 429, 500, 502, 503))
    return [(kind, values)]
