"""The manual inside the program: topics by id, by context (F1) and by search. Its one source is the Markdown in `docs/guide`.

A topic is a file with a head of `key: value` lines (id, title, keywords, contexts) between two lines of ---. The release notes
are the one topic beside: the text of CHANGELOG.md as it is. Links between topics are ordinary relative links
("jobs.md#restore-list"), so that the same files read well in a browser of the repository.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from dsm_desktop.core.errors import DsmError, NotFound
from dsm_desktop.core.shipped import shipped

CONTENTS = "index"
"""Id of the page of contents: shown first, and where a context is not known."""
NOTES = "what-is-new"
"""Id of the release notes."""
_NOTES_TITLE = "What is new"
_HEAD = re.compile(r"\A---\n(?P<head>.*?)\n---\n(?P<text>.*)\Z", re.S)
_HEADING = re.compile(r"^(#{1,3}) +(.+?) *$")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.S)
_WORD = re.compile(r"[\w.+-]*\w")
_MARKS = re.compile(r"[`*|]|\]\([^)]*\)|!?\[|^#+ |^[-:| ]+$", re.M)
_EXCERPT = 160
_TITLE, _KEYWORD, _HEADING_WEIGHT = 9.0, 6.0, 5.0


class ManualDamaged(DsmError):
    """A file of the manual is missing or has no readable head."""


@dataclass(frozen=True, slots=True)
class Section:
    """Text from a heading to the next; `anchor` "" before the first one below the title."""

    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Topic:
    """One page. `text` is its Markdown without the head; `contexts` are what F1 opens it for ("activity/jobs", or with the
    anchor of a section "activity/questions#questions")."""

    id: str
    title: str
    keywords: tuple[str, ...]
    contexts: tuple[str, ...]
    text: str
    file: Path

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """In order; the first is the introduction."""
        return tuple(_sections(self.text))

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Targets of all links and pictures as written."""
        return tuple(found["target"] for found in _LINK.finditer(self.text))


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in the manual: a topic and the anchor of a section, "" for its top."""

    topic: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A section that fits a search, best first by `score`; `excerpt` is plain text around the first word found."""

    place: Place
    title: str
    section: str
    excerpt: str
    score: float


class Manual:
    """All topics. Immutable after loading, so any thread may ask."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._topics = dict(topics)
        self._contexts: dict[str, Place] = {}
        for topic in topics.values():
            for context in topic.contexts:
                name, _, anchor = context.partition("#")
                self._contexts[name] = Place(topic.id, anchor)

    @classmethod
    def load(cls, folder: Path | None = None) -> Manual:
        """Read every topic of a folder; the program's own, with its release notes, without one. Raises ManualDamaged."""
        own = [] if folder else [_notes(shipped("CHANGELOG.md"))]
        folder = folder or shipped("docs/guide")
        topics = [_topic(file) for file in sorted(folder.glob("*.md"))] + own
        if CONTENTS not in {topic.id for topic in topics}:
            raise ManualDamaged(
                "The manual is not there.", hint="Install the program again.", where=str(folder)
            )
        by_id = {topic.id: topic for topic in topics}
        order = [Path(link.partition("#")[0]).stem for link in by_id[CONTENTS].links]
        listed = [CONTENTS, *dict.fromkeys(i for i in order if i in by_id)]
        return cls({i: by_id[i] for i in dict.fromkeys([*listed, *by_id])})

    @property
    def topics(self) -> tuple[Topic, ...]:
        """In the order of the contents."""
        return tuple(self._topics.values())

    def topic(self, topic_id: str) -> Topic:
        """Raises NotFound."""
        try:
            return self._topics[topic_id]
        except KeyError:
            raise NotFound(f"The manual has no topic '{topic_id}'.", hint="Search for a word.") from None

    def for_context(self, context: str) -> Place:
        """Where F1 leads: "servers", "server/logs", "job/power_action", "setting/network.per_device", "error/LoginRefused",
        "message/RAC0218". Not listed as such, the part before the last "/" decides the topic, and the section that names the
        rest in code style (of "a.b": b, in the section whose heading names a) is opened; the contents where nothing fits."""
        parent, _, last = context.rpartition("/")
        found = self._contexts.get(context) or self._contexts.get(parent)
        if found is None or found.anchor:
            return found or Place(CONTENTS)
        section, _, field = last.rpartition(".")
        for section_of in self._topics[found.topic].sections:
            if f"`{field}`" in section_of.text and f"`{section}`" in f"{section_of.title}``":
                return Place(found.topic, section_of.anchor)
        return found

    def follow(self, topic_id: str, link: str) -> Place | None:
        """Where a link of a topic leads; None for what is not in the manual (a picture, another file)."""
        path, _, anchor = link.partition("#")
        target = Path(path).stem if path else topic_id
        if (path and (not path.endswith(".md") or "/" in path)) or target not in self._topics:
            return None
        return Place(target, anchor)

    def search(self, text: str, limit: int = 20) -> list[Hit]:
        """Sections in which every word occurs (also as the beginning of a word, in title or keywords), best first; the release
        notes, which speak of everything, after the pages."""
        words = [word.lower() for word in _WORD.findall(text)]
        if not words:
            return []
        hits = [hit for topic in self.topics for hit in _hits(topic, words)]
        return sorted(hits, key=lambda hit: (hit.place.topic == NOTES, -hit.score))[:limit]


@cache
def manual() -> Manual:
    """The program's manual, read once."""
    return Manual.load()


def anchor_of(heading: str) -> str:
    """The anchor a heading gets, as repository browsers make it: "The TLS pin" -> "the-tls-pin"."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _topic(file: Path) -> Topic:
    found = _HEAD.match(file.read_text(encoding="utf-8"))
    head = dict(_pair(line, file) for line in found["head"].splitlines()) if found else {}
    if found is None or not {"id", "title"} <= head.keys():
        raise ManualDamaged("A page of the manual has no readable head.", where=str(file))
    text = _COMMENT.sub("", found["text"]).strip() + "\n"
    return Topic(head["id"], head["title"], _many(head, "keywords"), _many(head, "contexts"), text, file)


def _notes(file: Path) -> Topic:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ManualDamaged(
            "The release notes are not there.", hint="Install the program again.", where=str(file)
        ) from error
    words = ("release notes", "changelog", "update", "version", "new")
    text = text.replace("# Changelog\n", f"# {_NOTES_TITLE}\n", 1)
    return Topic(NOTES, _NOTES_TITLE, words, (NOTES,), text, file)


def _pair(line: str, file: Path) -> tuple[str, str]:
    key, colon, value = line.partition(":")
    if not colon:
        raise ManualDamaged(f"The head's line '{line}' is no 'key: value'.", where=str(file))
    return key.strip(), value.strip()


def _many(head: Mapping[str, str], key: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in head.get(key, "").split(",") if part.strip())


def _sections(text: str) -> Iterator[Section]:
    title, anchor, lines, fenced = "", "", list[str](), False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading is None or len(heading[1]) == 1:
            lines.append(line)
            continue
        yield Section(anchor, title, "\n".join(lines))
        title, anchor, lines = heading[2], anchor_of(heading[2]), [line]
    yield Section(anchor, title, "\n".join(lines))


def _hits(topic: Topic, words: list[str]) -> Iterator[Hit]:
    head = _weigh(topic.title, words, _TITLE), _weigh(" ".join(topic.keywords), words, _KEYWORD)
    for number, section in enumerate(topic.sections):
        plain = _MARKS.sub(" ", section.text)
        own = _weigh(section.title, words, _HEADING_WEIGHT)
        said = _weigh(plain, words, 1.0)
        # Title and keywords speak for the introduction; a later section must say something itself.
        shared = 1.0 if number == 0 else 0.3
        scores = [shared * (head[0][n] + head[1][n]) + own[n] + said[n] for n in range(len(words))]
        if all(scores) and (number == 0 or any(own) or any(said)):
            place = Place(topic.id, section.anchor)
            yield Hit(place, topic.title, section.title, _excerpt(plain, words), sum(scores))


def _weigh(text: str, words: list[str], weight: float) -> list[float]:
    """Per word: `weight` for a whole word, half for a beginning, growing slowly with how often it is said."""
    found = [word.lower() for word in _WORD.findall(text)]
    scores = []
    for word in words:
        whole = sum(1 for other in found if other == word)
        begun = sum(1 for other in found if other != word and other.startswith(word))
        scores.append(weight * (math.log1p(whole) + 0.5 * math.log1p(begun)))
    return scores


def _excerpt(plain: str, words: list[str]) -> str:
    flat = " ".join(plain.split())
    first = min((at for word in words if (at := flat.lower().find(word)) >= 0), default=0)
    start = flat.rfind(" ", 0, max(first - _EXCERPT // 3, 0)) + 1
    piece = flat[start : start + _EXCERPT]
    return ("… " if start else "") + piece + (" …" if start + _EXCERPT < len(flat) else "")
