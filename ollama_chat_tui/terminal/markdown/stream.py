"""The stream renderer: text in, finished rows and a live tail out.

Finished rows never change again. The tail is what the unfinished end would be if nothing more came: a copy
of the parser's small state is given the rest and finished. So an answer costs the same per token however
long it is, and the finished rows are those of the whole text rendered at once.
"""

from __future__ import annotations

from typing import Final

from ollama_chat_tui.terminal.frame import Frame
from ollama_chat_tui.terminal.markdown.blocks import BlockParser
from ollama_chat_tui.terminal.sanitize import Sanitizer
from ollama_chat_tui.terminal.theme import Theme

NARROWEST: Final = 20
# A line longer than this is shown in pieces when its kind is certain.
_LONG_LINE: Final = 240
# Of an undecided line longer than twice this only both ends are shown until it is whole: parsing all of it
# again and again would cost the square of its length.
_PREVIEW_END: Final = 600
# A token of four letters takes 53 bytes as a string of its own.
_MOST_PIECES: Final = 100


class MarkdownStream:
    """Renders one answer while it is written."""

    def __init__(self, theme: Theme, width: int, *, tail_rows: int = 12) -> None:
        self._parser = BlockParser(theme, max(NARROWEST, width))
        self.tail_rows = tail_rows
        self._fed: list[str] = []
        self._sanitizer = Sanitizer()
        self._line = ""
        self._tail: list[str] = []
        self._is_stale = False

    def feed(self, text: str) -> None:
        """Add text; it is only sanitised and kept until the next frame."""
        if text := self._sanitizer.feed(text):
            self._fed.append(text)
            if len(self._fed) > _MOST_PIECES:
                self._fed = ["".join(self._fed)]
            self._is_stale = True

    def render(self) -> Frame:
        """Return the rows that became certain, and the tail."""
        if not self._is_stale:
            return Frame([], self._tail)
        self._is_stale = False
        self._parse()
        finished = self._take_rows()
        self._tail = self._preview()
        return Frame(finished, self._tail)

    def finish(self) -> Frame:
        """Return all the rest as finished rows."""
        self._fed.append(self._sanitizer.flush())
        self._parse()
        _end(self._parser, self._line)
        self._line = ""
        self._tail = []
        self._is_stale = False
        return Frame(self._take_rows(), [])

    def resize(self, width: int) -> None:
        """Use another width from the next row on; rows already finished stay as they are."""
        self._parser.resize(max(NARROWEST, width))
        self._is_stale = True

    def _parse(self) -> None:
        *lines, last = (self._line + "".join(self._fed)).split("\n")
        self._fed.clear()
        parser = self._parser
        for line in lines:
            if parser.is_in_line:
                parser.end_line(line)
            else:
                parser.add_line(line)
        if parser.is_in_line:
            parser.append(last)
            last = ""
        elif len(last) > _LONG_LINE and parser.begin_line(last):
            last = ""
        self._line = last

    def _take_rows(self) -> list[str]:
        rows = self._parser.rows[:]
        self._parser.rows.clear()
        return rows

    def _preview(self) -> list[str]:
        copy = self._parser.clone()
        copy.keep_for_preview(self.tail_rows)
        line = self._line
        if len(line) > 2 * _PREVIEW_END:
            line = f"{line[:_PREVIEW_END]} … {line[-_PREVIEW_END:]}"
        _end(copy, line)
        return copy.rows[-self.tail_rows :]


def _end(parser: BlockParser, line: str) -> None:
    if parser.is_in_line:
        parser.end_line(line)
    elif line:
        parser.add_line(line)
    parser.finish()


def render_markdown(text: str, theme: Theme, width: int) -> list[str]:
    """Render a whole text at once."""
    stream = MarkdownStream(theme, width)
    stream.feed(text)
    return stream.finish().finished
