"""Rows: inked pieces of text, how many cells they take, and the one place where they become ANSI.

Here stands the second check. Foreign text was sanitised on entry, but a Markdown parser decodes entities
after that, so whatever becomes a row is looked at once more; escape sequences are written only here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import Final

from rich.cells import cell_len, split_graphemes

from ollama_chat_tui.terminal.sanitize import EMOJI, sanitize_line
from ollama_chat_tui.terminal.theme import Ink

Piece = tuple[str, Ink]

_CLEAN: Final = re.compile("[\x20-\x7e\xa0-\xac\xae-\u034f]*\\Z")
_SAFE_ADDRESS: Final = re.compile(r"(?:https?://|mailto:)[!-~]+\Z")
# rich takes any character after a joiner for a part of the one before it, which holds for emoji alone.
_JOINING_NOTHING: Final = re.compile(f"\u200d(?![{EMOJI}])|(?<![{EMOJI}\ufe0f])\u200d")
_WITHOUT_WIDTH: Final = "\u034f"


def cells(text: str) -> int:
    """Return the number of cells a text takes on the screen."""
    return len(text) if text.isascii() else cell_len(_measurable(text))


def graphemes(text: str) -> list[tuple[str, int]]:
    """Split a text into what the terminal shows as one character, each with its cells."""
    if text.isascii():
        return [(character, 1) for character in text]
    return [(text[start:end], width) for start, end, width in split_graphemes(_measurable(text))[0]]


def shortened(text: str, width: int) -> str:
    """Return a text cut to so many cells, with an ellipsis where something is missing."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for grapheme, grapheme_cells in graphemes(text):
        used += grapheme_cells
        if used >= width:
            break
        kept.append(grapheme)
    return "".join(kept) + "…"


def _measurable(text: str) -> str:
    return _JOINING_NOTHING.sub(_WITHOUT_WIDTH, text) if "\u200d" in text else text


def is_safe_address(address: str) -> bool:
    """Say whether an address may be made clickable: http, https or mailto, and ASCII throughout."""
    return _SAFE_ADDRESS.match(address) is not None


def pieces_cells(pieces: Iterable[Piece]) -> int:
    return sum(cells(text) for text, _ in pieces)


def ansi_row(pieces: Iterable[Piece]) -> str:
    """Write pieces as one row: sanitised, each run of one ink closed by a reset, trailing blanks kept."""
    row = []
    for ink, run in groupby(pieces, itemgetter(1)):
        text = "".join([text for text, _ in run])
        if not text:
            continue
        if _CLEAN.match(text) is None:
            text = sanitize_line(text)
        if ink.sgr:
            text = f"\x1b[{ink.sgr}m{text}\x1b[0m"
        if ink.link and is_safe_address(ink.link):
            text = f"\x1b]8;;{ink.link}\x1b\\{text}\x1b]8;;\x1b\\"
        row.append(text)
    return "".join(row)
