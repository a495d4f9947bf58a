"""Long pastes stand in the prompt as a mark, `[pasted text #1, 42 lines]`, and are sent whole.

Knows texts and positions, not the editor. Also remembers what was pasted as it is, for there quotes and
backslashes are the text's own.
"""

from __future__ import annotations

import re

from ollama_chat_tui.terminal.block import MARK

FOLD_LINES = 8
FOLD_CHARACTERS = 1_000
_MARK = re.compile(r"\[pasted text #\d+, [\d,]+ (?:lines|characters)\]")
Span = tuple[int, int]


class Pastes:
    """What was pasted in this run of the program."""

    def __init__(self) -> None:
        self._contents: dict[str, str] = {}
        self._verbatim: dict[str, None] = {}

    def take(self, data: str) -> str:
        """Return what to insert for pasted `data`: itself, or a mark when it is long."""
        text = data.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.removesuffix("\n").count("\n") + 1
        if lines <= FOLD_LINES and len(text) <= FOLD_CHARACTERS:
            self.keep_verbatim(text)
            return text
        for mark, content in self._contents.items():
            if content == text:
                return mark
        size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
        mark = f"[pasted text #{len(self._contents) + 1}, {size}]"
        self._contents[mark] = text
        return mark

    def keep_verbatim(self, text: str) -> None:
        """Remember that the quotes in `text` are no marks of a block."""
        if MARK in text and text.strip() != MARK:  # a pasted mark alone is as good as a typed one
            self._verbatim[text] = None

    def hide_quotes(self, text: str) -> str:
        """Return `text`, same length, without the quotes that were pasted."""
        for verbatim in self._verbatim:
            text = text.replace(verbatim, verbatim.replace('"', "\0"))
        return text

    def spans(self, text: str) -> list[Span]:
        """Where marks stand in `text`."""
        if not self._contents or "[pasted text #" not in text:
            return []
        return [found.span() for found in _MARK.finditer(text) if found[0] in self._contents]

    def content(self, mark: str) -> str:
        """What a mark stands for."""
        return self._contents[mark]

    def expand(self, text: str) -> str:
        """Return `text` with every mark replaced by what it stands for."""
        parts, at = [], 0
        for start, end in self.spans(text):
            parts += [text[at:start], self._contents[text[start:end]]]
            at = end
        return "".join([*parts, text[at:]])

    def fold(self, text: str) -> str:
        """Return `text` with long pastes in it replaced by their marks: the way back of `expand`."""
        for mark, content in self._contents.items():
            text = text.replace(content, mark)
        return text

    def nearest(self, text: str, position: int) -> Span | None:
        """The mark at `position`, else the last one."""
        spans = self.spans(text)
        at = [span for span in spans if span[0] <= position <= span[1]] or spans
        return at[-1] if at else None

    def mend(self, old: str, new: str, cursor: int) -> tuple[str, int] | None:
        """Return text and cursor without the rest of marks that going from `old` to `new` tore.

        None when nothing is torn. `cursor` is where it stands in `new`.
        """
        spans = self.spans(old)
        if not spans:
            return None
        start, old_end, new_end = _change(old, new, cursor)
        torn = _torn(spans, start, old_end)
        if not torn:
            return None
        inserted = new[start:new_end]
        if inserted and len(new) != len(
            old
        ):  # no key does that: another text has come, from undo for instance
            return None
        left, right = min(start, torn[0][0]), max(old_end, torn[-1][1])
        return old[:left] + inserted + old[right:], left + len(inserted)


def _change(old: str, new: str, cursor: int) -> tuple[int, int, int]:
    """Return where two texts begin to differ, and where they stop to, in the old and in the new one."""
    removed = len(old) - len(new)
    if removed > 0 and old[:cursor] + old[cursor + removed :] == new:
        return cursor, cursor + removed, cursor  # "aa" → "a" may have lost either; the cursor knows
    limit = min(len(old), len(new))
    start = 0
    while start < limit and old[start] == new[start]:
        start += 1
    same = 0
    while same < limit - start and old[-1 - same] == new[-1 - same]:
        same += 1
    return start, len(old) - same, len(new) - same


def _torn(spans: list[Span], start: int, end: int) -> list[Span]:
    """The spans of which a part, but not the whole, lies in the change."""
    return [
        each
        for each in spans
        if each[0] < end and start < each[1] and not (start <= each[0] and each[1] <= end)
    ]
