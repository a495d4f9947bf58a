"""Files in allowed folders: read, listed and searched; never written."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from itertools import islice
from typing import Final, TypeVar

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.tools.definition import Arguments, Tool, ToolFailure
from ollama_chat_tui.tools.folder import Entry, Folders, entries, open_entry
from ollama_chat_tui.tools.function import tool_of

_MOST_BYTES: Final = 500_000
_MOST_ENTRIES: Final = 1000
_MOST_HITS: Final = 200
_LONGEST_HIT: Final = 300
_LONGEST_PATTERN: Final = 1000
_DEEPEST: Final = 20
_SEARCH_S: Final = 20.0

Result = TypeVar("Result")


def file_tools(folders: Folders) -> list[Tool]:
    """`read_file`, `list_files` and `search_files` within `folders`."""

    async def read_file(path: str, first_line: int = 1, lines: int = 500) -> str:
        """Read a text file.

        Args:
            path: relative to the allowed folder, or absolute within it.
            first_line: the number of the line to begin with.
            lines: how many lines to read.
        """
        return await _in_thread(lambda _: _read(folders, path, first_line, lines))

    async def list_files(path: str = ".", pattern: str = "*") -> str:
        """List what a folder holds, with its subfolders.

        Args:
            path: relative to the allowed folder, or absolute within it.
            pattern: only names that match, such as *.py.
        """
        return await _in_thread(lambda is_over: _list(folders, path, pattern, is_over))

    async def search_files(text: str, path: str = ".", pattern: str = "*") -> str:
        """Find the lines of files that hold a text, whatever its case.

        Args:
            text: what to look for, as it stands; no regular expression.
            path: the folder to search, with its subfolders.
            pattern: only files whose name matches, such as *.py.
        """
        return await _in_thread(lambda is_over: _search(folders, text, path, pattern, is_over))

    allowed = ", ".join(str(root) for root in folders.roots) or "no folder"

    def explain(verb: str) -> Callable[[Arguments], str]:
        return lambda _: f"{verb}; only within {allowed}."

    facts = ToolFacts(Effect.READS)
    return [
        tool_of(read_file, facts, explain=explain("Reads a file"), subject="path"),
        tool_of(list_files, facts, explain=explain("Lists files"), subject="path"),
        tool_of(search_files, facts, explain=explain("Reads files and looks for a text"), subject="text"),
    ]


async def _in_thread(work: Callable[[Callable[[], bool]], Result]) -> Result:
    """Keep the screen alive while a disk is slow; a call that is stopped ends at the next file."""
    began, is_stopped = time.monotonic(), False

    def is_over() -> bool:
        return is_stopped or time.monotonic() - began > _SEARCH_S

    try:
        return await asyncio.to_thread(work, is_over)
    finally:
        is_stopped = True


def _read(folders: Folders, path: str, first_line: int, lines: int) -> str:
    with folders.open_file(path) as descriptor:
        text, is_whole = _text(descriptor, path)
    rows = text.splitlines()
    start = max(1, first_line) - 1
    shown = rows[start : start + max(1, lines)]
    if not shown:
        return f"{path} has {len(rows)} lines." if rows else f"{path} is empty."
    end = start + len(shown)
    note = "" if start == 0 and end == len(rows) and is_whole else f"\n[Lines {start + 1} to {end}"
    rest = f" of {len(rows)}" if is_whole else f"; the file has more than {_MOST_BYTES:,} bytes"
    return "\n".join(shown) + (f"{note}{rest}.]" if note else "")


def _text(descriptor: int, path: str) -> tuple[str, bool]:
    """The beginning of a file, and whether that is all of it; `/proc` and others do not tell their size."""
    content, size = [], 0
    while size <= _MOST_BYTES and (block := os.read(descriptor, 65536)):
        content.append(block)
        size += len(block)
    whole = b"".join(content)
    if b"\0" in whole[:8192]:
        raise ToolFailure(f"{path} is not a text file.")
    return whole[:_MOST_BYTES].decode("utf-8", "replace"), size <= _MOST_BYTES


def _list(folders: Folders, path: str, pattern: str, is_over: Callable[[], bool]) -> str:
    _check_pattern(pattern)
    rows: list[str] = []
    with folders.open_folder(path) as folder:
        for where, entry, _ in _below(folder, is_over):
            if fnmatch(entry.name, pattern):
                size = f"  {entry.size:,} bytes" if entry.kind == "file" else f"  ({entry.kind})"
                rows.append(f"{where}{entry.name}{size}")
            if len(rows) >= _MOST_ENTRIES:
                rows.append(f"[Only the first {_MOST_ENTRIES} are listed.]")
                break
    return "\n".join([*rows, *_too_long(is_over)]) or "Nothing is there."


def _search(folders: Folders, text: str, path: str, pattern: str, is_over: Callable[[], bool]) -> str:
    wanted = text.casefold()
    if not wanted:
        raise ToolFailure("There is nothing to look for.")
    _check_pattern(pattern)
    hits: list[str] = []
    with folders.open_folder(path) as folder:
        for where, entry, parent in _below(folder, is_over):
            if entry.kind == "file" and fnmatch(entry.name, pattern):
                hits += islice(_hits(parent, entry, where, wanted), _MOST_HITS + 1 - len(hits))
            if len(hits) > _MOST_HITS:
                break
    if len(hits) > _MOST_HITS:
        hits = [*hits[:_MOST_HITS], f"[Only the first {_MOST_HITS} lines are shown.]"]
    return "\n".join([*hits, *_too_long(is_over)]) or "No file holds that text."


def _hits(folder: int, entry: Entry, where: str, wanted: str) -> Iterator[str]:
    with open_entry(folder, entry) as descriptor:
        if descriptor is None:
            return
        try:
            text, _ = _text(descriptor, entry.name)
        except (OSError, ToolFailure):
            return
    for number, line in enumerate(text.splitlines(), 1):
        if wanted in line.casefold():
            yield f"{where}{entry.name}:{number}: {line.strip()[:_LONGEST_HIT]}"


def _check_pattern(pattern: str) -> None:
    """No name is longer, and to read a pattern may take the square of its length."""
    if len(pattern) > _LONGEST_PATTERN:
        raise ToolFailure(f"The pattern is too long: at most {_LONGEST_PATTERN} characters.")


def _below(
    folder: int, is_over: Callable[[], bool], where: str = "", depth: int = 0
) -> Iterator[tuple[str, Entry, int]]:
    """Everything below an open folder, with the folder it is in; hidden folders are named and not entered."""
    for entry in entries(folder):
        if is_over():
            return
        yield where, entry, folder
        if entry.kind == "folder" and depth < _DEEPEST and not entry.name.startswith("."):
            with open_entry(folder, entry) as inner:
                if inner is not None:
                    yield from _below(inner, is_over, f"{where}{entry.name}/", depth + 1)


def _too_long(is_over: Callable[[], bool]) -> list[str]:
    return [f"[Stopped after {_SEARCH_S:.0f} s: there may be more.]"] if is_over() else []
