"""Secrets never leave: names whose values are masked, and the mask.

The list of places is the canary list of the threat model: headers, session bodies, account patches, share parameters,
user:password@ in URLs, SCP attributes and hashes, DSNs, webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "••••••"

_SECRET_NAMES = re.compile(
    r"(?i)(pass(word|wd|phrase|code)?$|password|passphrase|secret|token|authorization|cookie|api.?key|ipmikey|community|hash|salt"
    r"|private.?key|webhook|^pwd$|encryptionkey|tempusername|licensefile|sslcertificatefile|keyfile)"
)
_USERINFO = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s@]*@")
_BASIC = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._-]{6,}")


def is_secret_name(name: str) -> bool:
    """True for a header, JSON key or attribute name whose value must never be stored or shown."""
    return bool(_SECRET_NAMES.search(name))


def masked(value: Any, name: str = "") -> Any:
    """A copy of a JSON value (dict, list, scalar) with every secret replaced by MASK."""
    if (
        name
        and value not in (None, "")
        and is_secret_name(name)
        and not isinstance(value, dict | list | bool)
    ):
        return MASK
    if isinstance(value, Mapping):
        return {key: masked(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, name) for item in value]
    if isinstance(value, str):
        return masked_text(value)
    return value


def masked_text(text: str) -> str:
    """Free text with user:password@ parts and Basic/Bearer credentials masked."""
    return _BASIC.sub(rf"\1 {MASK}", _USERINFO.sub(rf"\g<scheme>{MASK}@", text))
