"""One session file, appended to and never rewritten. Blocks while the disk works: it belongs in a thread."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ollama_chat_tui import __version__
from ollama_chat_tui.environment import make_private_dir
from ollama_chat_tui.sessions.attachments import Attachments
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.records import (
    FORMAT_VERSION,
    Item,
    NotARecord,
    Opened,
    TornBefore,
    decode,
    encode,
)
from ollama_chat_tui.sessions.session import SUFFIX

_ID_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"  # without what looks alike, and without most words
_BLOCK = 64 * 1024


class Vanished(OSError):
    """The directory is there, and the file that was in it is not."""


def new_id(at: datetime) -> str:
    """An id that sorts by time and says when; its last part alone is enough to type."""
    return f"{at:%y%m%d-%H%M%S}-{''.join(secrets.choice(_ID_SIGNS) for _ in range(4))}"


class Journal:
    """A session file, made when the first lines are appended and locked from then on.

    Attributes:
        path: the file; None until it was made, unless it was named.
        directory: where it is.
    """

    def __init__(
        self, directory: Path, disk: Disk, path: Path | None = None, lock: Lock | None = None
    ) -> None:
        """A file that is there comes with its lock; without one `path` is where it is to be made."""
        self.path = path
        self.directory = directory
        self._disk = disk
        self._attachments = Attachments(directory, disk)
        self._lock = lock
        self._fd: int | None = None
        self._is_made = lock is not None
        self._has_signed = False
        self._unsynced: list[Path] = []

    def append(self, items: Sequence[Item]) -> Path:
        """Return the file when all are on disk; after an error some may be, and all are to be appended again.

        Raises:
            Vanished: the file was taken away: everything is to be appended again, to a new one.
            SessionLocked: while the directory was away another process took the session.
            OSError: they are not on disk.
        """
        try:
            path, fd, beginning = self._ready()
            records = map(self._attachments.keep_images, items)
            if not self._has_signed:
                beginning += encode(Opened(FORMAT_VERSION, path.stem, datetime.now(UTC), __version__))
            self._disk.write_all(fd, beginning + b"".join(map(encode, records)))
            while self._unsynced:
                self._disk.sync_directory(self._unsynced[-1])
                self._unsynced.pop()
            self._has_signed = True
        except OSError:
            self._close_file()
            raise
        return path

    def close(self) -> None:
        """Let go of the file; one that nothing could be written to goes away."""
        if self.path is not None and self._is_made and not self._has_signed:
            with suppress(OSError):
                if not self.path.stat().st_size:
                    self.path.unlink()
        self._close_file()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _ready(self) -> tuple[Path, int, bytes]:
        """The file, open, and what must be written so that the next record has a line of its own."""
        if self.path is not None and self._fd is not None and _is_at(self._fd, self.path):
            return self.path, self._fd, b""
        self._close_file()
        if self.path is None or not self._is_made:
            return *self._make(), b""
        try:
            self._hold(self.path)
            self._fd = self._disk.open(self.path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError as exc:
            if not self.directory.is_dir():
                raise
            self.path, self._is_made, self._has_signed = None, False, False
            raise Vanished(*exc.args) from exc
        return self.path, self._fd, _ending(self._fd)

    def _make(self) -> tuple[Path, int]:
        if not self.directory.exists():
            make_private_dir(self.directory)
            self._unsynced = [self.directory.parent]
        path = self.path or self.directory / (new_id(datetime.now(UTC)) + SUFFIX)
        self._hold(path)
        self._fd = self._disk.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL)
        self.path, self._is_made = path, True
        self._unsynced.append(self.directory)
        return path, self._fd

    def _hold(self, path: Path) -> None:
        if self._lock is not None and self._lock.is_for(path):
            return
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        self._lock = Lock.take(path)

    def _close_file(self) -> None:
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False


def _ending(fd: int) -> bytes:
    """What ends the last line of a file: nothing, its end, or a line that sets it aside."""
    size = os.lseek(fd, 0, os.SEEK_END)
    last = b""
    while len(last) < size and b"\n" not in last:
        start = max(0, size - len(last) - _BLOCK)
        os.lseek(fd, start, os.SEEK_SET)
        last = _read(fd, size - len(last) - start) + last
    last = last.rpartition(b"\n")[2]
    if not last:
        return b""
    try:
        decode(last)
    except NotARecord:
        return b"\n" + encode(TornBefore(len(last), datetime.now(UTC)))
    return b"\n"


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size and (part := os.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
