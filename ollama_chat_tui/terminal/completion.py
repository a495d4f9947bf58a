"""Completion: sources give candidates, this finds the fitting ones and lays out the menu.

Knows no commands and no models. Sources answer at once from what they know; they refresh elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

MAX_SHOWN = 200
_PADDING = 5
"""Cells the menu needs around its two columns: blanks and the scroll bar."""
_LEAST_DESCRIPTION = 10


@dataclass(frozen=True)
class Candidate:
    """Something that may replace what stands from `start` to the cursor.

    Attributes:
        start: an index into the text before the cursor.
        description: a few words for the second column; may be empty.
    """

    text: str
    start: int
    description: str = ""


class CompletionSource(Protocol):
    """Gives what could be typed at a place; need not look at what is typed after a candidate's start."""

    def complete(self, text_before_cursor: str) -> Iterable[Candidate]:
        """Return candidates at once: no waiting, no network; must not raise."""
        ...


@dataclass(frozen=True)
class _Match:
    rank: tuple[int, int]
    text: str
    candidate: Candidate
    places: frozenset[int]


class SourceCompleter(Completer):
    """The fitting candidates of every source, best first."""

    def __init__(
        self, sources: Sequence[CompletionSource], sanitize: Callable[[str], str], columns: Callable[[], int]
    ) -> None:
        self._sources = sources
        self._sanitize = sanitize
        self._columns = columns

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterable[Completion]:
        """The completions at the cursor, laid out for the screen."""
        before = document.text_before_cursor
        matches = sorted(self._matches(before), key=lambda match: match.rank)[:MAX_SHOWN]
        if len(matches) == 1 and matches[0].text == before[matches[0].candidate.start :]:
            return
        widest = max((get_cwidth(match.text) for match in matches), default=0)
        has_room = self._columns() - widest - _PADDING >= _LEAST_DESCRIPTION
        for match in matches:
            yield Completion(
                match.text,
                start_position=match.candidate.start - len(before),
                display=_highlighted(match.text, match.places),
                display_meta=self._one_line(match.candidate.description) if has_room else "",
            )

    def _matches(self, before: str) -> Iterator[_Match]:
        seen = set()
        for source in self._sources:
            for candidate in source.complete(before):
                # Its blanks are kept: a file may have two in its name.
                text = self._sanitize(candidate.text).replace("\n", " ").replace("\t", " ")
                found = fuzzy_match(before[candidate.start :], text)
                if found and text.strip() and (text, candidate.start) not in seen:
                    seen.add((text, candidate.start))
                    yield _Match(found[0], text, candidate, frozenset(found[1]))

    def _one_line(self, text: str) -> str:
        return " ".join(self._sanitize(text).split())


def fuzzy_match(typed: str, text: str) -> tuple[tuple[int, int], Sequence[int]] | None:
    """Return how well `typed` finds `text` (less is better) and the indices found; None when it does not.

    All of it, beginning, then beginning of a word, then anywhere, then the letters in this order with others
    between.
    """
    typed, lower = typed.lower(), text.lower()
    if len(lower) != len(text):  # a capital such as İ becomes two
        lower = text
    at = lower.find(typed)
    if at == 0:
        return (0, int(typed != lower)), range(len(typed))
    if word := re.search(r"(?<![^\W_])" + re.escape(typed), lower):
        return (1, word.start()), range(*word.span())
    if at > 0:
        return (2, at), range(at, at + len(typed))
    places, at = [], -1
    for char in typed:
        at = lower.find(char, at + 1)
        if at < 0:
            return None
        places.append(at)
    return (3, places[-1] - places[0]), places


def _highlighted(text: str, places: frozenset[int]) -> StyleAndTextTuples:
    return [("class:completion-match" if i in places else "", char) for i, char in enumerate(text)]
