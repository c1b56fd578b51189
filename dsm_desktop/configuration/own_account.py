"""The account this program signs in with: no change of settings may shut it out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(r"(Users\.\d+\.)UserName")
_LOGIN = 1
"""The bit of an iDRAC account's privileges that lets it sign in."""


def shuts_out(current: Mapping[str, Any], wanted: Mapping[str, Any], username: str) -> dict[str, str]:
    """Of the wanted attributes (Users.2.Enable …) those after which `username` could not sign in any more, each with the reason.
    `current` has the names of all accounts; a name that is none of them (a directory's) is shut out by nothing here."""
    found = {}
    for name, value in current.items():
        match = _NAME.fullmatch(name)
        if match is None or str(value).lower() != username.lower():
            continue
        why = f"{username} is the account this program signs in with"
        for leaf in ("Enable", "UserName", "Privilege"):
            key = match[1] + leaf
            if key in wanted and not _harmless(leaf, str(wanted[key]), username):
                found[key] = why
    return found


def _harmless(leaf: str, value: str, username: str) -> bool:
    match leaf:
        case "Enable":
            return value == "Enabled"
        case "UserName":
            return value.lower() == username.lower()
        case _:
            return value.isdigit() and bool(int(value) & _LOGIN)
