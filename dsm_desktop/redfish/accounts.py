"""The account we are signed in with: where it is, and giving it another password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import link
from dsm_desktop.redfish.errors import Missing, PasswordChangeRequired
from dsm_desktop.redfish.values import integer, text

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`max_length` of a password as the device states it, 0 where it does not (iDRAC7/8 take 20, iDRAC9 40 characters)."""

    uri: str
    max_length: int = 0


def own_account(client: RedfishClient, username: str) -> OwnAccount:
    """The slot of a user name, by links. Raises Missing.

    With the factory password the device refuses every reading but names the account in its refusal; that is enough.
    """
    try:
        path = link(client.root(), "AccountService")
        service = client.get(safe_path(path)) if path else {}
        accounts = link(service, "Accounts")
        for doc in client.documents.members(safe_path(accounts)) if accounts else []:
            if text(doc.get("UserName")) == username:
                return OwnAccount(
                    safe_path(link({"": doc}, "")), integer(service.get("MaxPasswordLength")) or 0
                )
    except PasswordChangeRequired as error:
        if not error.account:
            raise
        return OwnAccount(safe_path(error.account, where=client.transport.name))
    finally:
        client.documents.forget()
    raise Missing(
        f"the device lists no account “{username}”",
        hint="An account of a directory (LDAP, AD) is changed there.",
        where=client.transport.name,
    )


def set_password(client: RedfishClient, account_uri: str, password: str) -> None:
    """PATCH of the account. Ends all sessions of that account, this one too; a policy's refusal is RedfishError (SYS474 …)."""
    client.call("PATCH", account_uri, {"Password": password}, timeout=60)
