"""A report of several tables with sentences between them, as one html page (which prints and becomes PDF) or markdown."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from pathlib import Path

from dsm_desktop.core.errors import BadInput
from dsm_desktop.queries.export import ExportFailed, Table
from dsm_desktop.queries.report import Report, as_markdown, page_html, table_html, write_workbook

FORMATS = (".html", ".md", ".xlsx")
"""Endings `write` knows; the window writes .pdf as well."""


@dataclass(frozen=True, slots=True)
class Document:
    """`intro` sentences under the title; tables without rows are said to be empty in their own words (`empty`, by title)."""

    title: str
    intro: tuple[str, ...]
    tables: tuple[Table, ...]
    empty: dict[str, str] = field(default_factory=dict)


def document_html(document: Document, report: Report) -> str:
    """One page, no script and nothing fetched."""
    parts = [f"<p>{html.escape(report.sentence)}</p>"]
    parts += [f"<p>{html.escape(sentence)}</p>" for sentence in document.intro]
    for table in document.tables:
        parts.append(f"<h2>{html.escape(table.title)}</h2>")
        said = html.escape(document.empty.get(table.title, "None."))
        parts.append(table_html(table) if table.rows else f"<p>{said}</p>")
    return page_html(document.title, "\n".join(parts))


def document_markdown(document: Document, report: Report) -> str:
    """The same for a wiki or a ticket."""
    parts = [f"# {document.title}", report.sentence, *document.intro]
    for table in document.tables:
        parts.append(f"## {table.title}")
        parts.append(as_markdown(table) if table.rows else document.empty.get(table.title, "None."))
    return "\n\n".join(parts) + "\n"


def write(document: Document, file: Path, report: Report) -> None:
    """In the format of the file's ending. Raises BadInput for an unknown one, ExportFailed when it cannot be written."""
    ending = file.suffix.lower()
    if ending == ".xlsx":
        write_workbook(document.tables, file)
        return
    if ending not in FORMATS:
        raise BadInput(
            f"'{file.name}' has no known ending.", hint=f"Use {', '.join(FORMATS)}.", where=str(file)
        )
    text = document_html(document, report) if ending == ".html" else document_markdown(document, report)
    part = file.with_name(f"{file.name}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(file)
    except OSError as error:
        raise ExportFailed(
            f"The file could not be written: {error}.",
            hint="Close it where it is open, or choose another folder.",
            where=str(file),
        ) from error
