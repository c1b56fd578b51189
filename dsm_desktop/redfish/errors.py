"""What a device says when it says no, as typed errors.

MessageIds are compared by their last part, case-insensitively: IDRAC.2.7.SYS403, iDRAC.1.6.SYS403 and SYS403 are one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.redact import masked_text
from dsm_desktop.net.answer import LONGEST_PAUSE, Answer
from dsm_desktop.net.limits import NotReady


@dataclass(frozen=True, slots=True)
class Message:
    """One ExtendedInfo entry. `id` is the last part of the MessageId, upper case ("SYS403", "RESOURCEMISSINGATURI")."""

    id: str
    text: str
    resolution: str = ""
    severity: str = ""
    args: tuple[str, ...] = ()


class RedfishError(DsmError):
    """The device refused a call. `status` is HTTP's, `ids` the message ids it gave."""

    blame = Blame.PEER

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        ids: tuple[str, ...] = (),
        hint: str = "",
        where: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message, hint=hint, where=where, detail=detail)
        self.status = status
        self.ids = ids


class Missing(RedfishError):
    """404: this device has no such resource."""


class Unsupported(RedfishError):
    """405, 501 or a refused query option: this firmware cannot do it."""


class Forbidden(RedfishError):
    """403: the account lacks the privilege, or a licence is missing."""


class ReadOnlyDevice(RedfishError):
    """Not an iDRAC: the program shows it and changes nothing."""


class LockedDown(RedfishError):
    """System lockdown mode is on: configuration is refused (power is not)."""


class PasswordChangeRequired(RedfishError):
    """The account still has its default password; everything but changing it is refused. `account`: its link, "" if not told."""

    account = ""


class RedfishDisabled(RedfishError):
    """Redfish is switched off on the device (attribute Redfish.1.Enable)."""


class SessionsFull(RedfishError):
    """All sessions of the device are taken (RAC0218)."""

    retryable = True


class ResourceBusy(NotReady):
    """A bare 503 for one document: no reason given, no time named; the rest of the device may well answer."""


class AlreadyInState(RedfishError):
    """The server is already in the state that was asked for."""


class Conflict(RedfishError):
    """409, or a job or pending change stands in the way."""

    retryable = True


class DeviceFault(RedfishError):
    """500: the device failed inside."""

    retryable = True


_RETRY_IN = re.compile(r"(?i)\b(\d{1,4})\s*seconds?\b")
_NOT_READY = {
    "SYS518",
    "SWC0700",
    "SERVICETEMPORARILYUNAVAILABLE",
    "SERVICEINUNKNOWNSTATE",
    "SYS537",
    "LC060",
}
_FULL = {"RAC0218", "SESSIONLIMITEXCEEDED", "CREATELIMITREACHEDFORRESOURCE"}
_LOGIN = {"SYS415", "SYS416", "RAC0212", "ACCESSDENIED", "RESOURCEATURIUNAUTHORIZED"}
_QUERY = {
    "SYS407",
    "SYS417",
    "SYS451",
    "SYS456",
    "SYS457",
    "QUERYNOTSUPPORTED",
    "QUERYNOTSUPPORTEDONRESOURCE",
    "QUERYPARAMETERVALUETYPEERROR",
}
_NO_REFUSAL = {
    "SUCCESS",
    "CREATED",
    "NOOPERATION",
    "RESETREQUIRED",
    "RESETRECOMMENDED",
    "CONDITIONINRELATEDRESOURCE",
    "PROPERTYDEPRECATED",
    "PROPERTYVALUEDEPRECATED",
    "PROPERTYVALUEMODIFIED",
    "RESOURCEDEPRECATED",
    "ACTIONDEPRECATED",
    *(
        "RAC0604",
        "RAC0608",
        "RAC0619",
        "RAC0651",
        "RAC0667",
        "RAC0668",
        "RAC0742",
        "RAC943",
        "RAC1060",
        "RAC1192",
    ),
}
"""Warnings beside a change that was made, or that had nothing to change: of DMTF's base registry, and of Dell's (R750), which say when
or after what restart a setting takes effect."""
_SUCCEEDED = re.compile(r"(?i)success")
_NEGATED = re.compile(r"(?i)\b(?:not|no|unable|cannot)\b|unsuccess")
"""SYS526 and RAC1040 are warnings that say "successfully"; BIOS024 "did not complete successfully"."""
_SAME = {"PSU501", "PSU502", "PWR8518", "PWR8519", "PWR8547"}
_SAME_STATE = re.compile(
    r"(?i)already (?:powered|in (?:the|a|this) |on\b|off\b|turned)|is already (?:on|off)|power state .*already|server is (?:already )?powered (?:on|off)"
)


def messages(data: Any) -> list[Message]:
    """ExtendedInfo of an answer body, wherever it stands; tolerant of strings where lists belong (iDRAC's MessageArgs "[]")."""
    if not isinstance(data, dict):
        return []
    error = data.get("error")
    body = error if isinstance(error, dict) else data
    entries = body.get("@Message.ExtendedInfo")
    found = []
    for entry in entries if isinstance(entries, list) else [entries]:
        if isinstance(entry, dict):
            ident = str(entry.get("MessageId") or "").rpartition(".")[2].upper()
            found.append(
                Message(
                    ident,
                    _line(entry.get("Message")),
                    _line(entry.get("Resolution")),
                    str(entry.get("Severity") or entry.get("MessageSeverity") or ""),
                    tuple(str(a) for a in args) if isinstance(args := entry.get("MessageArgs"), list) else (),
                )
            )
    if isinstance(error, dict):
        code = str(error.get("code") or "").rpartition(".")[2].upper()
        if code and code not in {m.id for m in found}:
            found.append(Message(code, _line(error.get("message"))))
    return found


def _line(text: Any) -> str:
    # Cut before it is masked as well: the masks look at each quotation mark up to the end of the text.
    return " ".join(masked_text(str(text or "")[:2_000])[:400].split())


def wait_of(answer: Answer, found: list[Message], otherwise: float = 30.0) -> float:
    """Seconds to leave the device alone: Retry-After, else "retry in N seconds" of a message, else `otherwise`."""
    header = answer.retry_after()
    if header is not None:
        return header
    for message in found:
        match = _RETRY_IN.search(message.text)
        if match:
            return min(float(match[1]), LONGEST_PAUSE)
    return otherwise


def refused_inside(answer: Answer) -> bool:
    """Whether an answer to a change says yes by its status and no by a message (iDRAC9 and 10: 200 with SYS410 inside).

    What has made a job or a resource (Location) was taken, whatever else it says: that one is followed.
    """
    return answer.ok and "location" not in answer.headers and any(map(_refuses, messages(answer.data)))


def _refuses(message: Message) -> bool:
    """By severity, and by "Unable to …", which Dell's registry calls informational of lockdown and the like."""
    if message.id in _NO_REFUSAL or (_SUCCEEDED.search(message.text) and not _NEGATED.search(message.text)):
        return False
    return message.severity in ("Warning", "Critical") or message.text.startswith("Unable to ")


def error_of(answer: Answer, *, where: str, what: str) -> DsmError:
    """The typed error for an answer that is not a success. `what` names the call ("GET /redfish/v1/Systems")."""
    found = [m for m in messages(answer.data) if not answer.ok or _refuses(m)]
    ids = {m.id for m in found}
    text, hint = _said(found, answer.status)
    if answer.ok:  # several settings in one call: each may have its own reason
        text = "; ".join(dict.fromkeys(m.text for m in found if m.text)) or text
    kind = _kind(answer.status, ids, text)
    if issubclass(kind, NotReady):
        if kind is ResourceBusy and answer.retry_after() is not None:
            kind = NotReady
        seconds = wait_of(answer, found)
        return kind(
            f"not ready yet: {text}",
            retry_after=seconds,
            where=where,
            detail=f"{what} → {answer.status} {sorted(ids)}",
        )
    assert issubclass(kind, RedfishError)
    error = kind(
        text,
        status=answer.status,
        ids=tuple(sorted(ids)),
        hint=hint,
        where=where,
        detail=f"{what} → {answer.status} {sorted(ids)}",
    )
    if isinstance(error, PasswordChangeRequired):
        links = (a for m in found if m.id == "PASSWORDCHANGEREQUIRED" for a in m.args)
        error.account = next(links, "")
    return error


def _said(found: list[Message], status: int) -> tuple[str, str]:
    """The device's own most telling sentence and its resolution: the vendor's entry before Base's."""
    telling = [m for m in found if m.text and m.id not in ("GENERALERROR", "SUCCESS")]
    own = [m for m in telling if re.fullmatch(r"[A-Z]{2,4}\d{2,4}", m.id)] or telling
    if not own:
        return f"the device answered {status}", ""
    return own[0].text, own[0].resolution


def _kind(status: int, ids: set[str], text: str) -> type[DsmError]:
    table: list[tuple[bool, type[DsmError]]] = [
        (bool(ids & _FULL), SessionsFull),
        (bool(ids & _NOT_READY), NotReady),
        (status == 503, ResourceBusy),
        ("PASSWORDCHANGEREQUIRED" in ids or "RAC1260" in ids, PasswordChangeRequired),
        ("SYS406" in ids, LockedDown),
        ("SYS419" in ids, RedfishDisabled),
        (bool(ids & _QUERY), Unsupported),
        (bool(ids & _SAME) or (status in (400, 409) and bool(_SAME_STATE.search(text))), AlreadyInState),
        (status == 404, Missing),
        (status in (405, 501), Unsupported),
        (status == 403, Forbidden),
        (status == 409, Conflict),
        (status >= 500, DeviceFault),
    ]
    return next((kind for holds, kind in table if holds), RedfishError)


def means_wrong_login(answer: Answer) -> bool:
    """True when an answer says that user name or password is wrong, by status or (iDRAC, status 400) by message."""
    return answer.status == 401 or (
        answer.status in (400, 403) and bool({m.id for m in messages(answer.data)} & _LOGIN)
    )
