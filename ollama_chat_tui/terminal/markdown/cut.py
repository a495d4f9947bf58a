"""Where a long text may be cut, so that its beginning can be shown for good while the rest still comes.

The text is looked at through windows of fixed size. Where it is cut follows from what stands in the window
alone, never from how the text arrived: so a stream and the same text in one piece are cut at the same places.
"""

from __future__ import annotations

import re
from typing import Final

# In rows. After three rows a cut is looked for; a span that is still open after eight is shown as its source.
FIRST_PROBE: Final = 3
LAST_PROBE: Final = 8

_WIDE: Final = "\u1100"
_HARD_BREAK: Final = re.compile(r"(?: {2,}|\\)\n")
_MARK: Final = re.compile(r"\\[^A-Za-z0-9\s]|`+|\*+|_+|~+|!?\[|\]|\$+")
_PAIR_END: Final = {"\\(": "\\)", "\\[": "\\]", "$": "$", "$$": "$$"}
_JOINERS: Final = re.compile(
    "[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\\\\&]"
)


def window(text: str, size: int, width: int) -> int:
    """Return how many characters fill `size` cells, or 0 if the text is shorter; a hard break fills a row."""
    head = text[:size]
    if len(head) == size and head.isascii() and "\n" not in head:
        return size
    used = 0
    breaks = {match.end() - 1 for match in _HARD_BREAK.finditer(head)} if "\n" in head else set()
    for index, character in enumerate(head):
        used += width if index in breaks else 1 if character < _WIDE else 2
        if used >= size:
            return index + 1
    return 0


def safe_cut(text: str) -> int:
    """Return the last place in the text before a word where no span is open, or 0."""
    scan = _Scan(text)
    return scan.last_boundary(scan.first_open())


def forced_cut(text: str) -> int:
    """Return the last place before a word, or failing that one that does not part what belongs together."""
    boundary = _Scan(text).last_boundary(len(text.rstrip()))
    if boundary:
        return boundary
    end = len(text) - 1
    while end > 1 and (_JOINERS.match(text[end]) or _JOINERS.match(text[end - 1])):
        end -= 1
    return end if end > 1 else len(text)


class _Scan:
    """One pass over the marks of a text. It may call a closed span open; that only delays a cut."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[str, int, int]] = []  # mark, how many, where
        self._skip_to = 0

    def last_boundary(self, end: int) -> int:
        """Return the start of the last word that begins after a blank and not after `end`."""
        text = self._text
        blank = max(text.rfind(" ", 0, end), text.rfind("\n", 0, end))
        start = blank + 1
        return start if blank >= 0 and text[start : start + 1].strip() and text[:blank].strip() else 0

    def first_open(self) -> int:
        """Return where the first span begins that does not end in the text, or the text's end."""
        for match in _MARK.finditer(self._text):
            if match.start() < self._skip_to:
                continue
            if not self._see(match.group(), match.start(), match.end()):
                return self._open[0][2] if self._open else match.start()
        return self._open[0][2] if self._open else len(self._text.rstrip())

    def _see(self, mark: str, start: int, end: int) -> bool:
        """Take one mark; False if what it begins, or may begin, reaches past the text."""
        match mark[0]:
            case "$" | "\\" if mark in _PAIR_END:
                return self._skip_pair(mark, end)
            case "`":
                return self._skip_code(mark, end)
            case "[" | "!":
                self._open.append(("[", 1, start))
            case "]":
                return self._close_bracket(end)
            case "*" | "_" | "~":
                return self._delimit(mark, start, end)
        return True

    def _skip_pair(self, mark: str, end: int) -> bool:
        close = self._text.find(_PAIR_END[mark], end)
        if close < 0:
            return False
        # Money: the dollar found may open the next formula as well as close this one. Either way nothing
        # between them is cut.
        self._skip_to = close + len(mark)
        return True

    def _skip_code(self, mark: str, end: int) -> bool:
        close = re.compile(f"(?<!`){mark}(?!`)").search(self._text, end)
        if close is None or close.end() == len(self._text):
            return False
        self._skip_to = close.end()
        return True

    def _close_bracket(self, end: int) -> bool:
        if not any(mark == "[" for mark, _, _ in self._open):
            return True
        following = self._text[end : end + 1]
        if not following:
            return False
        if following == "(":
            close = self._text.find(")", end)
            if close < 0:
                return False
            self._skip_to = close + 1
        while self._open.pop()[0] != "[":
            pass
        return True

    def _delimit(self, mark: str, start: int, end: int) -> bool:
        before, after = self._text[start - 1 : start], self._text[end : end + 1]
        if not after:
            return False
        left = not after.isspace() and (after.isalnum() or not before.strip() or not before.isalnum())
        right = bool(before.strip()) and (before.isalnum() or not after.strip() or not after.isalnum())
        if mark[0] == "_" and left and right:
            return True
        count = len(mark)
        while right and count and self._open and self._open[-1][0] == mark[0]:
            _, opened, where = self._open.pop()
            if opened > count:
                self._open.append((mark[0], opened - count, where))
            count = max(0, count - opened)
        if count and left:
            self._open.append((mark[0], count, start))
        return True
