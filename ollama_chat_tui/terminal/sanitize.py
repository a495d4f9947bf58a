"""The border: what any foreign text must pass before it may reach the terminal.

Foreign is all that this program did not write itself: a model's answer and its thinking, model names, tool
results, server errors, file names, saved sessions, pastes. Nothing here knows Markdown or colours. Control
bytes need no state, because each becomes visible on its own: an escape sequence cut over chunks never gets
past its first byte. What is invisible and stays depends on what stands before it, so a text that comes in
pieces has a `Sanitizer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

_REPLACEMENT: Final = "\ufffd"
_FLAG: Final = "\U0001f3f4"
# England, Scotland, Wales: the one use of tag characters that shows something. Anything longer or of other
# tags is a way to smuggle text that a reader does not see and the next model does.
_SUBDIVISION_FLAG: Final = _FLAG + "[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
_LONGEST_FLAG: Final = 8

_DROPPED_RANGES: Final[tuple[tuple[int, int], ...]] = (
    (0x0D, 0x0D),  # CRLF is a newline; a lone CR would overwrite what stands on the row
    (0xAD, 0xAD),
    (0x115F, 0x1160),
    (0x180E, 0x180E),
    (0x200B, 0x200B),
    (0x202A, 0x202E),
    (0x2060, 0x206F),  # word joiner, invisible operators, bidi isolates, deprecated format characters
    (0x3164, 0x3164),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFFB),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags, and variation selectors that can carry any byte unseen
)
_NEWLINES: Final = (0x0B, 0x0C, 0x85, 0x2028, 0x2029)


@cache  # the prompt stands before there is anything foreign: it does not wait for this
def _table() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    del table[0x09], table[0x0A]
    table[0x7F] = "\u2421"
    table.update(dict.fromkeys(range(0x80, 0xA0), _REPLACEMENT))
    table.update(dict.fromkeys(range(0xD800, 0xE000), _REPLACEMENT))
    for first, last in _DROPPED_RANGES:
        table.update(dict.fromkeys(range(first, last + 1), None))
    table.update(dict.fromkeys(_NEWLINES, "\n"))
    return table


def _character_class(codes: Iterable[int]) -> str:
    return "".join(f"\\U{code:08x}" for code in codes)


# Joiners and variation selectors are kept where they do something: in the scripts that need them and in
# emoji. Anywhere else, or doubled, they hide text from the reader and not from the next model.
_JOINING_SCRIPTS: Final = (
    "\u0600-\u18af\u1a00-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefe"
    "\U00010a00-\U00011fff\U0001e900-\U0001e95f"
)
EMOJI: Final = "\xa9\xae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_VARIED: Final = "#*0-9\xa9\xae\u0900-\u1fff\u203c-\ufdff\ufe10-\U0003ffff"
_MISPLACED: Final = (
    f"(?<![{_JOINING_SCRIPTS}])\u200c|(?<![{_JOINING_SCRIPTS}{EMOJI}])(?<![{_VARIED}]\ufe0f)\u200d"
    f"|(?<![{_VARIED}])[\ufe00-\ufe0f]"
)
_DEPENDENT: Final = frozenset("\u200c\u200d").union(map(chr, range(0xFE00, 0xFE10)))

# One search over clean text is all that most chunks cost.
_SUSPECT: Final = re.compile(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200c\\u200d\\ufe00-\\ufe0f\\ud800-\\udfff"
    + "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in _DROPPED_RANGES)
    + _character_class(_NEWLINES)
    + "]"
)
_FLAG_OR_TAGS: Final = re.compile(f"({_SUBDIVISION_FLAG})")
_CUT_FLAG: Final = re.compile(_FLAG + f"[\U000e0030-\U000e007f]{{0,{_LONGEST_FLAG - 2}}}$")


@cache
def _misplaced() -> re.Pattern[str]:
    return re.compile(_MISPLACED)


def sanitize(text: str) -> str:
    """Return text which holds no control character but newline and tab, and nothing that hides or reorders.

    Other C0 characters become their visible pictures, C1 and lone surrogates U+FFFD; bidi controls,
    zero-width characters (but not the joiners that scripts and emoji need) and tags are dropped.
    Idempotent.
    """
    return text if _SUSPECT.search(text) is None else _misplaced().sub("", _translated(text))


def sanitize_line(text: str) -> str:
    """Sanitise text that must stay on one row, such as a model's name: newlines and tabs become blanks."""
    return sanitize(text).replace("\n", " ").replace("\t", " ")


class Sanitizer:
    """Makes of a text that comes in pieces what `sanitize` makes of the whole."""

    def __init__(self) -> None:
        self._held = ""
        self._before = ""

    def feed(self, text: str) -> str:
        """Return what is certain; the beginning of a flag waits for its rest."""
        text = self._held + text
        cut = _incomplete_flag(text)
        self._held = text[len(text) - cut :]
        return self._clean(text[: len(text) - cut])

    def flush(self) -> str:
        """Return what was held back; nothing comes after it."""
        held, self._held = self._held, ""
        return self._clean(held)

    def _clean(self, text: str) -> str:
        before = self._before
        if _SUSPECT.search(text) is not None:
            text = _translated(text)
        self._before = _context((before + text[-2:])[-2:])
        return _misplaced().sub("", before + text)[len(before) :]


def _context(end: str) -> str:
    """Return what of the end of a text decides whether a joiner may follow."""
    if _misplaced().sub("", end) == end:
        return end
    return "" if end[-1] in _DEPENDENT else end[-1]


def _translated(text: str) -> str:
    if _FLAG not in text:
        return text.translate(_table())
    # re.split with one group: every second part is a whole flag.
    parts = _FLAG_OR_TAGS.split(text)
    parts[::2] = [part.translate(_table()) for part in parts[::2]]
    return "".join(parts)


def _incomplete_flag(text: str) -> int:
    """Return how many characters at the end of a chunk may be the beginning of a subdivision flag.

    Sanitised alone, the second half of such a flag would be dropped as a smuggled tag.
    """
    if not text or (text[-1] != _FLAG and not "\U000e0000" <= text[-1] <= "\U000e007f"):
        return 0
    cut = _CUT_FLAG.search(text)
    return len(text) - cut.start() if cut and not text.endswith("\U000e007f") else 0
