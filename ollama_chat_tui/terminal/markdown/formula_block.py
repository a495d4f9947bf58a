r"""Formulas on lines of their own, between $$ and $$ or \[ and \]."""

from __future__ import annotations

import re
from typing import Final

from ollama_chat_tui.terminal.fill import CodeFill, Gutter
from ollama_chat_tui.terminal.markdown.formula import to_unicode
from ollama_chat_tui.terminal.markdown.leaf import Leaf, Page

_CLOSING: Final = {"$$": "$$", "\\[": "\\]"}
_LIKE_MATHS: Final = re.compile(r"[\\^_={}]")
_LONGEST: Final = 12


class FormulaBlock(Leaf[CodeFill]):
    """Held until its end, then shown readable; shown as its source when it is long or does not end."""

    def __init__(self, page: Page, gutter: Gutter, line: str) -> None:
        super().__init__(page, CodeFill(gutter, page.rows))
        self._close = _CLOSING[line[:2]]
        self._lines: list[str] = []
        self._is_source = False
        self.is_complete = False
        self._take(line, 2)

    @staticmethod
    def begins(line: str) -> bool:
        """Say whether a line begins such a formula, and not a paragraph that begins with one."""
        close = _CLOSING.get(line[:2])
        if close is None:
            return False
        body, found, after = line[2:].rstrip().partition(close)
        if found:
            return bool(body.strip()) and not after
        return not body.strip() or _LIKE_MATHS.search(body) is not None

    def move_to(self, page: Page) -> None:
        super().move_to(page)
        self._lines = self._lines[:]

    def add_line(self, line: str) -> None:
        self._take(line, 0)

    def close(self) -> None:
        source = "\n".join(self._lines)
        if not self._is_source:
            body = source[2:].rstrip().removesuffix(self._close)
            readable = to_unicode(body) if self.is_complete else None
            source = readable or source
        if source or self._fill.is_fresh:
            self._send(source.split("\n"))
        self._lines = []

    def _take(self, line: str, behind: int) -> None:
        self._lines.append(line)
        self.is_complete = line.rstrip().endswith(self._close) and len(line.rstrip()) >= behind + 2
        if self._is_source or (len(self._lines) > _LONGEST and not self.is_complete):
            self._is_source = True
            self._send(self._lines)
            self._lines = []

    def _send(self, lines: list[str]) -> None:
        for line in lines:
            self._fill.feed([(line, self._page.theme.ink("math"))])
            self._fill.end_line()
