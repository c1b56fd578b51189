"""Which certificate each iDRAC shows; contexts are made on first use and only the recent ones are kept."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from dsm_desktop.simulator.tls import Identity, make_context, make_identity

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_KEPT: Final = 512


class Certificates:
    """Identities and contexts of a site. With `shared` all iDRACs show one certificate, which makes thousands cheap."""

    def __init__(self, shared: bool) -> None:
        self._shared = make_identity("idrac-shared", "127.0.0.1") if shared else None
        self._identities: dict[tuple[str, bool], Identity] = {}
        self._contexts: OrderedDict[tuple[str, str, bool], ssl.SSLContext] = OrderedDict()

    def identity(self, device: Device) -> Identity:
        """The certificate this iDRAC shows now; the fault `changed_certificate` swaps in another one."""
        other = device.faults.active("changed_certificate")
        if self._shared is not None and not other:
            key = (device.plot.tag, False)
            return self._identities.get(key, self._shared)
        key = (device.plot.tag, other)
        identity = self._identities.get(key)
        if identity is None:
            identity = self._identities[key] = make_identity(f"idrac-{device.plot.tag}", device.plot.address)
        return identity

    def renew(self, device: Device) -> None:
        """Give the iDRAC a new certificate for good."""
        self._identities[(device.plot.tag, False)] = make_identity(
            f"idrac-{device.plot.tag}", device.plot.address
        )

    def install(self, device: Device, identity: Identity) -> None:
        """Let the iDRAC show this certificate for good."""
        self._identities[(device.plot.tag, False)] = identity

    def context(self, device: Device) -> ssl.SSLContext:
        """TLS context for the next connection."""
        identity = self.identity(device)
        old = device.faults.active("tls_old")
        highest = ssl.TLSVersion.TLSv1_1 if old else device.persona.highest_tls
        key = (identity.fingerprint, highest.name, old)
        context = self._contexts.get(key)
        if context is None:
            lowest = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2
            context = self._contexts[key] = make_context(identity, highest, lowest)
            if len(self._contexts) > _KEPT:
                self._contexts.popitem(last=False)
        else:
            self._contexts.move_to_end(key)
        return context
