"""The piece of a text that shows why it was found. Marks are places, not colours: this room draws nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from ollama_chat_tui.sessions.query import Term
from ollama_chat_tui.sessions.tokens import Token, tokens

WIDTH: Final = 160
_BEFORE: Final = 40
_MOST_MARKS: Final = 100
_READ_AT_MOST: Final = 200_000
_BLANKS: Final = re.compile(r"\s+")


class Snippet(Struct, frozen=True):
    """One line of text as it was said, neither checked nor cleaned for a terminal.

    Attributes:
        marks: where what was looked for stands in `text`: first character, and the one after the last.
    """

    text: str
    marks: tuple[tuple[int, int], ...] = ()


def cut_snippet(text: str, terms: Sequence[Term]) -> Snippet:
    """Cut out the place that holds the most of what was looked for."""
    text = text[:_READ_AT_MOST]
    marks = sorted(_marks(tokens(text), terms))[:_MOST_MARKS]
    start, end = _window(text, marks)
    found = _merged((first, last) for first, last, _ in marks if first >= start and last <= end)
    return _on_one_line(text, start, end, found)


def _marks(words: list[Token], terms: Sequence[Term]) -> Iterable[tuple[int, int, int]]:
    """First character, end, and number of the term, of each place where one stands."""
    beginnings: dict[str, list[int]] = {}
    for place, token in enumerate(words):
        beginnings.setdefault(token.word, []).append(place)
    for number, term in enumerate(terms):
        if len(term.words) == 1 and term.is_prefix:
            places = [
                place for word in beginnings if word.startswith(term.words[0]) for place in beginnings[word]
            ]
        else:
            places = beginnings.get(term.words[0], [])
        for place in places:
            if _stands(words[place : place + len(term.words)], term):
                yield words[place].start, words[place + len(term.words) - 1].end, number


def _stands(words: list[Token], term: Term) -> bool:
    if len(words) < len(term.words):
        return False
    *before, last = (token.word for token in words)
    is_last = last.startswith(term.words[-1]) if term.is_prefix else last == term.words[-1]
    return is_last and tuple(before) == term.words[:-1]


def _window(text: str, marks: list[tuple[int, int, int]]) -> tuple[int, int]:
    best, start = 0, 0
    for first, _, _ in marks:
        within = {number for begin, end, number in marks if begin >= first and end <= first + WIDTH - _BEFORE}
        if len(within) > best:
            best, start = len(within), max(0, first - _BEFORE)
    if len(text) - start < WIDTH:
        start = max(0, len(text) - WIDTH)
    return start, start + WIDTH


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _on_one_line(text: str, start: int, end: int, found: list[tuple[int, int]]) -> Snippet:
    line = "… " if start else ""
    marks = []
    at = start
    for first, last in found:
        line += _BLANKS.sub(" ", text[at:first])
        begin = len(line)
        line += _BLANKS.sub(" ", text[first:last])
        marks.append((begin, len(line)))
        at = last
    line += _BLANKS.sub(" ", text[at:end])
    return Snippet(line + (" …" if end < len(text) else ""), tuple(marks))
