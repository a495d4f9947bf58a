"""What was asked before, over sessions and shared by running programs.

The file holds one JSON string a line, oldest first, and is appended to: a torn or foreign line costs itself
and nothing else. A history that cannot be used never stops the prompt; `trouble` says what is wrong.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prompt_toolkit.history import History

from ollama_chat_tui.environment import make_private_dir

MAX_ENTRIES = 10_000
MAX_BYTES = 16 * 1024 * 1024


class PromptHistory(History):
    """Entries without repetition, the newest of equal ones staying.

    Attributes:
        is_recording: when False nothing is written to disk; what is on disk can still be recalled, and what
            is asked now can be until the program ends.
        trouble: why the file could not be used; empty when all is well.
    """

    def __init__(self, path: Path | None, *, is_recording: bool = True) -> None:
        super().__init__()
        self.is_recording = is_recording
        self.trouble = ""
        self._path = path
        self._entries: dict[str, None] | None = None  # oldest first

    def __contains__(self, text: str) -> bool:
        return text in self._known()

    @property
    def count(self) -> int:
        """How many entries there are; no `__len__`, for PromptSession drops a history that is false."""
        return len(self._known())

    def add(self, text: str) -> None:
        """Make `text` the newest entry, on disk when this returns."""
        if not text.strip():
            return
        text = text.encode("utf-8", "replace").decode()  # a lone surrogate is no text
        entries = self._known()
        is_newest = next(reversed(entries), None) == text
        entries.pop(text, None)
        entries[text] = None
        if self.is_recording and not is_newest:
            self.store_string(text)

    def newest_first(self) -> Iterator[str]:
        """Every entry."""
        return reversed(self._known())

    def append_string(self, string: str) -> None:
        """Do nothing: a buffer hands over its folded text; `add` gets the whole one."""

    async def load(self) -> AsyncGenerator[str, None]:
        """Yield every entry, newest first."""
        for text in self.newest_first():
            yield text

    def get_strings(self) -> list[str]:
        """Every entry, oldest first."""
        return list(self._known())

    def load_history_strings(self) -> Iterable[str]:
        """Every entry of the file, newest first."""
        try:
            lines, is_overgrown = _read_lines(self._path) if self._path else ([], False)
        except OSError as error:
            self._note(error)
            return []
        newest: dict[str, None] = dict.fromkeys(reversed(_decode(lines)))
        newest = dict.fromkeys(text for text, _ in zip(newest, range(MAX_ENTRIES), strict=False))
        if self._path and self.is_recording and (is_overgrown or len(lines) > 2 * MAX_ENTRIES):
            self._compact(self._path)
        return newest

    def store_string(self, string: str) -> None:
        """Append an entry to the file."""
        if self._path is None:
            return
        try:
            with _locked(self._path):
                _append(self._path, _encode(string))
        except OSError as error:
            self._note(error)

    def _known(self) -> dict[str, None]:
        if self._entries is None:
            self._entries = dict.fromkeys(reversed(list(self.load_history_strings())))
        return self._entries

    def _compact(self, path: Path) -> None:
        """Write the file anew with the newest entries; others may have appended since it was read."""
        try:
            with _locked(path):
                entries = dict.fromkeys(reversed(_decode(_read_lines(path)[0])))
                kept, room = [], MAX_BYTES // 2
                for text, _ in zip(entries, range(MAX_ENTRIES), strict=False):
                    line = _encode(text)
                    room -= len(line)
                    if room < 0:
                        break
                    kept.append(line)
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)
                _append(part, b"".join(reversed(kept)))
                part.replace(path)
        except OSError as error:
            self._note(error)

    def _note(self, error: OSError) -> None:
        self.trouble = f"The history {self._path} cannot be used: {error.strerror or error}."


def _encode(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode() + b"\n"


def _decode(lines: list[str]) -> list[str]:
    """Return the entries of `lines`, without those that are none."""
    try:
        entries = json.loads(f"[{','.join(lines)}]")  # ten times as fast as line by line
        if len(entries) == len(lines) and all(isinstance(each, str) for each in entries):
            return [each for each in entries if each]
    except (ValueError, RecursionError):
        pass
    return list(_decode_each(lines))


def _decode_each(lines: list[str]) -> Iterator[str]:
    for line in lines:
        with suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, str) and entry:
                yield entry


def _read_lines(path: Path) -> tuple[list[str], bool]:
    """Return the lines of the file, of its end when it is very long, and whether it is.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists():
        return [], False
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no file")
        is_overgrown = status.st_size > MAX_BYTES
        if is_overgrown:
            file.seek(-MAX_BYTES, os.SEEK_END)
        data = file.read(MAX_BYTES)
    return [line for line in data.decode("utf-8", "replace").split("\n") if line], is_overgrown


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other programs from writing meanwhile; a lock file, for `path` itself may be replaced."""
    make_private_dir(path.parent)
    fd = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for_lock(fd)
        yield
    finally:
        os.close(fd)


def _append(path: Path, data: bytes) -> None:
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no file")
        if status.st_mode & 0o077:
            os.fchmod(fd, 0o600)
        if status.st_size and os.pread(fd, 1, status.st_size - 1) != b"\n":
            data = b"\n" + data  # somebody died in the middle of a line: let it be a line of its own
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


def _wait_for_lock(fd: int) -> None:
    """Lock the file against other programs; on Windows appending in one write has to do."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX)
