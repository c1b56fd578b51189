"""Under which of this machine's addresses a BMC can reach it."""

from __future__ import annotations

import ipaddress
import socket

from dsm_desktop.core.errors import DsmError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class NoRoute(DsmError):
    """This machine has no way to the BMC, so the BMC has none to this machine."""


def plain(address: str) -> IpAddress:
    """An address as the peer has it: IPv4 out of its IPv6 wrapping, without a zone. Raises ValueError."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped if mapped is not None else found


def addresses_of(host: str) -> list[IpAddress]:
    """Every IP address of a host name (or the address itself). Raises NoRoute when the name is not known."""
    try:
        return [plain(host)]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NoRoute(
            f"The name '{host}' is not known here: {error}.",
            hint="Give the server's address instead of its name.",
            where=host,
        ) from error
    return list(dict.fromkeys(plain(str(entry[4][0])) for entry in found))


def own_address(towards: str) -> str:
    """The local address that packets to a host leave from. Sends nothing. Raises NoRoute."""
    target = addresses_of(towards)[0]
    family = socket.AF_INET if target.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(target), 9))
            return str(plain(str(probe.getsockname()[0])))
    except OSError as error:
        raise NoRoute(
            f"There is no route from this machine to {towards}: {error}.",
            hint="Check the network, or set the media server's address in the settings.",
            where=towards,
        ) from error


def in_url(address: str) -> str:
    """The address as it stands in a URL: IPv6 in brackets, names as they are."""
    try:
        return f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
    except ValueError:
        return address
