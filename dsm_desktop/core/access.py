"""Who acts, and what they may do."""

from __future__ import annotations

import enum
import getpass
import socket
from dataclasses import dataclass

from dsm_desktop.core.errors import Denied


class Permission(enum.StrEnum):
    """Smallest to largest right; each role holds all up to its own."""

    VIEW = "view"
    OPERATE = "operate"
    CONFIGURE = "configure"
    ADMIN = "admin"


class Role(enum.StrEnum):
    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def may(self, permission: Permission) -> bool:
        return permission in _RIGHTS[self]


_RIGHTS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.VIEW}),
    Role.OPERATOR: frozenset({Permission.VIEW, Permission.OPERATE}),
    Role.ADMIN: frozenset(Permission),
}
_HINTS = {Role.VIEWER: "Start without --read-only."}
"""A viewer is who started the program to look only: nobody else has to be asked."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person (or agent) behind a command; `name` is what the audit log shows."""

    name: str
    role: Role = Role.ADMIN

    def require(self, permission: Permission, what: str) -> None:
        """Raise Denied unless the role holds the permission."""
        if not self.role.may(permission):
            raise Denied(
                f"{self.name} may not {what}: this needs the permission '{permission.value}'.",
                hint=_HINTS.get(self.role, "Ask an administrator of this site."),
            )


def look_only(who: Principal) -> Principal:
    """The same person in a session that was started to look only."""
    return Principal(who.name, Role.VIEWER)


def local_principal() -> Principal:
    """The operating system's user on this machine, as administrator of his own store (user@host)."""
    return Principal(name=f"{getpass.getuser()}@{socket.gethostname()}")
