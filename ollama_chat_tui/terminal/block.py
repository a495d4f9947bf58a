'''Text between """ and """: Enter makes lines there, and the marks are not sent.

Knows text only. As in `ollama run`, a mark opens at the start of a line, or as the value of a slash-command
(`/set system """You are …`), and closes at the end of one.
'''

from __future__ import annotations

import re

MARK = '"""'
_COMMAND_VALUE = re.compile(r'/[^/\n]*? (""")')


def is_open(text: str) -> bool:
    """Whether a block was begun and not ended."""
    return _scan(text)[1] is not None


def without_marks(text: str, visible: str | None = None, *, also_open: bool = False) -> str:
    """Return `text` without the marks of its closed blocks, and of an open one when asked to.

    Args:
        text: what was typed.
        visible: the same text with quotes hidden that are no marks (pasted ones); same length.
        also_open: drop the mark of a block that is not closed, too.
    """
    spans, opening = _scan(text if visible is None else visible)
    if opening and also_open:
        spans.append(opening)
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at:start])
        at = max(at, end)
    return "".join([*kept, text[at:]])


def _scan(text: str) -> tuple[list[tuple[int, int]], tuple[int, int] | None]:
    """Return the spans of marks of closed blocks, in order, and that of a mark that was not closed."""
    spans: list[tuple[int, int]] = []
    opening: tuple[int, int] | None = None
    offset = 0
    for line in text.split("\n"):
        inner = 0
        if opening is None and (at := _opening(line, offset == 0)) is not None:
            inner = at + len(MARK)
            is_bare = not line[inner:].strip()
            opening = (offset + at, offset + (len(line) + 1 if is_bare else inner))
        rest = line[inner:].rstrip()
        if opening is not None and rest.endswith(MARK):
            closing = offset + inner + len(rest) - len(MARK)
            is_bare = inner == 0 and rest == MARK
            spans += [opening, (closing - is_bare, offset + len(line))]
            opening = None
        offset += len(line) + 1
    return spans, opening


def _opening(line: str, is_first: bool) -> int | None:
    if line.startswith(MARK):
        return 0
    found = _COMMAND_VALUE.match(line) if is_first else None
    return found.start(1) if found else None
