"""Secrets never leave: what goes into the activity log, log files, crash reports and exports passes through here.

Three nets, because each has holes: names (the value of "Password", "X-Auth-Token", "Users.2#IPMIKey" …), shapes (user:password@
in links, Basic and Bearer, private keys, command lines), and the values themselves (`Secrets`: what is open right now is masked
wherever it turns up, also escaped or in base64). Structured bodies go by an allow-list for what is long or looks random.
"""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from dsm_desktop.core.secret_names import KEYWORDS, SAFE_HEADERS, is_safe_name, is_secret_name

__all__ = ["MASK", "Redactor", "Secrets", "is_secret_name", "masked", "masked_headers", "masked_text"]

MASK = "••••••"
LONGEST_UNKNOWN = 400
_SHORTEST_SECRET = 4

_RANDOM_LOOKING = re.compile(r"(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9+_=.~-][A-Za-z0-9+/_=.~-]{31,}")
_NAME_KEYS = ("Name", "name", "AttributeName", "Key", "key", "VariableName")
_VALUE_KEYS = frozenset({"Value", "value", "CurrentValue", "PendingValue", "AttributeValue", "DefaultValue"})

_DOUBLE, _SINGLE = r"\"(?:[^\"\\]|\\.)*", r"'(?:[^'\\]|\\.|'')*"  # up to, not with, the closing mark
_TOOLS = ("racadm", "ipmitool", "sshpass", "psql", "curl", "wsman")
_USERINFO = re.compile(
    r"([a-zA-Z][a-zA-Z0-9+.-]{0,30}://)(?:[^\s/@\"'<>:]{0,256}:(?!\d{1,5}(?:[/?#]|$))[^\s\"'<>]{0,512}@|[^/\s\"'<>]{0,512}@)"
)
_SCHEME = re.compile(
    r"\b((?i:basic|bearer|negotiate|ntlm|splunk))\s+(?![A-Z]?[a-z]+\b(?![=+/]))[A-Za-z0-9+/=._~-]{6,}"
)
_HEADER = re.compile(  # a bare header line; quoted forms are pairs
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(\s{0,4}[:=]\s{0,4})(?![\"'\\\[({]|[bru][\"']|\w{1,40}\()[^\r\n]+"
)
_PAIR = re.compile(
    rf"(?is)(?P<name>(?:{'|'.join(KEYWORDS)})[\w.#@$-]{{0,64}})"
    r"(?P<sep>\\*[\"']?\s{0,4}(?:=>|[:=])\s{0,4}|\\*[\"']\s{0,4},\s{0,4}(?=\\*[\"']))"
    rf"(?P<value>[bru]{{0,2}}(?:{_DOUBLE}\"?|{_SINGLE}'?)"
    r"|(?P<q>\\+[\"']).*?(?:(?<!\\)(?P=q)|\Z)"
    rf"|[\[({{](?:{_DOUBLE}\"|{_SINGLE}'|[^\])}}\r\n])*"
    # Within bounds: each mark looks for its other one, and a text may be made of marks alone.
    r"|(?:\"(?:[^\"\\]|\\.){0,1000}\"|'(?:[^'\\]|\\.|''){0,1000}'|\S)+)"
)
_OPTION = re.compile(
    r"(?i)((?<!\w)--?[\w-]{0,30}(?:password|passwd|passphrase|secret|token|api-?key)[\w-]{0,30}(?:\s+|=))(?![=:])(\"[^\"]*\"|'[^']*'|[^\s\"']+)"
)
_TOOL = re.compile(
    r"(?i)(\b(?:racadm|ipmitool|sshpass|psql|curl|wsman)\b[^\r\n]{0,400}?\s-(?:p|u\s+[^\s:]+:)\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
_ARGUMENT = re.compile(
    r"(?i)([\"']--?(?:p|[\w-]{0,30}(?:password|passwd|passphrase|secret|token)[\w-]{0,30})[\"'],\s*)"
    r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?)"
)
_DOTTED = re.compile(
    r"(?i)([.#]\w{0,40}(?:password|passphrase|ipmikey|v3key|community(?:name)?|secret|passwordsalt)[ \t]+)(?![=:])(\"[^\"]*\"|'[^']*'|\S+)"
)
_ELEMENT = re.compile(
    r"(?s)<(?P<tag>[\w:.-]{1,80})(?P<attributes>(?:\s[^<>]{0,400})?)>(?P<value>\s*<!\[CDATA\[.*?(?:\]\]>|\Z)|[^<]+)"
)
_ELEMENT_NAME = re.compile(r"(?i)\bname\s*=\s*[\"']([^\"']{1,120})[\"']")
_NAME_THEN_VALUE = re.compile(
    r"(?is)(<(?:\w{1,20}:)?(?:attribute)?name>\s*([^<]{1,120}?)\s*</[^<>]{1,60}>\s*<(?:\w{1,20}:)?(?:attribute|current|pending)?value>)([^<]+)"
)
_PRIVATE_KEY = re.compile(
    r"(?s)-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.?[\w-]*")
_WEBHOOK = re.compile(r"(?i)(https?://(?:[\w.-]{0,100}webhook[\w.-]{0,100}|hooks\.[\w.-]+)/)[^\s\"'<>]+")
_PYDANTIC = re.compile(r"input_value=.*?(?=, input_type=|\]|$)", re.MULTILINE)
_PARAMETERS = re.compile(r"(?s)\[parameters: .*?\](?=\r?\n\(|\s*\Z)|\[parameters: [^\r\n]*")
_BEFORE = re.compile(r"[\w.#@$-]{0,64}\Z")

_Text = Callable[[str], str]


def masked(value: Any, name: str = "") -> Any:
    """A copy of a JSON value (dict, list, scalar) with every secret replaced by MASK. `name` is the key it stands under.

    Strings under an unknown name are cut to their length beyond 400 characters and masked where they look random;
    bytes are replaced by their length.
    """
    return _shallow(value, name, masked_text)


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers by allow-list: what is not known to be harmless is masked."""
    return _headers(headers, masked_text)


def masked_text(text: str) -> str:
    """Free text (log lines, tracebacks, XML, command lines, several lines) with everything that looks like a secret masked.

    Masks rather too much than too little.
    """
    if "<" in text:
        text = _NAME_THEN_VALUE.sub(_mask_named_value, text)
        text = _ELEMENT.sub(_mask_element, text)
    if "-----BEGIN" in text:
        text = _PRIVATE_KEY.sub(MASK, text)
    if "://" in text:
        text = _WEBHOOK.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", text))
    if "eyJ" in text:
        text = _JWT.sub(MASK, text)
    if "'-" in text or '"-' in text:
        text = _ARGUMENT.sub(rf"\1{MASK}", text)
    if "input_value=" in text:
        text = _PYDANTIC.sub(f"input_value={MASK}", text)
    if "[parameters: " in text:
        text = _PARAMETERS.sub(f"[parameters: {MASK}]", text)
    lower = text.lower()
    if " -" in lower and any(tool in lower for tool in _TOOLS):
        text = _TOOL.sub(rf"\1{MASK}", text)
    if any(scheme in lower for scheme in ("basic", "bearer", "negotiate", "ntlm", "splunk")):
        text = _SCHEME.sub(rf"\1 {MASK}", text)
    if any(word in lower for word in KEYWORDS):
        text = _masked_words(text, lower)
    return text


def _masked_words(text: str, lower: str) -> str:
    if "authori" in lower or "cookie" in lower:
        text = _HEADER.sub(rf"\1\2{MASK}", text)
    if "-" in text:
        text = _OPTION.sub(rf"\1{MASK}", text)
    text = _DOTTED.sub(rf"\1{MASK}", text)
    return _masked_pairs(text) if ":" in text or "=" in text or "," in text else text


def _masked_pairs(text: str) -> str:
    done: list[str] = []
    kept_from = scan = 0
    while found := _PAIR.search(text, scan):
        before = _BEFORE.search(text, max(0, found.start() - 64), found.start())
        name = (before.group() if before else "") + found["name"]
        scan = found.start("value")
        if is_secret_name(name):
            value = found["value"]
            mark = found["q"] or (value[0] if value[0] in "\"'" else "")
            done += [text[kept_from:scan], mark, MASK, mark]
            kept_from = scan = found.end()
    return "".join([*done, text[kept_from:]])


def _mask_element(found: re.Match[str]) -> str:
    name = _ELEMENT_NAME.search(found["attributes"])
    secret = is_secret_name(found["tag"].rpartition(":")[2]) or (name is not None and is_secret_name(name[1]))
    if not secret or not found["value"].strip():
        return found.group()
    return f"<{found['tag']}{found['attributes']}>{MASK}"


def _mask_named_value(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if is_secret_name(found[2]) else found.group()


def _shallow(value: Any, name: str, text: _Text) -> Any:
    try:
        return _walk(value, name, text, False)
    except RecursionError:
        return f"{MASK} (nested too deeply)"


def _walk(value: Any, name: str, text: _Text, inside: bool) -> Any:
    """`inside`: somewhere above stands a secret name, so every leaf is one."""
    if value is None or isinstance(value, bool) or value == "":
        return value
    inside = inside or (bool(name) and is_secret_name(name))
    if isinstance(value, Mapping):
        return _walk_mapping(value, text, inside)
    if isinstance(value, list | tuple):
        return [_walk(item, name, text, inside) for item in value]
    if inside:
        return MASK
    if isinstance(value, str):
        return _leaf(value, name, text)
    if isinstance(value, int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{MASK} ({len(value)} bytes)"
    return text(str(value))


def _walk_mapping(value: Mapping[Any, Any], text: _Text, inside: bool) -> dict[Any, Any]:
    # {"Name": "Users.2#Password", "Value": "…"}: configuration profiles in JSON, attribute lists.
    named = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), "")
    secret_value = bool(named) and is_secret_name(named)
    return {
        key: _walk(item, str(key), text, inside or (secret_value and key in _VALUE_KEYS))
        for key, item in value.items()
    }


def _leaf(value: str, name: str, text: _Text) -> str:
    if len(value) < 32 or is_safe_name(name):
        return text(value)
    if len(value) > LONGEST_UNKNOWN:
        return f"{MASK} ({len(value)} characters)"
    if _RANDOM_LOOKING.fullmatch(value):
        return MASK
    return text(value)


def _headers(headers: Mapping[str, str], text: _Text) -> dict[str, str]:
    return {name: text(value) if name.lower() in SAFE_HEADERS else MASK for name, value in headers.items()}


class Secrets:
    """The secret values that are open right now, so that they are masked wherever they turn up. Thread-safe.

    A fleet may have a password for each server, and each login adds its own: so they are looked up by how they begin, and
    neither adding one nor masking a line takes longer for all the others. Values below four characters are not kept: they
    would blot out ordinary words.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, dict[str, frozenset[str]]] = {}
        self._uses: Counter[str] = Counter()
        self._beginning: dict[str, tuple[str, ...]] = {}

    def add(self, value: str, username: str = "") -> None:
        """Keep a value; with a user name also the base64 of "user:value" (HTTP Basic)."""
        if len(value) < _SHORTEST_SECRET or username in self._kept.get(value, ()):
            return
        with self._lock:
            names = self._kept.setdefault(value, {})
            if username not in names:
                names[username] = _forms(value, username)
                for form in names[username]:
                    self._count(form, 1)

    def discard(self, value: str) -> None:
        """Forget a value, under whatever user name."""
        with self._lock:
            for forms in self._kept.pop(value, {}).values():
                for form in forms:
                    self._count(form, -1)

    def clear(self) -> None:
        """Forget all (the vault was locked)."""
        with self._lock:
            self._kept.clear()
            self._uses.clear()
            self._beginning.clear()

    def masked(self, text: str) -> str:
        """The text with every occurrence of a kept value, in any of its written forms, masked; the longest first."""
        beginning = self._beginning
        if not beginning:
            return text
        done: list[str] = []
        kept_from = at = 0
        while at <= len(text) - _SHORTEST_SECRET:
            forms = beginning.get(text[at : at + _SHORTEST_SECRET], ())
            found = next((form for form in forms if text.startswith(form, at)), None)
            if found is None:
                at += 1
                continue
            done += [text[kept_from:at], MASK]
            kept_from = at = at + len(found)
        return "".join([*done, text[kept_from:]]) if done else text

    def _count(self, form: str, change: int) -> None:
        """The tuples are replaced, never changed: they are read without the lock."""
        start = form[:_SHORTEST_SECRET]
        before = self._uses[form]
        self._uses[form] = before + change
        others = tuple(other for other in self._beginning.get(start, ()) if other != form)
        if before + change > 0:
            self._beginning[start] = tuple(sorted((*others, form), key=len, reverse=True))
            return
        del self._uses[form]
        if others:
            self._beginning[start] = others
        else:
            self._beginning.pop(start, None)


def _forms(value: str, username: str) -> frozenset[str]:
    plain = value.encode()
    coded = [base64.b64encode(plain), base64.urlsafe_b64encode(plain)]
    if username:
        coded.append(base64.b64encode(f"{username}:{value}".encode()))
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        html.escape(value),
        html.escape(value, quote=False),
        repr(value)[1:-1],
        plain.hex(),
        *(form.decode().rstrip("=") for form in coded),
    }
    return frozenset(form for form in forms if len(form) >= _SHORTEST_SECRET)


class Redactor:
    """The masks of this module together with the secrets open right now; hand one to whatever writes."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        self.secrets = secrets or Secrets()

    def text(self, text: str) -> str:
        """Free text; see `masked_text`."""
        return masked_text(self.secrets.masked(text))

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON value; see `masked`."""
        return _shallow(value, name, self.text)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers by allow-list; see `masked_headers`."""
        return _headers(headers, self.text)
