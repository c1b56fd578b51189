"""New passwords that every iDRAC generation takes."""

from __future__ import annotations

import secrets
import string

from pydantic import SecretStr

LETTERS = "".join(c for c in string.ascii_letters if c not in "IlO")
DIGITS = "23456789"
SIGNS = "-_+="
"""Taken by iDRAC7 to 10 in every place a password is typed, and by URLs of shares; no “@” (virtual media refuses it)."""
LONGEST = {"iDRAC7": 20, "iDRAC8": 20}
LONGEST_ELSE = 40


def longest(generation: str) -> int:
    """How many characters a generation takes at most (AccountService.MaxPasswordLength is 40 on iDRAC9, 20 on older)."""
    return LONGEST.get(generation, LONGEST_ELSE)


def make_password(length: int) -> SecretStr:
    """A random password of letters, digits and signs, at least one of each case and kind, that begins with a letter.

    56 characters to choose from: 20 of them are 116 bits.
    """
    alphabet = LETTERS + DIGITS + SIGNS
    while True:
        made = secrets.choice(LETTERS) + "".join(secrets.choice(alphabet) for _ in range(length - 1))
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: c in SIGNS)
        if all(any(kind(c) for c in made) for kind in kinds):
            return SecretStr(made)
