"""A model's reasoning on the screen: dim, live in a few rows, folded to one when the answer begins."""

from __future__ import annotations

from enum import StrEnum

from ollama_chat_tui.terminal.fill import Gutter, WordFill
from ollama_chat_tui.terminal.frame import Frame
from ollama_chat_tui.terminal.rows import ansi_row
from ollama_chat_tui.terminal.sanitize import Sanitizer
from ollama_chat_tui.terminal.theme import Theme

LIVE_ROWS = 6
_BAR = "│ "


class ThinkingView(StrEnum):
    """How much of the reasoning is shown."""

    FOLD = "fold"
    FULL = "full"
    HIDE = "hide"


def thought_summary(elapsed_s: float, deltas: int) -> str:
    """How long a model thought; its pieces stand for tokens, which the server does not count apart."""
    return f"thought for {elapsed_s:.0f} s, about {deltas} tokens"


class ReasoningRows:
    """Rows of one stretch of reasoning; costs the same per token however long it is."""

    def __init__(self, theme: Theme, width: int, view: ThinkingView) -> None:
        self._ink = theme.ink("dim")
        self._view = view
        self._rows: list[str] = []
        self._fill = WordFill(self._gutter(width), self._rows)
        self._sanitizer = Sanitizer()
        self._deltas = 0

    def feed(self, text: str) -> None:
        """Add reasoning; foreign text, made harmless here."""
        self._deltas += 1
        if self._view is not ThinkingView.HIDE:
            self._fill.feed([(self._sanitizer.feed(text), self._ink)])
            if self._view is ThinkingView.FOLD:
                del self._rows[: -LIVE_ROWS - 1]

    def render(self) -> Frame:
        """The live rows; in full view, rows that are filled are finished."""
        open_rows: list[str] = []
        self._fill.clone(open_rows).close()
        if self._view is ThinkingView.HIDE:
            return Frame([], [])
        if self._view is ThinkingView.FOLD:
            return Frame([], (self._rows + open_rows)[-LIVE_ROWS:])
        finished = self._rows[:]
        self._rows.clear()
        return Frame(finished, open_rows)

    def finish(self, elapsed_s: float) -> list[str]:
        """What stays: all of it in full view, one row that says how long it was, or nothing."""
        if self._view is ThinkingView.HIDE:
            return []
        if self._view is ThinkingView.FULL:
            self._fill.feed([(self._sanitizer.flush(), self._ink)])
            self._fill.close()
            return [*self._rows, ""]
        return [ansi_row([(f"▸ {thought_summary(elapsed_s, self._deltas)}", self._ink)])]

    def resize(self, width: int) -> None:
        """Fill rows of another width from now on."""
        self._fill.narrow(self._gutter(width))

    def _gutter(self, width: int) -> Gutter:
        bar = ((_BAR, self._ink),)
        return Gutter(bar, bar, max(1, width - len(_BAR)))
