"""Which names of headers, JSON keys, attributes and parameters carry secrets, and which are known to be harmless.

Taken from the places passwords were met on iDRAC8 to iDRAC10, vCenter and their tools: session and account bodies, share
parameters, server configuration profiles (also with IncludePasswordHashValues), SNMPv3, iSCSI CHAP, BIOS setup
passwords, KVM viewer links, event destinations, DSNs, webhooks.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Matched against the name in lower case without punctuation ("Users.2#MD5v3Key" -> "users2md5v3key").
_PARTS = (
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "keyphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "apikey",
    "ipmikey",
    "v3key",
    "authenticationkey",
    "encryptionkey",
    "securitykey",
    "privacykey",
    "privatekey",
    "preshared",
    "community",
    "webhook",
    "tempusername",
    "vcsid",
    "soapsession",
    "httpsession",
    "jsessionid",
    "apisessionid",
    "licensefile",
    "certificatefile",
    "keyfile",
    "pkcs12",
    "httpheaders",
    "proxyauth",
    "importbuffer",
)
_ENDS = ("pwd", "hash", "salt", "psk", "ticket", "pass", "credential", "credentials", "rootpw", "bindpw")
_EXACT = frozenset({"pw", "pin", "otp", "st1", "st2", "xsrf", "auth", "p12", "pfx", "sessionkey", "nonce"})
# A password's properties are not the password. The last word decides.
_HARMLESS_END = re.compile(
    r"(expires|expired|expiration|expiry|policy|length|changerequired|required|enabled?|enable|state|status|supported|type"
    r"|attempts|count|days|minimum|maximum|strength|score|class|algorithm|age|time|timeout|uri|odataid|odatatype"
    r"|requirelower|lowercase|uppercase|numbers|symbols|lowercaseletters|uppercaseletters)$"
)
_SESSION_ENDS = ("vcsid", "jsessionid", "apisessionid")  # a Redfish session's id is no secret
# Values that may be long or look random and are none the less what an operator needs to see.
_SAFE = re.compile(
    r"(message|messages|messageargs|description|resolution|reason|error|detail|details|title|name|uri|url|target|model|version"
    r"|id|ids|uuid|fingerprint|thumbprint|serialnumber|fqdd|path|link|href|etag|subject|issuer|filename|checksum|md5|sha256)$"
)
_PUNCTUATION = re.compile(r"[^a-z0-9]+")

SAFE_HEADERS = frozenset(
    """accept accept-encoding accept-language allow cache-control connection content-encoding content-language content-length
    content-type date etag expect expires host if-match if-none-match keep-alive last-modified link location odata-maxversion
    odata-version pragma range retry-after server strict-transport-security transfer-encoding user-agent vary via
    www-authenticate x-content-type-options x-frame-options x-xss-protection content-security-policy""".split()
)

# What a text is searched for before any closer look: the shortest words the secret names contain.
KEYWORDS = tuple(
    """pass pwd secret token authori cookie key communit webhook tempuser vcsid session license certificatefile pkcs12 httpheaders
    proxy preshared hash salt psk ticket credential rootpw bindpw auth st1 st2 xsrf pin otp pw""".split()
)


def _plain(name: str) -> str:
    return _PUNCTUATION.sub("", name.lower())


@lru_cache(maxsize=8192)
def is_secret_name(name: str) -> bool:
    """True for a header, JSON key or attribute name whose value must never be stored or shown."""
    plain = _plain(name)
    if plain in _EXACT or plain.endswith(_SESSION_ENDS):
        return True
    if not (plain.endswith(_ENDS) or any(part in plain for part in _PARTS)):
        return False
    return not _HARMLESS_END.search(plain)


@lru_cache(maxsize=8192)
def is_safe_name(name: str) -> bool:
    """True where a long or random-looking value is known to be no secret (messages, links, ids, fingerprints)."""
    return not name or name.startswith("@") or "@odata" in name or bool(_SAFE.search(_plain(name)))


_KEY_ENDS = re.compile(r"(?i)(key|keys|digest|cert|certificate|certdata)$")


def is_secret_attribute(name: str) -> bool:
    """True for a setting of a BMC or BIOS ("Users.2.IPMIKey", "Users.2#SHA256Password") that holds a password, hash, salt or key."""
    last = re.split(r"[.#]", name)[-1]
    return is_secret_name(last) or bool(_KEY_ENDS.search(last))
