"""As much of DER (ITU-T X.690) as a signature takes to be read: values one after the other, each checked against its bounds."""

from __future__ import annotations

from dataclasses import dataclass

SEQUENCE, SET, OCTETS, OID = 0x30, 0x31, 0x04, 0x06


class BadDer(ValueError):
    """The bytes are no DER, or not what was asked for."""


@dataclass(frozen=True, slots=True)
class Value:
    """`whole` with tag and length, `body` without."""

    tag: int
    whole: bytes
    body: bytes

    def parts(self) -> list[Value]:
        """The values inside. Raises BadDer."""
        return read_all(self.body)

    def part(self, number: int, tag: int) -> Value:
        """One of them, which must have this tag. Raises BadDer."""
        parts = self.parts()
        if number >= len(parts) or parts[number].tag != tag:
            raise BadDer(f"no value {tag:#x} at place {number}")
        return parts[number]


def read(data: bytes, at: int = 0) -> Value:
    """The value that begins at `at`; what follows it is not looked at. Raises BadDer."""
    if at + 2 > len(data):
        raise BadDer("cut off")
    tag, length, body = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise BadDer("tags of several bytes are not read")
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or body + count > len(data):
            raise BadDer("a length that cannot be")
        length, body = int.from_bytes(data[body : body + count], "big"), body + count
    if body + length > len(data):
        raise BadDer("cut off")
    return Value(tag, data[at : body + length], data[body : body + length])


def read_all(data: bytes) -> list[Value]:
    """Values up to the end. Raises BadDer."""
    found, at = [], 0
    while at < len(data):
        value = read(data, at)
        found.append(value)
        at += len(value.whole)
    return found


def oid(value: Value) -> str:
    """Dotted form of an object identifier. Raises BadDer."""
    if value.tag != OID or not value.body:
        raise BadDer("no object identifier")
    numbers, current = [], 0
    for byte in value.body:
        current = current << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(current)
            current = 0
    if not numbers:
        raise BadDer("no object identifier")
    first = min(numbers[0] // 40, 2)
    return ".".join(str(n) for n in (first, numbers[0] - 40 * first, *numbers[1:]))
