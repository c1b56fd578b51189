"""The manual: what it says of the program is compared with the program, so that it cannot rot."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dsm_desktop
from dsm_desktop import operations
from dsm_desktop.core.errors import Blame, DsmError, NotFound
from dsm_desktop.core.settings import SECTIONS
from dsm_desktop.core.shipped import shipped
from dsm_desktop.jobs import Catalogue
from dsm_desktop.queries.manual import CONTENTS, NOTES, Manual, ManualDamaged, Place, anchor_of
from dsm_desktop.redfish import errors as redfish_errors
from dsm_desktop.simulator.faults import KINDS
from tests.queries.manual_tables import GUIDE, filled

AGAIN = "write them anew: python -m tests.queries.manual_tables"
PICTURE_BYTES = 150_000


@pytest.fixture(scope="module")
def book() -> Manual:
    return Manual.load()


def pages() -> list[Path]:
    return sorted(GUIDE.glob("*.md"))


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.stem)
def test_generated_tables_are_those_of_the_program(page: Path) -> None:
    pytest.importorskip("PySide6.QtGui", exc_type=ImportError)
    text = page.read_text(encoding="utf-8")
    assert text == filled(text), AGAIN


def test_the_contents_name_every_page_and_every_page_is_short(book: Manual) -> None:
    listed = {Path(link).stem for link in book.topic(CONTENTS).links}
    assert listed == {page.stem for page in pages()} - {CONTENTS}
    for page in pages():
        lines = [n for n in page.read_text(encoding="utf-8").splitlines() if not n.startswith("| `")]
        assert len(lines) < 120, page.name
    for topic in book.topics:
        assert topic.file.stem == ("CHANGELOG" if topic.id == NOTES else topic.id)
        assert topic.text.startswith(f"# {topic.title}\n")
        assert topic.keywords


def test_every_link_and_picture_leads_somewhere(book: Manual) -> None:
    lost = []
    for topic in book.topics:
        for link in topic.links:
            if link.endswith(".png"):
                found = (topic.file.parent / link).resolve().is_file()
            else:
                place = book.follow(topic.id, link)
                found = place is not None and (
                    not place.anchor or place.anchor in {s.anchor for s in book.topic(place.topic).sections}
                )
            if not found:
                lost.append(f"{topic.id}: {link}")
    assert lost == []


def test_pictures_are_small() -> None:
    pictures = list(shipped("docs/screenshots").glob("*.png"))
    assert pictures
    assert [p.name for p in pictures if p.stat().st_size > PICTURE_BYTES] == []


def test_no_context_belongs_to_two_topics(book: Manual) -> None:
    seen = [context.partition("#")[0] for topic in book.topics for context in topic.contexts]
    assert len(seen) == len(set(seen))
    for topic in book.topics:
        anchors = {context.partition("#")[2] for context in topic.contexts}
        assert anchors <= {section.anchor for section in topic.sections}


def errors_of_the_package() -> Iterator[type[DsmError]]:
    for module in pkgutil.walk_packages(dsm_desktop.__path__, "dsm_desktop."):
        if "__main__" not in module.name and ".migrations." not in module.name:
            importlib.import_module(module.name)
    waiting: list[type[DsmError]] = [DsmError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("dsm_desktop."):
                yield kind


def test_every_error_an_operator_can_meet_is_explained(book: Manual) -> None:
    pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError)
    rows = [line for line in book.topic("troubleshooting").text.splitlines() if line.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    known = {kind.__name__: kind for kind in errors_of_the_package()}
    assert {n for n, kind in known.items() if kind.blame is not Blame.BUG} - explained == set()
    assert explained - known.keys() == set(), "explained, but not in the program"
    assert all(len(row.split("|")) == 5 and all(cell.strip() for cell in row.split("|")[1:4]) for row in rows)


def test_the_error_table_says_truly_whether_the_program_tries_again(book: Manual) -> None:
    known = {kind.__name__: kind for kind in errors_of_the_package()}
    wrong = []
    for row in book.topic("troubleshooting").text.splitlines():
        if row.startswith("| `"):
            _, codes, means, *_ = row.split("|")
            for code in re.findall(r"`(\w+)`", codes):
                if known[code].retryable != ("Again" in means):
                    wrong.append(code)
    assert wrong == []


def test_the_message_table_names_every_id_the_client_understands(book: Manual) -> None:
    source = Path(redfish_errors.__file__).read_text(encoding="utf-8")
    understood = set(re.findall(r'"([A-Z]{2,4}\d{3,4})"', source))
    explained = set(re.findall(r"`([A-Z]{2,4}\d{3,4})`", book.topic("messages").text))
    assert understood - explained == set()


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ("servers", Place("server-list")),
        ("server/logs", Place("logs")),
        ("activity/restore-list", Place("jobs", "restore-list")),
        ("setting/network.per_device", Place("settings", "network-network")),
        ("error/LoginRefused", Place("troubleshooting", "login-and-certificate")),
        ("message/RAC0218", Place("messages", "not-now")),
        ("fault/tls_old", Place("demo-site", "faults")),
        ("nothing/known", Place(CONTENTS)),
    ],
)
def test_f1_leads_to_the_right_place(book: Manual, context: str, place: Place) -> None:
    found = book.for_context(context)
    assert found.topic == place.topic
    if place.anchor:
        assert found.anchor == place.anchor


def test_every_job_setting_and_fault_has_a_place(book: Manual) -> None:
    contexts = [f"job/{kind}" for kind in Catalogue.of(operations)]
    contexts += [f"setting/{section.name}.{key}" for section in SECTIONS for key in section.model_fields]
    contexts += [f"settings/{section.name}" for section in SECTIONS]
    contexts += [f"fault/{name}" for name in KINDS]
    assert [c for c in contexts if book.for_context(c).topic == CONTENTS] == []


@pytest.mark.parametrize(
    ("words", "topic"),
    [
        ("recovery key", "vault"),
        ("lock-out", "credentials"),
        ("sessions full", "old-idracs"),
        ("SYS518", "messages"),
        ("certificate changed", "certificates"),
        ("offline wheels", "first-steps"),
        ("filter", "server-list"),
        ("backup", "store"),
        ("dry run", "jobs"),
        ("exit code", "command-line"),
        ("LoginHeld", "credentials"),
        ("shortcuts", "keyboard"),
        ("reboot", "power"),
    ],
)
def test_search_finds_the_topic_first(book: Manual, words: str, topic: str) -> None:
    hits = book.search(words)
    assert hits[0].place.topic == topic, [(h.place, round(h.score, 1)) for h in hits[:4]]
    pages = [h.score for h in hits if h.place.topic != NOTES]
    assert pages == sorted(pages, reverse=True)
    section = {s.anchor for s in book.topic(hits[0].place.topic).sections}
    assert hits[0].place.anchor in section


def test_search_wants_every_word_and_takes_beginnings(book: Manual) -> None:
    assert book.search("recovery xyzzy") == []
    assert book.search("  ") == []
    assert {h.place.topic for h in book.search("certif")} >= {"certificates"}
    assert len(book.search("the", limit=3)) == 3
    assert "passphrase" in book.search("passphrase")[0].excerpt.lower()


def test_links_are_followed_within_the_manual_only(book: Manual) -> None:
    assert book.follow("vault", "jobs.md#restore-list") == Place("jobs", "restore-list")
    assert book.follow("vault", "#rotation") == Place("vault", "rotation")
    assert book.follow("vault", "../screenshots/x.png") is None
    assert book.follow("vault", "https://example.org/jobs.md") is None
    with pytest.raises(NotFound):
        book.topic("nowhere")


def test_headings_in_code_blocks_are_no_sections(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(
        "---\nid: index\ntitle: X\n---\n# X\n\n```\n## no\n```\n\n## A b, c!\nword\n", encoding="utf-8"
    )
    book = Manual.load(tmp_path)
    assert [s.anchor for s in book.topic("index").sections] == ["", "a-b-c"]
    assert anchor_of("A b, c!") == "a-b-c"


@pytest.mark.parametrize("text", ["# no head\n", "---\nid: a\n---\n# a\n", "---\nid a\n---\n# a\n"])
def test_a_damaged_manual_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ManualDamaged):
        Manual.load(tmp_path)
    (tmp_path / "index.md").write_text(text, encoding="utf-8")
    with pytest.raises(ManualDamaged) as caught:
        Manual.load(tmp_path)
    assert "index.md" in caught.value.where


def test_the_bundle_of_the_installed_program_is_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "docs" / "guide"
    inside.mkdir(parents=True)
    (inside / "index.md").write_text("---\nid: index\ntitle: Bundled\n---\n# Bundled\n", encoding="utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    with pytest.raises(ManualDamaged, match="release notes"):
        Manual.load()
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3\n\n- Something.\n", encoding="utf-8")
    assert Manual.load().topic(CONTENTS).title == "Bundled"
    assert "## 1.2.3" in Manual.load().topic(NOTES).text


def test_the_release_notes_are_the_changelog_and_are_found_after_the_pages(book: Manual) -> None:
    notes = book.topic(NOTES)
    written = shipped("CHANGELOG.md").read_text(encoding="utf-8")
    assert notes.text.splitlines()[1:] == written.splitlines()[1:]
    assert book.for_context(NOTES) == Place(NOTES)
    assert book.topics[-1] == notes
    found = [hit.place.topic for hit in book.search("firmware")]
    assert found[0] != NOTES
    assert NOTES in [hit.place.topic for hit in book.search("changelog")]
