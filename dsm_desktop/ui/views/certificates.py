"""The certificate of a server's BMC: what it says, how long it holds, whether it is the pinned one, and what waits to be signed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from dsm_desktop.core.access import Permission
from dsm_desktop.queries import Connection
from dsm_desktop.queries.certificates import CertificateRow, certificate_rows
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.models.columns import Column
from dsm_desktop.ui.theme import SPACE, Tone
from dsm_desktop.ui.views.server_tables import ListTab
from dsm_desktop.ui.widgets.deeds import allow


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the tab."""

    id: int
    what: str
    value: str
    status: words.Status | None = None


COLUMNS = (
    Column("what", "What", lambda r: r.what, width=170),
    Column(
        "value",
        "Value",
        lambda r: r.value,
        status=lambda r: r.status or words.Status(r.value, "", Tone.PLAIN),
        width=520,
    ),
)


class CertificatesTab(ListTab):
    title = "Certificates"
    topics = ("server_certificates", "servers")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "certificate facts", COLUMNS, "certificate", self.rows)
        self.panel.when_empty(
            "No certificate read yet",
            "It is read together with the inventory.",
            [("Read inventory", lambda: self._start("inventory_refresh"))],
            desk.why_not(Permission.OPERATE),
        )
        bar = QHBoxLayout()
        bar.setContentsMargins(SPACE, SPACE // 2, SPACE, SPACE // 2)
        bar.addStretch(1)
        for text, kind in (("Request…", "certificate_request"), ("Install…", "certificate_install")):
            button = QPushButton(text)
            allow(button, desk.why_not(Permission.CONFIGURE))
            button.clicked.connect(lambda _=False, kind=kind: self._start(kind))
            bar.addWidget(button)
        self._column.insertLayout(0, bar)

    def rows(self, connection: Connection, server_id: int) -> Sequence[Any]:
        found = certificate_rows(connection, [server_id])
        pinned = next((s.fingerprint for s in list_servers(connection, [server_id])), "")
        return list(_facts(found[0], pinned)) if found else []


def _facts(row: CertificateRow, pinned: str) -> Iterator[Fact]:
    lines: list[tuple[str, str, words.Status | None]] = [
        ("Subject", row.subject, None),
        ("Issuer", row.issuer, None),
        ("Names", ", ".join(row.names), None),
        ("Valid from", words.stamp(row.not_before), None),
        ("Valid until", words.stamp(row.not_after), None),
        ("Holds", "", words.days_left(row.not_after)),
        ("SHA-256", row.fingerprint, None),
        ("Pinned", "", words.pinned(row.fingerprint, pinned)),
        ("Installed by this program", words.yes_no(row.installed), None),
        ("Seen", words.stamp(row.seen_at), None),
    ]
    if row.request:
        asked = f"since {words.stamp(row.requested_at)}, job {row.request_job_id}"
        lines.append(("Request waits to be signed", asked, None))
    for number, (what, value, status) in enumerate(lines, 1):
        yield Fact(number, what, value or (status.word if status else ""), status)
