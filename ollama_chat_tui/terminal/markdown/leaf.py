"""Leaves: the blocks that hold text and become rows. This module has the simple ones.

A leaf is given its source line by line, or a long line piece by piece, and sends rows as soon as they are
certain. `clone` copies the little it holds, so that the unfinished can be shown by finishing a copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, Self, TypeVar

from ollama_chat_tui.terminal.fill import CodeFill, Fill, Gutter, WordFill
from ollama_chat_tui.terminal.markdown import cut
from ollama_chat_tui.terminal.markdown.inline import InlineParser
from ollama_chat_tui.terminal.rows import Piece
from ollama_chat_tui.terminal.theme import PLAIN, Theme

_CLOSING_HASHES: Final = re.compile(r"(?:^|[ \t])#+[ \t]*\Z")
_DEFINITION: Final = re.compile(
    r"\[(?!\^)(?P<label>(?:[^\[\]\\\n]|\\.)*[^\s\[\]][^\[\]\n]*)\]:[ \t]*"
    r"(?:<(?P<angled>[^<>\n]*)>|(?P<address>[^\s<]\S*))"
    r"(?:[ \t]+(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|\((?P<paren>[^()\n]*)\)))?[ \t]*(?:\n|\Z)"
)
_MAY_BE_DEFINITION: Final = re.compile(r"\[[^\]]*(?:\]:|\]?\Z)")
LONGEST_HEADER: Final = 2000
_PIPE_WITHIN: Final = 60


AnyFill = TypeVar("AnyFill", bound=Fill)


@dataclass(slots=True)
class Page:
    """What every leaf of one rendering shares."""

    theme: Theme
    inline: InlineParser
    rows: list[str]
    references: Any
    code_blocks: int = 0

    def clone(self, references: Any) -> Page:
        """Return a page of its own rows."""
        return replace(self, rows=[], references=references)


class Leaf(Generic[AnyFill]):
    """A block of text that is open.

    It is given its lines whole; where it says so, a long line in pieces.
    """

    def __init__(self, page: Page, fill: AnyFill) -> None:
        self._page = page
        self._fill = fill

    @property
    def gutter(self) -> Gutter:
        """What stands left of it."""
        return self._fill.gutter

    @property
    def has_rows(self) -> bool:
        """Whether a row has left."""
        return not self._fill.is_fresh

    @property
    def is_in_line(self) -> bool:
        """Whether `append` may go on with the line that came last."""
        return False

    def add_line(self, text: str) -> None:
        """Take a line, or the beginning of one."""
        raise NotImplementedError

    def append(self, text: str) -> None:
        """Take more of the line that came last."""
        raise NotImplementedError

    def close(self) -> None:
        """Send the rows that are left."""

    def clone(self, page: Page) -> Self:
        """Return a copy that sends its rows to another page."""
        other = copy(self)
        other.move_to(page)
        return other

    def move_to(self, page: Page) -> None:
        """Send the rows to come to another page, and share nothing with what this was copied from."""
        self._page = page
        self._fill = self._fill.clone(page.rows)

    def resize(self, gutter: Gutter) -> None:
        """Use another width for the rows to come."""
        self._fill.narrow(gutter)


def fill_words(page: Page, gutter: Gutter, pieces: Iterable[Piece]) -> None:
    """Send a whole block at once."""
    fill = WordFill(gutter, page.rows)
    fill.feed(pieces)
    fill.close()


class Prose(Leaf[WordFill]):
    """A paragraph or a heading: text for the inline parser, wrapped at words."""

    def __init__(self, page: Page, gutter: Gutter, *, heading: int = 0) -> None:
        super().__init__(page, WordFill(gutter, page.rows))
        self.heading = heading
        self._ink = page.theme.ink(f"heading{min(heading, 4)}") if heading else PLAIN
        self._text = ""
        self._line_start = 0
        self._probe = cut.FIRST_PROBE
        self._was_cut = False

    def add_line(self, text: str) -> None:
        """Begin a line; `append` may go on with it."""
        if not self._was_cut and not self.heading:
            self._text = self._take_definitions(self._text)
        if self._text or self._was_cut:
            self._text += "\n"
        self._line_start = len(self._text)
        self._text += text
        self._send_certain()

    def append(self, text: str) -> None:
        self._text += text
        self._send_certain()

    def last_line(self) -> str:
        """Return the line that came last, if it may be the header of a table, else nothing."""
        return self._text[self._line_start :] if self._may_be_header() else ""

    def drop_last_line(self) -> None:
        """Forget the line that came last: it turned out to be something else."""
        self._text = self._text[: max(0, self._line_start - 1)]
        self._line_start = len(self._text)

    @property
    def is_empty(self) -> bool:
        return not self._text and not self._was_cut

    def close(self) -> None:
        text = self._text
        if self.heading:
            text = _CLOSING_HASHES.sub("", text.rstrip())
        elif not self._was_cut:
            text = self._take_definitions(text)
        if text := text.rstrip():
            self._fill.feed(self._pieces(text))
        self._fill.close()

    def _pieces(self, text: str) -> list[Piece]:
        return self._page.inline.pieces(text, self._ink, self._page.references)

    def _may_be_header(self) -> bool:
        line = self._text[self._line_start : self._line_start + LONGEST_HEADER + 1]
        return len(line) <= LONGEST_HEADER and not self.heading and "|" in line[:_PIPE_WITHIN]

    def _is_held(self) -> bool:
        """Say whether the first line may be a link definition, which must be seen whole."""
        text = self._text[: LONGEST_HEADER + 1]
        is_long = len(text) > LONGEST_HEADER
        return not self._was_cut and not self.heading and not is_long and bool(_MAY_BE_DEFINITION.match(text))

    def _send_certain(self) -> None:
        """Send what no later text can change."""
        width = self._fill.gutter.width
        if len(self._text) * 2 < cut.FIRST_PROBE * width or self._is_held():
            return
        certain = self._line_start - 1 if self._may_be_header() else len(self._text)
        start = 0
        while True:
            reach = self._text[start : start + cut.LAST_PROBE * width]
            end = cut.window(reach, self._probe * width, width)
            if not end or start + end > certain:
                break
            place = cut.safe_cut(reach[:end])
            if not place and self._probe == cut.LAST_PROBE:
                place = cut.forced_cut(reach[:end])
            if not place:
                self._probe += 1
                continue
            self._fill.feed(self._pieces(reach[:place]))
            start += place
            self._was_cut = True
            self._probe = cut.FIRST_PROBE
        self._text = self._text[start:]
        self._line_start = max(0, self._line_start - start)

    def _take_definitions(self, text: str) -> str:
        """Remember the link definitions a paragraph begins with, and show each on a row of its own."""
        while text.startswith("[") and (found := _DEFINITION.match(text)):
            address = found["angled"] if found["angled"] is not None else found["address"]
            title = found["double"] or found["single"] or found["paren"] or ""
            self._page.inline.define(found["label"], address, title, self._page.references)
            self._fill.feed([(found.group().rstrip(), self._page.theme.ink("address"))])
            self._fill.feed([("\n", PLAIN)])
            text = text[found.end() :]
        return text


class IndentedCode(Leaf[CodeFill]):
    """Code by four blanks: no language, no frame; blank lines at its end do not belong to it."""

    def __init__(self, page: Page, gutter: Gutter) -> None:
        super().__init__(page, CodeFill(gutter, page.rows))
        self._ink = page.theme.ink("code")
        self._blank_lines = 0

    def add_line(self, text: str) -> None:
        if not text.strip():
            self._blank_lines += 1
            return
        for _ in range(self._blank_lines):
            self._fill.end_line()
        self._blank_lines = 0
        self._fill.feed([(text, self._ink)])
        self._fill.end_line()
