"""Reasoning that a model or template leaks into the answer as `<think>…</think>`.

Only at the very start of an answer, and only the first block, as Ollama's own splitter has it
(`ollama-api` 1.5): a later tag is text about tags.
"""

from __future__ import annotations

from enum import Enum, auto

_OPEN = "<think>"
_CLOSE = "</think>"


class _Place(Enum):
    START = auto()
    OPENED = auto()
    THINKING = auto()
    AFTER_THINKING = auto()
    CONTENT = auto()


class ThinkSplitter:
    """Splits streamed content into reasoning and answer, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._place = _Place.START
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """Take more content; return what is certain by now: (thinking, content)."""
        if self._place is _Place.CONTENT:
            return "", text
        thinking = ""
        self._held += text
        if self._place is _Place.START:
            self._leave_start()
        if self._place is _Place.OPENED:
            self._held = self._held.lstrip()
            if self._held:
                self._place = _Place.THINKING
        if self._place is _Place.THINKING:
            thinking = self._leave_thinking()
        if self._place is _Place.AFTER_THINKING:
            self._held = self._held.lstrip()
            if self._held:
                self._place = _Place.CONTENT
        if self._place is _Place.CONTENT:
            content, self._held = self._held, ""
            return thinking, content
        return thinking, ""

    def flush(self) -> tuple[str, str]:
        """The answer is over: return what was held back."""
        held, self._held = self._held, ""
        return (held, "") if self._place is _Place.THINKING else ("", held)

    def _leave_start(self) -> None:
        seen = self._held.lstrip()
        if seen.startswith(_OPEN):
            self._place = _Place.OPENED
            self._held = seen[len(_OPEN) :]
        elif not _OPEN.startswith(seen):
            self._place = _Place.CONTENT

    def _leave_thinking(self) -> str:
        before, tag, after = self._held.partition(_CLOSE)
        if tag:
            self._place = _Place.AFTER_THINKING
            self._held = after
            return before.rstrip()
        # Blanks before the closing tag are not reasoning, so they wait with whatever may become the tag.
        safe = len(before) - _length_of_possible_tag(before)
        safe = len(before[:safe].rstrip())
        self._held = before[safe:]
        return before[:safe]


def _length_of_possible_tag(text: str) -> int:
    return next((size for size in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:size])), 0)
