"""Paper and PDF: pages of a report out of its html, and pictures that a view paints itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog
from PySide6.QtWidgets import QDialog, QWidget

from dsm_desktop.queries.export import ExportFailed, Table
from dsm_desktop.queries.report import Report, as_html
from dsm_desktop.ui.theme import ui_font

Paint = Callable[[QPainter, QRectF], None]
_MARGIN_MM = 12
MOST_PRINTED = 5_000
"""Rows that are laid out as pages; a longer table is a file, not paper."""


def page_layout(*, landscape: bool) -> QPageLayout:
    """A4 with a margin that every printer has."""
    way = QPageLayout.Orientation.Landscape if landscape else QPageLayout.Orientation.Portrait
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    return QPageLayout(QPageSize(QPageSize.PageSizeId.A4), way, margins, QPageLayout.Unit.Millimeter)


def document_of(table: Table, report: Report | None = None) -> QTextDocument:
    """The table as a printable document; the header row stands on every page."""
    document = QTextDocument()
    font = ui_font(step=-2.5)
    document.setDefaultFont(font)
    document.setHtml(as_html(table, report))
    return document


def write_pdf(table: Table, file: Path, report: Report | None = None) -> None:
    """The table as PDF. ExportFailed when the file cannot be written; runs in any thread."""
    try:
        file.open("ab").close()
    except OSError as error:
        raise ExportFailed(
            f"The file could not be written: {error}.",
            hint="Close it where it is open, or choose another folder.",
            where=str(file),
        ) from error
    writer = QPdfWriter(str(file))
    writer.setPageLayout(page_layout(landscape=len(table.headings) > 4))
    writer.setTitle(table.title)
    writer.setCreator("DSM Desktop")
    writer.setResolution(300)
    document_of(table, report).print_(writer)


def preview_table(table: Table, parent: QWidget, report: Report | None = None) -> QDialog:
    """The print preview of a table, shown."""
    document = document_of(table, report)
    dialog = _Preview(parent, table.title, landscape=len(table.headings) > 4)

    def draw(printer: QPrinter) -> None:
        document.print_(printer)

    dialog.paintRequested.connect(draw)
    dialog.open()
    return dialog


def preview_picture(title: str, paint: Paint, parent: QWidget) -> QDialog:
    """The print preview of one page that `paint` draws."""
    dialog = _Preview(parent, title, landscape=False)

    def draw(printer: QPrinter) -> None:
        painter = QPainter(printer)
        page = QRectF(painter.viewport())
        # The picture is painted in points, so that letters and lines have the size they have on paper.
        scale = printer.resolution() / 72.0
        painter.scale(scale, scale)
        paint(painter, QRectF(0, 0, page.width() / scale, page.height() / scale))
        painter.end()

    dialog.paintRequested.connect(draw)
    dialog.open()
    return dialog


def picture_pdf(title: str, paint: Paint, file: Path) -> None:
    """One page that `paint` draws as PDF."""
    writer = QPdfWriter(str(file))
    writer.setPageLayout(page_layout(landscape=False))
    writer.setTitle(title)
    painter = QPainter(writer)
    scale = writer.resolution() / 72.0
    size = QSizeF(writer.width() / scale, writer.height() / scale)
    painter.scale(scale, scale)
    paint(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()


class _Preview(QPrintPreviewDialog):
    """Keeps its printer: Qt's dialog only points at it."""

    def __init__(self, parent: QWidget, title: str, *, landscape: bool) -> None:
        paper = QPrinter(QPrinter.PrinterMode.HighResolution)
        paper.setPageLayout(page_layout(landscape=landscape))
        paper.setDocName(title)
        super().__init__(paper, parent)
        self._paper = paper
        self.setWindowTitle(f"Print {title}")
        self.resize(900, 700)
