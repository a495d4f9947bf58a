"""Filling rows: greedy word wrap and hard wrap, fed piece by piece.

Both keep only the row they are filling. Greedy wrapping never looks back, so the rows are the same however
the text was cut; a clone fills on without touching what the original holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from typing import Final, Self

from ollama_chat_tui.terminal.rows import Piece, ansi_row, cells, graphemes
from ollama_chat_tui.terminal.theme import PLAIN, Ink

TAB: Final = 4

# Between two wide characters a row may break, but a closing mark stays with what it closes.
_WIDE: Final = (
    "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60"
    "\U00020000-\U0003fffd"
)
_CLOSING: Final = "、。，．：；？！）］｝〉》」』】〕〗’”·・ー々!?,.:;)\\]}"
_WORDS: Final = re.compile(f"\n| +|[{_WIDE}][{_CLOSING}\u0300-\u036f\ufe00-\ufe0f]*|[^ \n{_WIDE}]+")
_ASCII_WORDS: Final = re.compile("\n| +|[^ \n]+")
_WIDE_START: Final = re.compile(f"[{_WIDE}]")
_NO_SPACE: Final[Piece] = ("", PLAIN)


@dataclass(frozen=True, slots=True)
class Gutter:
    """What stands left of a block: list markers on its first row, bars and indents on all.

    `width` is what remains for the block itself.
    """

    first: tuple[Piece, ...]
    rest: tuple[Piece, ...]
    width: int


class Fill:
    """What both ways of filling share: the row being filled, and where full rows go."""

    __slots__ = ("_fresh", "_row", "_used", "gutter", "rows")

    def __init__(self, gutter: Gutter, rows: list[str]) -> None:
        self.gutter = gutter
        self.rows = rows
        self._row: list[Piece] = []
        self._used = 0
        self._fresh = True

    @property
    def is_fresh(self) -> bool:
        """Whether no row has left yet."""
        return self._fresh

    def clone(self, rows: list[str]) -> Self:
        """Return a copy which sends its rows elsewhere."""
        other = copy(self)
        other.move_to(rows)
        return other

    def move_to(self, rows: list[str]) -> None:
        """Send the rows to come elsewhere, and share nothing with what this was copied from."""
        self.rows = rows
        self._row = self._row[:]

    def narrow(self, gutter: Gutter) -> None:
        """Go on with another gutter: rows that left stay."""
        self.gutter = gutter

    def emit(self, pieces: Iterable[Piece]) -> None:
        """Send one row, with the gutter before it."""
        self.rows.append(ansi_row([*self._margin(), *pieces]))

    def send(self, row: str) -> None:
        """Send one row that `ansi_row` has made already, with the gutter before it."""
        self.rows.append(ansi_row(self._margin()) + row)

    def _margin(self) -> tuple[Piece, ...]:
        margin = self.gutter.first if self._fresh else self.gutter.rest
        self._fresh = False
        return margin

    def newline(self) -> None:
        """End the row."""
        self.emit(self._row)
        self._row = []
        self._used = 0

    def _chop(self, pieces: Iterable[Piece]) -> None:
        """Fill on, breaking anywhere between two graphemes."""
        for text, ink in pieces:
            if self._used + cells(text) <= self.gutter.width:
                self._row.append((text, ink))
                self._used += cells(text)
                continue
            part: list[str] = []
            for grapheme, width in graphemes(text):
                if self._used + width > self.gutter.width and self._used:
                    self._row.append(("".join(part), ink))
                    part = []
                    self.newline()
                part.append(grapheme)
                self._used += width
            self._row.append(("".join(part), ink))


class CodeFill(Fill):
    """Hard wrap: code keeps its blanks, and tabs go to the next stop."""

    __slots__ = ("_column",)

    def __init__(self, gutter: Gutter, rows: list[str]) -> None:
        super().__init__(gutter, rows)
        self._column = 0

    def feed(self, pieces: Iterable[Piece]) -> None:
        """Add pieces to the line."""
        self._chop((self._without_tabs(text), ink) for text, ink in pieces)

    def end_line(self) -> None:
        """End the line of code, and with it the row."""
        self.newline()
        self._column = 0

    def _without_tabs(self, text: str) -> str:
        if "\t" in text:
            head, *others = text.split("\t")
            text = head
            for other in others:
                column = self._column + cells(text)
                text += " " * (TAB - column % TAB) + other
        self._column += cells(text)
        return text


class WordFill(Fill):
    """Word wrap: rows break at blanks and between wide characters; a word longer than a row is broken.

    A newline in a piece ends the row.
    """

    __slots__ = ("_space", "_word", "_word_cells")

    def __init__(self, gutter: Gutter, rows: list[str]) -> None:
        super().__init__(gutter, rows)
        self._space: Piece = _NO_SPACE
        self._word: list[Piece] = []
        self._word_cells = 0

    def move_to(self, rows: list[str]) -> None:
        super().move_to(rows)
        self._word = self._word[:]

    def feed(self, pieces: Iterable[Piece]) -> None:
        """Add pieces; a word may go on from one piece to the next."""
        for text, ink in pieces:
            ascii_only = text.isascii()
            # A tab has no cells of its own; in prose it is a blank.
            blank = text.replace("\t", " ")
            for word in (_ASCII_WORDS if ascii_only else _WORDS).findall(blank):
                if word[0] == " ":
                    self._end_word()
                    self._space = (self._space[0] + word, ink)
                elif word == "\n":
                    self._end_word()
                    self._space = _NO_SPACE
                    self.newline()
                elif not ascii_only and _WIDE_START.match(word):
                    self._end_word()
                    self._add(word, ink)
                    self._end_word()
                else:
                    self._add(word, ink)

    def close(self) -> None:
        """End the last row, if there is one."""
        self._end_word()
        if self._row or self._fresh:
            self.newline()

    def narrow(self, gutter: Gutter) -> None:
        # The row being filled is filled anew.
        held = [*self._row, self._space, *self._word]
        self.gutter = gutter
        self._row, self._used = [], 0
        self._space = _NO_SPACE
        self._word, self._word_cells = [], 0
        self.feed(held)

    def _add(self, word: str, ink: Ink) -> None:
        self._word.append((word, ink))
        self._word_cells += cells(word)
        if self._word_cells > self.gutter.width:
            self._break_word()

    def _end_word(self) -> None:
        if not self._word:
            return
        blanks, blank_ink = self._space
        if self._used and self._used + len(blanks) + self._word_cells > self.gutter.width:
            self.newline()
        elif blanks and self._used:
            self._row.append((blanks, blank_ink))
            self._used += len(blanks)
        self._row += self._word
        self._used += self._word_cells
        self._word, self._word_cells, self._space = [], 0, _NO_SPACE

    def _break_word(self) -> None:
        """Send the full rows of a word longer than a row; what is left stays a word that may go on."""
        if self._used:
            self.newline()
        self._chop(self._word)
        self._word, self._word_cells = self._row, self._used
        self._row, self._used, self._space = [], 0, _NO_SPACE
