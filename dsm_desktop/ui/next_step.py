"""From the error a target of a job ended with to the place where it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.jobs import JobRow, TaskRow
from dsm_desktop.queries.vsphere import vsphere_view
from dsm_desktop.queries.vsphere_rows import HostRow, VcenterRow
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.trust import GoOn, TrustDialog, trust_host, trust_ssh_key, trust_vcenter
from dsm_desktop.ui.theme import Tone

Step = tuple[str, Callable[[], object]]
_SSH = ("HostKeyNotApproved", "HostKeyChanged")
_CERTIFICATE = ("CertificateNotApproved", "CertificateChanged")
_LOGIN = ("LoginRefused", "NoCredential", "PasswordExpired")


@dataclass(frozen=True, slots=True)
class _Peers:
    host: HostRow | None
    vcenter: VcenterRow | None


def next_step(desk: Desk, job: JobRow, task: TaskRow, parent: QWidget) -> Step | None:
    """Words for a button and what it does; None where the error names no place of this program."""
    code = str((task.error or {}).get("code", ""))
    if code in _SSH and task.host_id is not None:
        return "Look at the SSH key…", partial(_look_up, desk, job, task, parent, _ssh_key)
    if code in _CERTIFICATE and task.server_id is not None and task.host_id is None:
        return "Look at the certificate…", partial(desk.server_opened.emit, task.server_id)
    if code in _CERTIFICATE:
        return "Look at the certificate…", partial(_look_up, desk, job, task, parent, _certificate)
    if code in _LOGIN:
        return "Credential sets", partial(desk.area_opened.emit, "settings/credentials")
    return None


Ask = Callable[[Desk, _Peers, QWidget, GoOn | None], TrustDialog | None]


def _look_up(desk: Desk, job: JobRow, task: TaskRow, parent: QWidget, ask: Ask) -> None:
    """With what the store says of host and vCenter by now."""
    params: dict[str, Any] = job.params

    def find(connection: Connection) -> _Peers:
        view = vsphere_view(connection)
        host = next((h for h in view.hosts if h.id == task.host_id), None)
        wanted = host.vcenter_id if host is not None else params.get("vcenter_id")
        return _Peers(host, next((v for v in view.vcenters if v.id == wanted), None))

    def show(found: _Peers) -> None:
        # A job that another one has started is begun again by that one.
        again = ("and try again", partial(_again, desk, job.id)) if job.parent_id is None else None
        dialog = ask(desk, found, parent, again)
        if dialog is not None:
            dialog.open()
        else:
            desk.tell("Nothing waits to be approved there any more. Try again.", Tone.INFO)

    desk.work.query(parent, find, show, desk.fail, key="next step")


def _ssh_key(desk: Desk, found: _Peers, parent: QWidget, again: GoOn | None) -> TrustDialog | None:
    host = found.host
    return trust_ssh_key(desk, host, parent, again) if host is not None and host.strange_ssh_key else None


def _certificate(desk: Desk, found: _Peers, parent: QWidget, again: GoOn | None) -> TrustDialog | None:
    if found.vcenter is not None and found.vcenter.strange_certificate:
        return trust_vcenter(desk, found.vcenter, parent, again)
    if found.host is not None and found.host.strange_certificate:
        return trust_host(desk, found.host, parent, again)
    return None


def _again(desk: Desk, job_id: int) -> None:
    desk.change(desk, lambda c: c.retry_failed(job_id), desk.job_opened.emit)
