"""What can be proven offline of a Windows program's Authenticode signature: the digest over the file, the signature over the
digest, and the chain as far as certificates lie in the file (Microsoft's "Windows Authenticode Portable Executable Signature
Format", 2008; checked against osslsigncode 2.9). Whether the topmost issuer is to be trusted is not decided here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from dsm_desktop.firmware import der

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_INDIRECT_DATA = "1.3.6.1.4.1.311.2.1.4"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_PSS = "1.2.840.113549.1.1.10"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303 - old packages carry it; it is read, not made
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_CHUNK = 1 << 20
_PKCS7 = 2
_MOST = 1 << 22
"""Bytes of a signature; those of packages have some ten thousand."""


class Unreadable(Exception):
    """The signature is made in a way that is not read here: nothing can be said of it."""


class Broken(Exception):
    """The signature does not fit the file, or does not hold in itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file what stands: its checksum, the entry of the certificate table, and the table itself."""

    checksum: int
    entry: int
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Signer:
    """`name` of who signed, `issuer` of the topmost certificate in the file: the one that is believed by nobody here."""

    name: str
    issuer: str


def check(file: IO[bytes], place: Place, told: Callable[[bytes], object] = lambda chunk: None) -> Signer:
    """Who signed a file that is as it was signed. Raises Broken, Unreadable. Reads the whole file once: `told` hears all of it in
    its order, for whoever wants another hash of the same bytes; nothing where there is no signature to compare."""
    size = file.seek(0, 2)
    if place.length > _MOST or not 0 <= size - (place.start + place.length) < 8:
        raise Unreadable("something stands behind the signature")
    file.seek(place.start)
    table = file.read(place.length)
    length, kind = int.from_bytes(table[:4], "little"), int.from_bytes(table[6:8], "little")
    if kind != _PKCS7 or not 8 < length <= len(table):
        raise Unreadable("another kind of signature")
    try:
        signed = _signed_data(table[8:length])
        signer, chain = _certificates(signed)
        algorithm, digest = _digest_of(signed)
        if _hash_file(file, place, algorithm, told) != digest:
            raise Broken("the file is not the one that was signed")
        _check_signature(signed, signer)
        return Signer(_name(signer.subject), _name(_topmost(signer, chain).issuer))
    except (ValueError, IndexError, UnsupportedAlgorithm) as error:
        raise Unreadable(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Signed:
    """`content` is SpcIndirectDataContent; `attributes` what was signed in its place (None: the content itself)."""

    content: der.Value
    certificates: list[bytes]
    issuer: bytes
    serial: int
    hash: hashes.HashAlgorithm
    attributes: der.Value | None
    method: str
    signature: bytes


def _signed_data(blob: bytes) -> _Signed:
    outer = der.read(blob)
    if der.oid(outer.part(0, der.OID)) != _SIGNED_DATA:
        raise Unreadable("no PKCS#7 signature")
    parts = outer.part(1, 0xA0).part(0, der.SEQUENCE).parts()
    if len(parts) < 4 or parts[-1].tag != der.SET:
        raise Unreadable("no PKCS#7 signature")
    content = parts[2]
    if der.oid(content.part(0, der.OID)) != _INDIRECT_DATA:
        raise Unreadable("another kind of signed content")
    certificates = [v.whole for part in parts[3:-1] if part.tag == 0xA0 for v in part.parts()]
    info = parts[-1].part(0, der.SEQUENCE).parts()
    who = info[1]
    attributes = next((v for v in info if v.tag == 0xA0), None)
    rest = info[4:] if attributes is not None else info[3:]
    if len(rest) < 2 or rest[1].tag != der.OCTETS:
        raise Unreadable("no signature value")
    return _Signed(
        content=content.part(1, 0xA0).part(0, der.SEQUENCE),
        certificates=certificates,
        issuer=who.part(0, der.SEQUENCE).whole,
        serial=int.from_bytes(who.part(1, 0x02).body, "big"),
        hash=_hash(info[2]),
        attributes=attributes,
        method=der.oid(rest[0].part(0, der.OID)),
        signature=rest[1].body,
    )


def _hash(algorithm: der.Value) -> hashes.HashAlgorithm:
    name = der.oid(algorithm.part(0, der.OID))
    if name not in _HASHES:
        raise Unreadable(f"the digest {name} is not known")
    return _HASHES[name]


def _digest_of(signed: _Signed) -> tuple[hashes.HashAlgorithm, bytes]:
    info = signed.content.part(1, der.SEQUENCE)
    return _hash(info.part(0, der.SEQUENCE)), info.part(1, der.OCTETS).body


def _certificates(signed: _Signed) -> tuple[x509.Certificate, list[x509.Certificate]]:
    found = [x509.load_der_x509_certificate(one) for one in signed.certificates]
    for one in found:
        if one.serial_number == signed.serial and one.issuer.public_bytes() == signed.issuer:
            return one, found
    raise Unreadable("the signer's certificate does not lie in the file")


def _hash_file(
    file: IO[bytes], place: Place, algorithm: hashes.HashAlgorithm, told: Callable[[bytes], object]
) -> bytes:
    """Of everything but the checksum, the entry of the table, and the table. All bytes of the file are told, in their order."""
    digest, at = hashlib.new(algorithm.name), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        told(chunk)
        view = memoryview(chunk)
        for start, end in (
            (0, place.checksum),
            (place.checksum + 4, place.entry),
            (place.entry + 8, place.start),
        ):
            digest.update(view[max(0, start - at) : max(0, end - at)])
        at += len(chunk)
    if at < place.start:
        raise Broken("the file is shorter than its header says")
    return digest.digest()


def _check_signature(signed: _Signed, signer: x509.Certificate) -> None:
    data = signed.content.body
    if signed.attributes is not None:
        digest = hashlib.new(signed.hash.name, data).digest()
        told = [
            v.part(1, der.SET).part(0, der.OCTETS).body
            for v in signed.attributes.parts()
            if der.oid(v.part(0, der.OID)) == _MESSAGE_DIGEST
        ]
        if told != [digest]:
            raise Broken("the signature is not that of this content")
        # Signed is the SET itself, not the [0] it stands as.
        data = bytes([der.SET]) + signed.attributes.whole[1:]
    key = signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and signed.method != _PSS:
            key.verify(signed.signature, data, padding.PKCS1v15(), signed.hash)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signed.signature, data, ec.ECDSA(signed.hash))
        else:
            raise Unreadable("this kind of key is not read")
    except InvalidSignature as error:
        raise Broken("the signature was not made with the signer's key") from error


def _topmost(signer: x509.Certificate, chain: list[x509.Certificate]) -> x509.Certificate:
    """The last certificate one gets to from the signer's, each proven by the next. Raises Broken."""
    current = signer
    for _ in chain:
        issuers = [c for c in chain if c.subject == current.issuer and c != current]
        if not issuers or current.subject == current.issuer:
            break
        try:
            current = _issuer_of(current, issuers)
        except (TypeError, ValueError, UnsupportedAlgorithm):
            break  # made in a way that is not read here: so far it holds
    return current


def _issuer_of(certificate: x509.Certificate, named: list[x509.Certificate]) -> x509.Certificate:
    """The one of several with the right name that has made it; an authority may have renewed its own."""
    for issuer in named:
        try:
            certificate.verify_directly_issued_by(issuer)
        except InvalidSignature:
            continue
        return issuer
    raise Broken(f"the certificate of {_name(certificate.subject)} was not made by the issuer it names")


def _name(name: x509.Name) -> str:
    """Organization, else common name."""
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        found = name.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)[:120]
    return name.rfc4514_string()[:120]
