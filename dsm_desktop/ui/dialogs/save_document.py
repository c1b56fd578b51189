"""Saving a written plan or report: web page, PDF, markdown or spreadsheet, by the ending of the chosen name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from dsm_desktop.queries import Connection
from dsm_desktop.queries.document import Document, document_html, write
from dsm_desktop.queries.report import Report
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.printing import html_pdf
from dsm_desktop.ui.theme import Tone

_KINDS = "Web page (*.html);;PDF (*.pdf);;Markdown (*.md);;Excel (*.xlsx)"


def ask_and_save(
    parent: QWidget, desk: Desk, title: str, name: str, make: Callable[[Connection], Document]
) -> None:
    """Ask for a file and write the document into it."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, f"{name}.html", _KINDS)
    if chosen:
        save_document(parent, desk, Path(chosen), make)


def save_document(parent: QWidget, desk: Desk, file: Path, make: Callable[[Connection], Document]) -> None:
    """Read it in a worker, then write it; a PDF is drawn where Qt lives."""

    def done(document: Document) -> None:
        report = Report(datetime.now(UTC), desk.context.principal.name)
        if file.suffix.lower() == ".pdf":
            html_pdf(document.title, document_html(document, report), file)
        else:
            write(document, file, report)
        desk.tell(f"Saved to {file}.", Tone.OK)

    desk.work.query(parent, make, done, desk.fail, key="document")
