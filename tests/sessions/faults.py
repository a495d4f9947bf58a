"""A disk that fails when it is told to."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

from ollama_chat_tui.sessions.disk import Disk


class FaultyDisk(Disk):
    """Fails from the call with number `first` on, `times` times; a write takes half before it fails."""

    def __init__(self, first: int = -1, code: int = errno.ENOSPC, times: int = 1) -> None:
        self.calls = 0
        self._bad = range(first, first + times)
        self._code = code

    def _count(self) -> bool:
        self.calls += 1
        return self.calls - 1 in self._bad

    def _fail(self) -> OSError:
        return OSError(self._code, os.strerror(self._code))

    def open(self, path: Path, flags: int) -> int:
        if self._count():
            raise self._fail()
        return super().open(path, flags)

    def write(self, fd: int, data: bytes) -> int:
        if self._count():
            super().write(fd, data[: len(data) // 2])
            raise self._fail()
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        if self._count():
            raise self._fail()
        super().sync(fd)


class BrokenDisk(Disk):
    """Takes nothing until it is mended."""

    def __init__(self, code: int) -> None:
        self.code: int | None = code

    def open(self, path: Path, flags: int) -> int:
        if self.code is not None:
            raise OSError(self.code, os.strerror(self.code))
        return super().open(path, flags)

    def write(self, fd: int, data: bytes) -> int:
        if self.code is not None:
            raise OSError(self.code, os.strerror(self.code))
        return super().write(fd, data)


class FullDisk(Disk):
    """Makes files, and has no room for anything in them."""

    def write(self, fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class WatchedDisk(Disk):
    """Remembers what is done with it, in order; the path where a directory is synced."""

    def __init__(self) -> None:
        self.done: list[str | Path] = []

    def open(self, path: Path, flags: int) -> int:
        self.done.append("make" if flags & os.O_CREAT else "open")
        return super().open(path, flags)

    def write(self, fd: int, data: bytes) -> int:
        self.done.append("write")
        return super().write(fd, data)

    def sync(self, fd: int) -> None:
        self.done.append("sync")
        super().sync(fd)

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self.done[-1] = path


class HangingDisk(Disk):
    """Does not finish a sync until it is let go."""

    def __init__(self) -> None:
        self.is_hanging = False
        self.hangs = threading.Event()
        self.goes_on = threading.Event()

    def sync(self, fd: int) -> None:
        if self.is_hanging:
            self.hangs.set()
            assert self.goes_on.wait(60)
        super().sync(fd)
