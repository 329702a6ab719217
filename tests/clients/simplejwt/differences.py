"""Where Vestibule answers otherwise than its model on purpose: one table, its reasons, and the page made of it.

A row holds for an aspect of an answer (see `compare.py`) in the cases that it names; patterns are those of a shell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.clients.simplejwt.compare import Disagreement


@dataclass(frozen=True)
class Change:
    """What a difference looks like on the wire."""

    cases: str
    aspect: str
    ours: str

    def covers(self, found: Disagreement) -> bool:
        wanted = ((found.case, self.cases), (found.aspect, self.aspect), (found.ours, self.ours))
        return all(fnmatchcase(_plain(text), _plain(pattern)) for text, pattern in wanted)


@dataclass(frozen=True)
class Difference:
    """For people, and below it for the test."""

    what: str
    theirs: str
    ours: str
    why: str
    changes: tuple[Change, ...]


def _plain(text: str) -> str:
    """Brackets are brackets here, no sets of characters."""
    return text.replace("[", "(").replace("]", ")")


DIFFERENCES: tuple[Difference, ...] = ()


def explains(found: Disagreement) -> bool:
    """Whether a row holds for a disagreement."""
    return any(change.covers(found) for difference in DIFFERENCES for change in difference.changes)


def unneeded(found: Iterable[Disagreement]) -> list[Change]:
    """Parts of rows that no request needs any more."""
    seen = list(found)
    changes = (change for difference in DIFFERENCES for change in difference.changes)
    return [change for change in changes if not any(change.covers(one) for one in seen)]


def table() -> str:
    """The rows as a table of Markdown, for the page of `docs/`."""
    head = ("| what | Django + SimpleJWT | Vestibule | why |", "| --- | --- | --- | --- |")
    rows = (f"| {row.what} | {row.theirs} | {row.ours} | {row.why} |" for row in DIFFERENCES)
    return "\n".join((*head, *rows)) + "\n"
