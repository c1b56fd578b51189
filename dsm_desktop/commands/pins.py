"""Believing what a peer shows now: one command for whatever has a pin."""

from __future__ import annotations

from dsm_desktop.commands.servers import trust_certificate
from dsm_desktop.commands.vcenters import (
    approve_host_certificate,
    approve_ssh_key,
    approve_vcenter_certificate,
)
from dsm_desktop.core.access import Principal
from dsm_desktop.queries.pins import Peer, Pinned
from dsm_desktop.store.unit_of_work import UnitOfWork

_APPROVE = {
    Pinned.VCENTER: approve_vcenter_certificate,
    Pinned.HOST: approve_host_certificate,
    Pinned.SSH: approve_ssh_key,
    Pinned.SERVER: trust_certificate,
}


def approve(uow: UnitOfWork, who: Principal, peer: Peer, fingerprint: str) -> None:
    """Pin the fingerprint (SHA-256, hex) that a person has compared. Raises what the command of its kind raises."""
    _APPROVE[peer.kind](uow, who, peer.id, fingerprint)
