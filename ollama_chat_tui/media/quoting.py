r"""How shells and terminals write a file's name, undone. Knows no file.

A dropped file is pasted as a shell would want it, by rules of the terminal's own: GNOME Terminal quotes
(`'it'\''s.png'`), iTerm2 escapes (`it\'s.png`), kitty does neither, Windows Terminal puts what has blanks
in double quotes, VS Code quotes as no shell reads it (`'it\'s.png'`). So a word has several readings, and
which one is meant only the files can tell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

_POSIX_WORD: Final = re.compile(
    r"""(?: \\. | '[^']*' | "(?:\\.|[^"\\])*" | \$'(?:\\.|[^'\\])*' | [^\s\\'"] )+""", re.VERBOSE | re.DOTALL
)
_POSIX_PART: Final = re.compile(
    r"""\\(?P<escaped>.) | \$'(?P<ansi>(?:\\.|[^'\\])*)' | '(?P<single>[^']*)'
    | "(?P<double>(?:\\.|[^"\\])*)" | (?P<bare>.)""",
    re.VERBOSE | re.DOTALL,
)
_VS_CODE_WORD: Final = re.compile(r"\$?'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"", re.DOTALL)
_RAW_QUOTED: Final = re.compile(r"""(["'])(.*?)\1""")
_RAW_WORD: Final = re.compile(r"\S+")
_CLOSING: Final = ".,;:!?)]}>'\"…"
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{2,4}(?!\w)")
_LONGEST_PATH: Final = 4096
_MOST_SUFFIXES: Final = 8


@dataclass(frozen=True)
class Reading:
    """One way to read what stands from `start` to `end` of a text."""

    text: str
    start: int
    end: int
    is_quoted: bool = False


def words(text: str, start: int = 0) -> Iterator[Reading]:
    """Split as a POSIX shell does, or as Windows does; a quote that is never closed is itself."""
    at = start
    while found := _RAW_WORD.search(text, at):
        raw = _RAW_QUOTED.match(text, found.start()) if os.name == "nt" else None
        if raw:
            reading = Reading(raw[2], *raw.span(), is_quoted=True)
        else:
            posix = None if os.name == "nt" else posix_word(text, found.start())
            reading = posix or Reading(found[0], *found.span())
        yield reading
        at = reading.end


def posix_word(text: str, start: int) -> Reading | None:
    """The word at `start` as bash or zsh reads it."""
    found = _POSIX_WORD.match(text, start)
    if not found:
        return None
    return Reading(
        "".join(_unescaped(part) for part in _POSIX_PART.finditer(found[0])),
        *found.span(),
        is_quoted=any(sign in found[0] for sign in "'\"\\"),
    )


def readings(text: str, start: int) -> Iterator[Reading]:
    """Everything the word at `start` may mean, the likeliest first."""
    if posix := posix_word(text, start):
        yield posix
        if not posix.is_quoted:
            yield from _without_closing(posix)
    if found := _VS_CODE_WORD.match(text, start):
        yield Reading(_backslashes(found[1] or found[2] or ""), *found.span(), is_quoted=True)
    if found := _RAW_QUOTED.match(text, start):
        yield Reading(found[2], *found.span(), is_quoted=True)
    if found := _RAW_WORD.match(text, start):  # with the backslashes of Windows
        raw = Reading(found[0], *found.span())
        yield raw
        yield from _without_closing(raw)


def with_blanks(text: str, start: int) -> Iterator[Reading]:
    """What begins at `start` and ends within the line behind something like `.png`, or with the line."""
    line = text[start : start + _LONGEST_PATH].partition("\n")[0].rstrip()
    ends = [found.end() for found in islice(_SUFFIX.finditer(line), _MOST_SUFFIXES)]
    for end in dict.fromkeys([*ends, len(line)]):
        yield Reading(line[:end], start, start + end)


def _without_closing(reading: Reading) -> Iterator[Reading]:
    """Without the dot that ends the sentence, or the bracket."""
    text = reading.text
    while text and text[-1] in _CLOSING:
        text = text[:-1]
        yield Reading(text, reading.start, reading.end - (len(reading.text) - len(text)))


def _unescaped(part: re.Match[str]) -> str:
    if part["double"] is not None:
        return re.sub(r'\\([\\"$`])', r"\1", part["double"])
    if part["ansi"] is not None:
        return _backslashes(part["ansi"])
    return part["escaped"] or part["single"] or part["bare"] or ""


def _backslashes(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
