"""vSphere's fault objects → typed errors. Many faults have an empty text: then the type's name and its messages speak."""

from __future__ import annotations

import re
from typing import Any

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.redact import masked_text
from dsm_desktop.vmware.errors import LoginRefused, NoPrivilege, NotThere, VcenterFault

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OF_SESSION = "session["
"""So begin the moids of what a session has made for itself."""
_HINTS = {
    "InvalidState": "Look at the object's state: another task may be at work on it.",
    "TaskInProgress": "Wait for the other task, or cancel it in vCenter.",
    "ResourceInUse": "Wait until it is free.",
    "Timedout": "Look at what did not end, then try again with more time.",
    "MethodNotFound": "This version of vSphere does not offer it.",
    "NotSupported": "This object does not support it.",
    "RestrictedVersion": "The host's licence forbids changes through the API (free ESXi).",
    "HostNotConnected": "Reconnect the host in vCenter first.",
    "HostNotReachable": "Look whether the host runs and its management network answers.",
    "InsufficientFailoverResourcesFault": "HA's admission control keeps this room free: bring another host back first.",
    "InsufficientCpuResourcesFault": "Lower a reservation, or bring another host back first.",
    "InsufficientMemoryResourcesFault": "Lower a reservation, or bring another host back first.",
    "NoDiskSpace": "Free space on the datastore.",
    "ToolsUnavailable": "Start VMware Tools in the guest, or shut it down from inside, then go on.",
    "FileNotFound": "Look at the path.",
    "FileAlreadyExists": "It is there already.",
}


class SessionExpired(VcenterFault):
    """The session has ended, or what was made in it is gone with it; met inside this room only."""

    retryable = True


def fault_name(fault: Any) -> str:
    """The type's own name: "vim.fault.InvalidState" → "InvalidState"."""
    return type(fault).__name__.rpartition(".")[2]


def fault_text(fault: Any) -> str:
    """A sentence: the fault's text, else its messages, else its name in words. Accepts a LocalizedMethodFault too."""
    if fault is None:
        return ""
    inner = getattr(fault, "fault", None)
    told = [getattr(fault, "localizedMessage", ""), getattr(fault, "msg", ""), getattr(inner, "msg", "")]
    for source in (fault, inner):
        told += [getattr(line, "message", "") or "" for line in getattr(source, "faultMessage", None) or ()]
    said = next((" ".join(text.split()) for text in told if text and text.strip()), "")
    name = fault_name(inner if inner is not None else fault)
    return masked_text(said[:600]) or _WORDS.sub(" ", name).lower()


def moid_of(thing: Any) -> str:
    """The moid of a managed object, "" for None."""
    return str(getattr(thing, "_moId", "") or "")


def error_of(fault: Any, *, where: str, what: str, about: str = "") -> DsmError:
    """The typed error of a fault. `what` names the call, `about` the object it was made on."""
    name = fault_name(fault)
    said = fault_text(fault)
    detail = f"{what}: {name}"
    if name == "NotAuthenticated":
        return SessionExpired(name, said, about=about, where=where, detail=detail)
    if name in ("InvalidLogin", "InvalidLocale"):
        return LoginRefused(
            "user name and password were not accepted",
            hint="Correct the credential set; five wrong tries lock an SSO account.",
            where=where,
        )
    if name == "NoPermission":
        on = moid_of(getattr(fault, "object", None)) or about
        return NoPrivilege(str(getattr(fault, "privilegeId", "") or ""), on, where, detail)
    if name == "ManagedObjectNotFound":
        gone = moid_of(getattr(fault, "obj", None)) or about
        if gone.startswith(_OF_SESSION):
            # Views and collectors live in their session: when one is gone, so is that.
            return SessionExpired("NotAuthenticated", "the session has ended", where=where, detail=detail)
        return NotThere(
            name,
            f"{gone} is not there any more",
            about=gone,
            where=where,
            hint="Read the vCenter again.",
            detail=detail,
        )
    named = str(getattr(fault, "name", "") or getattr(fault, "invalidProperty", "") or "")
    return VcenterFault(
        name, said, about=about, named=named, where=where, hint=_HINTS.get(name, ""), detail=detail
    )
