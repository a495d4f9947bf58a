"""Fenced code: one row or more for each line, as soon as the line is there."""

from __future__ import annotations

import re
from typing import Final

from ollama_chat_tui.terminal.fill import CodeFill, Gutter
from ollama_chat_tui.terminal.markdown.leaf import Leaf, Page
from ollama_chat_tui.terminal.markdown.lexer import LONGEST_LINE, LineLexer
from ollama_chat_tui.terminal.rows import cells

_WIDEST_FRAME: Final = 60


class Fence(Leaf[CodeFill]):
    """A block of code between two fences; its number is what `/copy code N` takes."""

    def __init__(self, page: Page, gutter: Gutter, *, mark: str, indent: int, info: str) -> None:
        page.code_blocks += 1
        super().__init__(page, CodeFill(gutter, page.rows))
        self._indent = indent
        self._closing = re.compile(f" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*\\Z")
        self._lexer = LineLexer.by_name(info)
        self._is_long_line = False
        name = " ".join(info.split())
        self._frame(f"{name} · {page.code_blocks}" if name else str(page.code_blocks))

    @property
    def is_in_line(self) -> bool:
        """Whether the last line was too long to colour, so that its pieces can be shown as they come."""
        return self._is_long_line

    def move_to(self, page: Page) -> None:
        super().move_to(page)
        self._lexer = self._lexer.clone() if self._lexer else None

    def is_closed_by(self, line: str) -> bool:
        """Say whether a line, without what its containers take, is the closing fence."""
        return self._closing.match(line) is not None

    def add_line(self, line: str) -> None:
        """Show a line; the blanks by which the fence itself is indented are taken off."""
        self._end_long_line()
        blanks = len(line) - len(line.lstrip(" "))
        line = line[min(blanks, self._indent) :]
        if len(line) > LONGEST_LINE:
            self._is_long_line = True
            self.append(line)
        else:
            theme = self._page.theme
            lexemes = self._lexer.lex(line) if self._lexer else ()
            self._fill.feed(
                [(text, theme.code_ink(token)) for token, text in lexemes]
                if self._lexer
                else [(line, theme.ink("code"))]
            )
            self._fill.end_line()

    def append(self, text: str) -> None:
        """Go on with a line too long to colour."""
        self._fill.feed([(text, self._page.theme.ink("plain"))])

    def close(self) -> None:
        self._end_long_line()
        self._frame("")

    def _end_long_line(self) -> None:
        if self._is_long_line:
            self._fill.end_line()
            self._is_long_line = False

    def _frame(self, title: str) -> None:
        width = min(self._fill.gutter.width, _WIDEST_FRAME)
        ink = self._page.theme.ink("rule")
        if title and cells(title) + 4 <= width:
            text = f"─ {title} "
            self._fill.emit([(text + "─" * (width - cells(text)), ink)])
            return
        if title:
            # A long info string is foreign text like any other: shown, not cut.
            self._fill.feed([(f"─ {title}", ink)])
            self._fill.end_line()
            return
        self._fill.emit([("─" * width, ink)])
