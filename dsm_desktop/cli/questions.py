"""A question of a job as a terminal shows it: what is asked, and the command of each answer."""

from __future__ import annotations

from collections.abc import Iterator

from dsm_desktop.queries.jobs import DecisionRow


def lines_of(question: DecisionRow) -> Iterator[str]:
    """The question, then a line for each answer; the one that is taken without a word says when."""
    target = f" ({question.target})" if question.target else ""
    yield f"Question {question.id}{target}: {question.question}"
    for option in question.options:
        default = f" (taken {question.deadline.astimezone():%Y-%m-%d %H:%M} without an answer)"
        title, taken = option.get("title") or "", default if option["value"] == question.default else ""
        yield f"  dsm-desktop jobs answer {question.id} {option['value']}  {title}{taken}"
