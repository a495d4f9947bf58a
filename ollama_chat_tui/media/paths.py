"""Files named in what a person types: the arguments of a command, and paths anywhere in a message.

In a message only what exists and really is a picture or a sound counts as a path; all else is words.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from ollama_chat_tui.media.kind import HEAD_BYTES, Use, sniff
from ollama_chat_tui.media.quoting import Reading, readings, with_blanks, words

CLIPBOARD: Final = "clipboard"
ORIGINAL: Final = "--original"
SUFFIXES: Final = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".avif"),
    *(".wav", ".mp3"),
)
_MOST_FOUND: Final = 50
_NEXT: Final = re.compile(r"\S")
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
_DRIVE: Final = re.compile(r"([A-Za-z]):[\\/]")
_ROOTED: Final = re.compile(r"[/~]|file://|[A-Za-z]:[\\/]|\\\\", re.IGNORECASE)
# A word begins at the start, behind a blank or an opening bracket; a quote may stand before it.
_WORD_START: Final = re.compile(r"(?:(?<=[\s(\[{<=:,])|^)(?=[^\s])", re.MULTILINE)
_PATH_LIKE: Final = re.compile(
    r"""\$?['"] | [/~] | \.{1,2}[/\\] | file:// | [A-Za-z]:[\\/] | \\\\
    | (?:\\.|[^\s\\])*?\.[A-Za-z0-9]{2,4}(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)

IsMeant = Callable[[Path], bool]


@dataclass(frozen=True)
class Wanted:
    """What the arguments of `/image` ask for.

    Attributes:
        sources: paths, addresses, and `clipboard`.
        is_original: nothing is to be shrunk.
    """

    sources: tuple[str, ...]
    is_original: bool = False


@dataclass(frozen=True)
class Found:
    """A path in a message; `start` and `end` are where it stands, quotes and escapes included."""

    path: Path
    start: int
    end: int


def is_url(source: str) -> bool:
    """Whether it is an address to be downloaded."""
    return _URL.match(source) is not None


def read_arguments(text: str) -> Wanted:
    """Read the arguments of `/image` or `/file`: words, each with quotes, escapes, `~`, or a pattern."""
    is_original = False
    sources: list[str] = []
    at = 0
    while found := _NEXT.search(text, at):
        reading = _existing(text, found.start(), is_file) or next(words(text, found.start()))
        at = reading.end
        if reading.text == ORIGINAL:
            is_original = True
        else:
            sources += _expanded(reading)
    return Wanted(tuple(sources), is_original)


def to_path(text: str) -> Path:
    """The path that a text names: `~`, `file://`, and in WSL the drives of Windows."""
    if text[:7].lower() == "file://":
        # Behind the host, which is this one; `?` and `#` are escaped there, so nothing needs parsing.
        text = unquote("/" + text[7:].partition("/")[2])
        if os.name == "nt":
            text = text.lstrip("/")
    elif os.name != "nt" and (drive := _DRIVE.match(text)):
        mounted = f"/mnt/{drive[1].lower()}"
        if os.path.isdir(mounted):  # noqa: PTH112
            text = f"{mounted}/{text[3:]}".replace("\\", "/")
    try:
        return Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        return Path(text)


def found_in(message: str) -> tuple[Found, ...]:
    """Every path in `message` that names a picture or a sound, in order and without overlaps.

    It looks at the disk, and only for words that look like paths.
    """
    found: list[Found] = []
    end = 0
    for start in _WORD_START.finditer(message):
        if start.start() < end or not _PATH_LIKE.match(message, start.start()):
            continue
        if reading := _existing(message, start.start(), is_media):
            end = reading.end
            found.append(Found(to_path(reading.text), reading.start, reading.end))
            if len(found) == _MOST_FOUND:
                break
    return tuple(found)


def is_media(path: Path) -> bool:
    """Whether it is a picture or a sound, by what it holds."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
    except (OSError, ValueError):
        return False
    return kind is not None and kind.use is not Use.REFUSED


def is_file(path: Path) -> bool:
    """Whether it is there and no folder; what cannot be looked at is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def completions(typed: str, *, pictures_only: bool = True) -> list[tuple[str, int]]:
    """What the last word of `typed` may become, and where that word begins; looks into one folder."""
    last = [Reading("", len(typed), len(typed)), *words(typed)][-1]
    if last.end < len(typed):
        last = Reading("", len(typed), len(typed))
    folder, _, name = last.text.rpartition("/")
    folder += "/" if "/" in last.text else ""
    found = []
    try:
        for entry in sorted(os.scandir(to_path(folder or ".")), key=lambda each: each.name.lower()):
            is_hidden = entry.name.startswith(".") and not name.startswith(".")
            if is_hidden or not entry.name.isprintable():
                continue
            if entry.is_dir():
                found.append((_escaped(f"{folder}{entry.name}/"), last.start))
            elif not pictures_only or Path(entry.name).suffix.lower() in SUFFIXES:
                found.append((_escaped(folder + entry.name), last.start))
    except (OSError, ValueError):
        return []
    return found


def _existing(text: str, start: int, is_meant: IsMeant) -> Reading | None:
    for reading in readings(text, start):
        if reading.text and is_meant(to_path(reading.text)):
            return reading
    if _ROOTED.match(text, start):
        for reading in with_blanks(text, start):
            if is_meant(to_path(reading.text)):
                return reading
    return None


def _expanded(reading: Reading) -> list[str]:
    """The files that a word names; a word that names none stays itself, so that the error can tell it."""
    if is_url(reading.text) or reading.text == CLIPBOARD:
        return [reading.text]
    path = str(to_path(reading.text))
    if not is_file(Path(path)) and glob.has_magic(path):
        return sorted(each for each in glob.iglob(path, recursive=True) if is_file(Path(each))) or [path]  # noqa: PTH207
    return [path]


def _escaped(text: str) -> str:
    head = "~" if text.startswith("~") else ""
    return head + re.sub(r"""([\s'"\\$`*?\[\]{}()<>|&;!#~])""", r"\\\1", text[len(head) :])
