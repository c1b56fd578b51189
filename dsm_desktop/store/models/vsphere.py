"""vCenters, ESXi hosts and the cached copy of what vCenter showed last."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dsm_desktop.store.models.base import Base, Id


class Vcenter(Base):
    """A vCenter. `instance_uuid` is its own (not a VM's) and "" until the first login; `trust_mode` and `fingerprint` as
    for servers; `problem` the last sync's error with its next step, "" when the last one went well."""

    __tablename__ = "vcenters"
    __table_args__ = (UniqueConstraint("address", "port"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(default=443)
    name: Mapped[str] = mapped_column(String(255), default="")
    instance_uuid: Mapped[str] = mapped_column(String(64), default="")
    version: Mapped[str] = mapped_column(String(40), default="")
    build: Mapped[str] = mapped_column(String(40), default="")
    trust_mode: Mapped[str] = mapped_column(String(8), default="pin")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    shown_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    """What it showed last; another than `fingerprint` waits to be approved."""
    assigned_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL")
    )
    problem: Mapped[str] = mapped_column(Text, default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]


class EsxiHost(Base):
    """An ESXi host: of a vCenter (`moid` there), or stand-alone (`vcenter_id` NULL, spoken to directly).

    The row survives a host that is removed and added again (new moid): service tag and hardware uuid are the lasting
    identity. `server_id` is the iDRAC it runs on; `link` says why: tag | uuid | bmc | hand | "" (not linked). `facts` is a
    `core.vsphere.Host`. `ssh_key` the pinned SHA-256 of its SSH host key, `fingerprint` of its own certificate.
    """

    __tablename__ = "esxi_hosts"
    __table_args__ = (
        UniqueConstraint("vcenter_id", "moid"),
        Index("ix_esxi_hosts_server_id", "server_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    vcenter_id: Mapped[int | None] = mapped_column(ForeignKey("vcenters.id", ondelete="CASCADE"))
    moid: Mapped[str] = mapped_column(String(64), default="")
    cluster: Mapped[str] = mapped_column(String(64), default="")
    name: Mapped[str] = mapped_column(String(255))
    address: Mapped[str] = mapped_column(String(255), default="")
    port: Mapped[int] = mapped_column(default=443)
    service_tag: Mapped[str] = mapped_column(String(32), default="")
    uuid: Mapped[str] = mapped_column(String(64), default="")
    server_id: Mapped[int | None] = mapped_column(ForeignKey("servers.id", ondelete="SET NULL"))
    link: Mapped[str] = mapped_column(String(8), default="")
    trust_mode: Mapped[str] = mapped_column(String(8), default="pin")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    shown_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    ssh_key: Mapped[str] = mapped_column(String(64), default="")
    shown_ssh_key: Mapped[str] = mapped_column(String(64), default="")
    """What it showed last; another than `ssh_key` waits to be approved."""
    assigned_credential_id: Mapped[int | None] = mapped_column(
        ForeignKey("credential_sets.id", ondelete="SET NULL")
    )
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    gone: Mapped[bool] = mapped_column(default=False)
    """vCenter does not list it any more; kept because jobs and reports name it."""
    problem: Mapped[str] = mapped_column(Text, default="")
    """Of a stand-alone host: why the last look failed, with its next step; "" = it went well. `facts` are of `seen_at`."""
    seen_at: Mapped[datetime | None]


class EsxiRecoveryKey(Base):
    """What opens the configuration of a host that its TPM has sealed, when a change of BIOS, TPM or Secure Boot keeps it from
    starting. `key` is sealed; `recovery_id` is not secret. The row outlives the host's: name and tag say whose it is."""

    __tablename__ = "esxi_recovery_keys"
    __table_args__ = (UniqueConstraint("service_tag", "name", "recovery_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    host_id: Mapped[int | None] = mapped_column(ForeignKey("esxi_hosts.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    service_tag: Mapped[str] = mapped_column(String(32), default="")
    recovery_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[bytes | None] = mapped_column(LargeBinary)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    saved_at: Mapped[datetime]


class VsphereObject(Base):
    """What vCenter showed last of anything but a host. `kind` folder | cluster | vm | datastore | network; `facts` is the
    value of `core.vsphere` with that name."""

    __tablename__ = "vsphere_objects"
    __table_args__ = (Index("ix_vsphere_objects_kind", "vcenter_id", "kind"),)

    vcenter_id: Mapped[int] = mapped_column(ForeignKey("vcenters.id", ondelete="CASCADE"), primary_key=True)
    moid: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(255))
    host: Mapped[str] = mapped_column(String(64), default="")
    """A VM's host."""
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seen_at: Mapped[datetime]


class EsxiObject(Base):
    """What a stand-alone host showed last of anything but itself, at its `seen_at`: VMs with their devices, datastores,
    networks. Gone when the host joins a vCenter, which shows them then. Columns as of `VsphereObject`."""

    __tablename__ = "esxi_objects"

    host_id: Mapped[int] = mapped_column(ForeignKey("esxi_hosts.id", ondelete="CASCADE"), primary_key=True)
    moid: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(255))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class SafetyCheck(Base):
    """One judgement, kept as history. `subject` "cluster:<vcenter id>:<moid>" or "group:<id>"; `colour` green | amber |
    red; `verdict` every gate with its numbers and the blockers found."""

    __tablename__ = "safety_checks"
    __table_args__ = (Index("ix_safety_checks_subject", "subject", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(120))
    name: Mapped[str] = mapped_column(String(255))
    colour: Mapped[str] = mapped_column(String(8))
    changed: Mapped[bool] = mapped_column(default=False)
    """Another colour than the judgement before."""
    summary: Mapped[str] = mapped_column(Text, default="")
    verdict: Mapped[dict[str, Any]] = mapped_column(default=dict)
    job_id: Mapped[int | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    at: Mapped[datetime]


class VmDecision(Base):
    """What was decided about a VM that will not move, kept for next time. `vm` is its instance uuid; `answer` migrate |
    shut_down | disconnect | skip_host | wait; `cause` the blocker it was decided for."""

    __tablename__ = "vm_decisions"
    __table_args__ = (UniqueConstraint("vcenter_id", "vm", "cause"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    vcenter_id: Mapped[int | None] = mapped_column(ForeignKey("vcenters.id", ondelete="CASCADE"))
    vm: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    cause: Mapped[str] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(String(20))
    decided_by: Mapped[str] = mapped_column(String(200))
    decided_at: Mapped[datetime]
