"""Paper and PDF: pages of a report out of its html, and pictures that a view paints itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QGuiApplication,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog
from PySide6.QtWidgets import QDialog, QWidget

from dsm_desktop.queries.export import ExportFailed, Table
from dsm_desktop.queries.report import Report, as_html
from dsm_desktop.ui.theme import ui_font

Paint = Callable[[QPainter, QRectF], None]
_MARGIN_MM = 12
_FOOT_MM = 6
_MM_PER_INCH = 25.4
MOST_PRINTED = 5_000
"""Rows that are laid out as pages; a longer table is a file, not paper."""


def page_layout(*, landscape: bool) -> QPageLayout:
    """A4 with a margin that every printer has."""
    way = QPageLayout.Orientation.Landscape if landscape else QPageLayout.Orientation.Portrait
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    return QPageLayout(QPageSize(QPageSize.PageSizeId.A4), way, margins, QPageLayout.Unit.Millimeter)


def document_of(table: Table, report: Report | None = None) -> QTextDocument:
    """The table as a printable document; the header row stands on every page."""
    return _document(as_html(table, report))


def _document(html: str) -> QTextDocument:
    document = QTextDocument()
    font = ui_font(step=-2.5)
    document.setDefaultFont(font)
    document.setHtml(html)
    return document


def _draw_pages(document: QTextDocument, device: QPagedPaintDevice) -> None:
    """The document on paper, as wide as the page: Qt's own `print_` leaves two more centimetres white on every side. Each page says
    which of how many it is."""
    pages = document.clone()
    layout = pages.documentLayout()
    layout.setPaintDevice(device)
    pages.setDocumentMargin(0)
    foot = device.logicalDpiY() * _FOOT_MM / _MM_PER_INCH
    body = QSizeF(device.width(), device.height() - foot)
    pages.setPageSize(body)
    painter = QPainter(device)
    painter.setFont(pages.defaultFont())
    context = QAbstractTextDocumentLayout.PaintContext()
    context.palette.setColor(QPalette.ColorRole.Text, Qt.GlobalColor.black)
    for number in range(pages.pageCount()):
        if number:
            device.newPage()
        shown = QRectF(0, number * body.height(), body.width(), body.height())
        painter.save()
        painter.translate(0, -shown.top())
        painter.setClipRect(shown)
        context.clip = shown
        layout.draw(painter, context)
        painter.restore()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
        said = f"{number + 1} of {pages.pageCount()}"
        painter.drawText(QRectF(0, body.height(), body.width(), foot), right, said)
    painter.end()


def write_pdf(table: Table, file: Path, report: Report | None = None) -> None:
    """The table as PDF. ExportFailed when the file cannot be written; runs in any thread."""
    html_pdf(table.title, as_html(table, report), file, landscape=len(table.headings) > 4)


def html_pdf(title: str, html: str, file: Path, *, landscape: bool = True) -> None:
    """A page of html (`queries.report`, `queries.document`) as PDF, broken into paper pages. ExportFailed as `write_pdf`."""
    try:
        file.open("ab").close()
    except OSError as error:
        raise ExportFailed(
            f"The file could not be written: {error}.",
            hint="Close it where it is open, or choose another folder.",
            where=str(file),
        ) from error
    writer = QPdfWriter(str(file))
    writer.setPageLayout(page_layout(landscape=landscape))
    writer.setTitle(title)
    writer.setCreator("DSM Desktop")
    writer.setResolution(300)
    _draw_pages(_document(html), writer)


def html_pdf_alone(title: str, html: str, file: Path) -> None:
    """The same from a program without a window and without a screen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QGuiApplication.instance() or QGuiApplication([])
    html_pdf(title, html, file)
    del app


def preview_table(table: Table, parent: QWidget, report: Report | None = None) -> QDialog:
    """The print preview of a table, shown."""
    document = document_of(table, report)
    dialog = _Preview(parent, table.title, landscape=len(table.headings) > 4)

    def draw(printer: QPrinter) -> None:
        _draw_pages(document, printer)

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
