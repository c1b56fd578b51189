"""What goes wrong with a vCenter or an ESXi host, as typed errors. Certificates, time-outs and refused logins keep the
types of `net`; here is what the service itself says."""

from __future__ import annotations

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.net.limits import RetryLater
from dsm_desktop.net.logins import LoginRefused

__all__ = [
    "LoginRefused",
    "NoPrivilege",
    "NotThere",
    "NotVsphere",
    "SessionLost",
    "Uncertain",
    "VcenterFault",
    "VcenterUnreachable",
]

RETRY_SECONDS = 10.0


class VcenterUnreachable(RetryLater):
    """No answer now: nobody listens, silence, a broken connection, or 503 while vCenter's services start. Nothing was
    changed by the call; a waiting job asks again."""

    def __init__(self, message: str, *, where: str, hint: str = "", detail: str = "") -> None:
        super().__init__(
            message,
            retry_after=RETRY_SECONDS,
            where=where,
            hint=hint
            or "Is vCenter running, and does the network lead there? What waits for it asks again by itself; else try again.",
            detail=detail,
        )


class NotVsphere(DsmError):
    """Something answers, but it is no vSphere API this program can speak to."""

    blame = Blame.PEER


class SessionLost(RetryLater):
    """The session had ended before a change was sent; nothing was changed, and the next call opens a new session."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"the session had ended, so {what} was not done",
            retry_after=1.0,
            where=where,
            hint="Try again: the next call signs in anew.",
        )


class Uncertain(DsmError):
    """A change left and its answer did not come: it may have been taken. Look at the object before anything is repeated."""

    blame = Blame.PEER

    def __init__(self, where: str, what: str, detail: str = "") -> None:
        super().__init__(
            f"{what} was sent and no answer came, so it may or may not have been done",
            hint="Look at the object and its recent tasks in vCenter before you repeat it.",
            where=where,
            detail=detail,
        )


class VcenterFault(DsmError):
    """The service refused a call. `fault` is vSphere's type name ("InvalidState"), `about` the object's moid, `named` the
    property or argument the fault names ("" where none)."""

    blame = Blame.PEER

    def __init__(
        self,
        fault: str,
        message: str,
        *,
        about: str = "",
        named: str = "",
        where: str = "",
        hint: str = "",
        detail: str = "",
    ) -> None:
        super().__init__(message, hint=hint, where=where, detail=detail)
        self.fault = fault
        self.about = about
        self.named = named


class NotThere(VcenterFault):
    """The object is not (any more) in this vCenter."""


class NoPrivilege(VcenterFault):
    """The account lacks `privilege` on the object `about`."""

    def __init__(self, privilege: str, about: str, where: str, detail: str = "") -> None:
        super().__init__(
            "NoPermission",
            f"the account lacks the privilege {privilege or '(not named)'} on {about or 'the object'}",
            about=about,
            named=privilege,
            where=where,
            hint="Give the account's role this privilege, or use another credential set.",
            detail=detail,
        )
        self.privilege = privilege
