"""Which certificate a device may show, and the TLS machinery that all devices share.

An SSLContext that loads the system's CAs costs 33 ms and 570 kB; 8,000 iDRACs would pay 7 GB. Contexts are therefore
shared by kind, load no CA unless a private bundle is named, and the pin is compared by hand before any request byte.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509

from dsm_desktop.core.errors import BadInput, Blame, DsmError

CONNECT_TIMEOUT = 5.0
"""Seconds for TCP connect and again for the TLS handshake."""


class Unreachable(DsmError):
    """No TCP connection: refused, no route, silent, or the name does not resolve."""

    blame = Blame.PEER
    retryable = True


class TlsFailed(DsmError):
    """Something answers on the port, but a TLS connection could not be made."""

    blame = Blame.PEER
    retryable = True


class TlsTooOld(TlsFailed):
    """The device offers only TLS versions, keys or ciphers that today's OpenSSL refuses (iDRAC7/8 with old firmware)."""

    retryable = False


class CertificateUntrusted(TlsFailed):
    """The private CA bundle does not vouch for the certificate, or it names another host."""

    retryable = False


class CertificateNotApproved(TlsFailed):
    """A login was asked for before anybody approved the device's certificate; nothing was sent."""

    retryable = False

    def __init__(self, where: str, certificate: Certificate) -> None:
        super().__init__(
            f"the certificate {certificate.fingerprint[:16]}… has not been approved, so no login was sent",
            hint="Approve the fingerprint first.",
            where=where,
            detail=certificate.describe(),
        )
        self.certificate = certificate


class CertificateChanged(TlsFailed):
    """The device shows another certificate than the pinned one; not one byte was sent.

    `pinned` is the SHA-256 fingerprint on file, `shown` the certificate on the wire.
    """

    retryable = False

    def __init__(self, where: str, pinned: str, shown: Certificate) -> None:
        super().__init__(
            f"the certificate has changed: pinned {pinned[:16]}…, shown {shown.fingerprint[:16]}…",
            hint="Normal after a reset to defaults or a new certificate; else somebody is in between."
            " Compare and approve the new one.",
            where=where,
            detail=f"pinned SHA-256 {pinned}\n{shown.describe()}",
        )
        self.pinned = pinned
        self.shown = shown


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a device showed. `fingerprint` is the lower-case hex SHA-256 of the DER form; dates are UTC.

    Subject, issuer and dates are empty for certificates that cannot be parsed (seen on very old BMCs).
    """

    fingerprint: str
    subject: str = ""
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    names: tuple[str, ...] = ()
    """Alternative names: DNS names and addresses."""

    @staticmethod
    def from_der(der: bytes) -> Certificate:
        """Reads a DER certificate."""
        fingerprint = hashlib.sha256(der).hexdigest()
        try:
            parsed = x509.load_der_x509_certificate(der)
            return Certificate(
                fingerprint,
                parsed.subject.rfc4514_string(),
                parsed.issuer.rfc4514_string(),
                parsed.not_valid_before_utc,
                parsed.not_valid_after_utc,
                _alternative_names(parsed),
            )
        except ValueError:
            return Certificate(fingerprint)

    def describe(self) -> str:
        """Several lines for a person who compares."""
        valid = f"{self.not_before:%Y-%m-%d} to {self.not_after:%Y-%m-%d}" if self.not_before else "unknown"
        return (
            f"shown SHA-256 {self.fingerprint}\nsubject {self.subject}\nissuer {self.issuer}\nvalid {valid}"
        )


def _alternative_names(parsed: x509.Certificate) -> tuple[str, ...]:
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(str(name.value) for name in names)


class TrustMode(enum.StrEnum):
    """Why a device's certificate is believed."""

    PIN = "pin"
    """The SHA-256 fingerprint on file; the default. Without a fingerprint: first contact, no login possible."""
    CA = "ca"
    """A private CA bundle vouches for it, and it names the host."""
    ANY = "any"
    """Opt-out for one host: whoever answers is believed."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How one device is trusted. `old_tls` allows TLS 1.0, short keys and old ciphers for this host only.

    `check_name` (CA mode) may be switched off for devices that are reached by address and certified by name.
    """

    mode: TrustMode = TrustMode.PIN
    fingerprint: str = ""
    ca_file: str = ""
    old_tls: bool = False
    check_name: bool = True

    def __post_init__(self) -> None:
        pin = self.fingerprint.replace(":", "").lower()
        if pin and (len(pin) != 64 or set(pin) - set("0123456789abcdef")):
            raise BadInput("a fingerprint is 64 hexadecimal digits (SHA-256)", hint="Copy it in full.")
        object.__setattr__(self, "fingerprint", pin)
        if self.mode is TrustMode.CA and not self.ca_file:
            raise BadInput("trust by private CA needs a bundle file", hint="Name a PEM file.")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One device: an address or name, and a port. IPv6 without brackets."""

    host: str
    port: int = 443

    def __post_init__(self) -> None:
        bad = set(self.host) & set("/@?#\\[] \t\r\n") or not self.host or not self.host.isascii()
        if bad or not 0 < self.port < 65536 or len(self.host) > 253:
            raise BadInput(f"“{self.host}:{self.port}” is not a host and port", hint="Example: 10.0.0.21")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 443 else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Value of the Host header: iDRAC8 ≥2.81 and iDRAC9 ≥5.10 answer 400 to a name they do not know."""
        host = self.host.partition("%")[0]
        host = f"[{host}]" if ":" in host else host
        return host if self.port == 443 else f"{host}:{self.port}"


class DeadlineSocket(ssl.SSLSocket):
    """A TLS socket whose reads and writes end at one moment, however many small pieces arrive before it."""

    deadline: float = float("inf")

    def _arm(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        self.settimeout(left if left < 3600 else None)

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Closes a socket that is not wrapped yet: CPython looks with this whether a peer that hung up at once had sent
        anything, and when it hears of a reset it forgets the new socket without closing it."""
        try:
            return super().recv(buflen, flags)
        except OSError:
            if getattr(self, "_sslobj", None) is None:
                self.close()
            raise

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        self._arm()
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._arm()
        super().sendall(data, flags)


@lru_cache(maxsize=32)
def _context(ca_file: str, ca_stamp: int, old_tls: bool, check_name: bool) -> ssl.SSLContext:
    """The shared context of one kind; `ca_stamp` makes an edited bundle a new one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = DeadlineSocket
    context.check_hostname = bool(ca_file) and check_name
    context.verify_mode = ssl.CERT_REQUIRED if ca_file else ssl.CERT_NONE
    if ca_file:
        context.load_verify_locations(ca_file)
    if old_tls:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:!aNULL:!eNULL:@SECLEVEL=0")
        context.options |= 0x4  # OP_LEGACY_SERVER_CONNECT has a name only from Python 3.12
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def context_for(trust: Trust) -> ssl.SSLContext:
    """The shared SSLContext for a kind of trust. Raises BadInput when the CA bundle cannot be read."""
    if trust.mode is not TrustMode.CA:
        return _context("", 0, trust.old_tls, check_name=False)
    try:
        stamp = Path(trust.ca_file).stat().st_mtime_ns
        return _context(trust.ca_file, stamp, trust.old_tls, trust.check_name)
    except (OSError, ssl.SSLError) as error:
        raise BadInput(
            f"the CA bundle {trust.ca_file} cannot be used: {error}",
            hint="Name a PEM file of CA certificates.",
        ) from error


_OLD = (
    "UNSUPPORTED_PROTOCOL",
    "PROTOCOL_VERSION",
    "VERSION_TOO_LOW",
    "KEY_TOO_SMALL",
    "MD_TOO_WEAK",
    "UNSAFE_LEGACY_RENEGOTIATION",
    "NO_CIPHERS_AVAILABLE",
    "NO_PROTOCOLS_AVAILABLE",
    "HANDSHAKE_FAILURE",
    "WRONG_SIGNATURE_TYPE",
    "LEGACY_SIGALG",
    "INSUFFICIENT_SECURITY",
    "NO_SUITABLE_SIGNATURE_ALGORITHM",
)


def _tls_error(where: str, error: OSError) -> DsmError:
    """Words for a handshake that failed."""
    reason = str(getattr(error, "reason", "") or error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return CertificateUntrusted(
            f"the private CA does not vouch for the certificate: {error.verify_message}",
            hint="Add the issuing CA to the bundle, pin the certificate, or check the name.",
            where=where,
        )
    if isinstance(error, ssl.SSLError) and any(word in reason.upper() for word in _OLD):
        return TlsTooOld(
            f"the device offers only TLS that is too old ({reason})",
            hint="Update the iDRAC, or allow old TLS for this host alone.",
            where=where,
            detail=str(error),
        )
    if isinstance(error, TimeoutError):
        return TlsFailed("no answer to the TLS greeting", hint="Is the port HTTPS?", where=where)
    return TlsFailed(
        f"no TLS connection ({reason})", hint="Is the port HTTPS?", where=where, detail=str(error)
    )


def open_tcp(endpoint: Endpoint, timeout: float = CONNECT_TIMEOUT) -> socket.socket:
    """A TCP connection without Nagle (with it the first request waits 44 ms). Raises Unreachable."""
    try:
        sock = socket.create_connection((endpoint.host, endpoint.port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except (OSError, UnicodeError) as error:
        why = (
            "no answer" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or str(error)
        )
        raise Unreachable(
            f"no connection to port {endpoint.port}: {why}",
            hint="Check address, cable and firewall.",
            where=str(endpoint),
        ) from error
    return sock


class Resumable(NamedTuple):
    """What spares the next connection its full handshake, with the context it holds in."""

    context: ssl.SSLContext
    session: ssl.SSLSession | None


def handshake(
    endpoint: Endpoint, trust: Trust, timeout: float = CONNECT_TIMEOUT, resume: Resumable | None = None
) -> tuple[DeadlineSocket, bytes]:
    """TCP, TLS and the check of the pin; returns the socket and the certificate in DER form. Nothing is sent over TLS.

    Raises Unreachable, TlsFailed, TlsTooOld, CertificateUntrusted, CertificateChanged.
    """
    context = context_for(trust)
    # Another one stands here once the site's CAs were edited; a session is of the one it was made in.
    session = resume.session if resume is not None and resume.context is context else None
    sock = open_tcp(endpoint, timeout)
    try:
        tls = context.wrap_socket(
            sock, server_hostname=_sni(endpoint.host), session=session, do_handshake_on_connect=False
        )
    except (OSError, ValueError) as error:
        sock.close()
        raise _tls_error(str(endpoint), OSError(str(error))) from error
    assert isinstance(tls, DeadlineSocket)
    try:
        tls.do_handshake()
        der = tls.getpeercert(binary_form=True) or b""
        pin = trust.fingerprint if trust.mode is TrustMode.PIN else ""
        if pin and hashlib.sha256(der).hexdigest() != pin:
            raise CertificateChanged(str(endpoint), pin, Certificate.from_der(der))
    except OSError as error:
        tls.close()
        raise _tls_error(str(endpoint), error) from error
    except DsmError:
        tls.close()
        raise
    return tls, der


def _sni(host: str) -> str:
    """Host for SNI and name check; a zone ("%eth0") never belongs there."""
    bare = host.partition("%")[0]
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(bare))
    return bare


def fetch_certificate(
    endpoint: Endpoint, *, old_tls: bool = False, timeout: float = CONNECT_TIMEOUT
) -> Certificate:
    """First contact: the certificate the device shows, with nothing sent over the TLS connection.

    Raises Unreachable, TlsFailed, TlsTooOld.
    """
    tls, der = handshake(endpoint, Trust(TrustMode.ANY, old_tls=old_tls), timeout)
    tls.close()
    return Certificate.from_der(der)
