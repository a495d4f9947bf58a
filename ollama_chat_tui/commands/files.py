"""Files as arguments of commands: offered while one types, read when the command runs.

A name with blanks stands in double quotes; where nothing follows it, it may also stand as it is.
"""

from __future__ import annotations

import os
import stat
from itertools import islice
from pathlib import Path

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import WORD, Typed, Word, Words
from ollama_chat_tui.errors import UsageError

MOST_ENTRIES = 1000
LARGEST_TEXT_BYTES = 1 << 20


def file_names(*, after: int | None = 0, mark: str = "") -> Words:
    """A file, where `after` words stand before it (None: anywhere), and behind a `mark` such as `@`."""

    def words(_context: Context, typed: Typed) -> list[Word]:
        if after not in (None, len(typed)) or not typed.begun.startswith(mark):
            return []
        return [(mark + name, what) for name, what in _entries(typed.begun.removeprefix(mark))]

    return words


def _entries(begun: str) -> list[Word]:
    """What may stand in the folder that was begun; one look at it, and no more of it than can be shown."""
    quote = '"' if begun.startswith('"') else ""
    path = begun.removeprefix('"')
    if path == "~":
        return [(f"{quote}~/", "your home")]
    last = max(path.rfind(separator) for separator in ("/", os.sep)) + 1
    folder, name = path[:last], path[last:]
    try:
        with os.scandir(Path(folder or ".").expanduser()) as entries:
            found = sorted((each.name, each.is_dir()) for each in islice(entries, MOST_ENTRIES))
    except (OSError, RuntimeError, ValueError):
        return []  # a folder that is not there, a home of nobody, no name at all
    return [
        _word(folder + each, quote, is_folder=is_folder)
        for each, is_folder in found
        if each.isprintable() and '"' not in each and (name.startswith(".") or not each.startswith("."))
    ]


def _word(path: str, quote: str, *, is_folder: bool) -> Word:
    quote = quote or ('"' if " " in path else "")
    # The quotes of a folder stay open: a file in it follows.
    return (f"{quote}{path}/", "folder") if is_folder else (f"{quote}{path}{quote}", "")


def unquoted(text: str) -> str:
    """The name of a file as it was meant."""
    is_quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if is_quoted else text


def names_in(text: str) -> list[str]:
    """The names that were typed, one after the other."""
    return [unquoted(word) for word in WORD.findall(text)]


def path_of(text: str) -> Path:
    """The file that was typed, `~` being a home.

    Raises:
        UsageError: there is no such home.
    """
    try:
        return Path(unquoted(text.strip())).expanduser()
    except RuntimeError as exc:
        raise UsageError(f"There is no user of the home directory in {text}.", "Write the path.") from exc


def read_text(path: Path, error: type[UsageError] = UsageError) -> str:
    """The text of a file, its lines ending in a bare line feed.

    Raises:
        UsageError: it cannot be read, is no text or far too large; of the kind `error`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise error(f"{path} is no file.")  # a pipe would never end
        if status.st_size > LARGEST_TEXT_BYTES:
            raise error(f"{path} is larger than {LARGEST_TEXT_BYTES >> 20} MiB.")
        content = path.read_bytes()
    except OSError as exc:
        raise error(f"{path} cannot be read: {exc.strerror}.") from exc
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise error(f"{path}:{line}: This is not UTF-8.", "Save the file as UTF-8.") from exc
