"""The few calls through which sessions reach a disk, in one place, so that a test can make each fail."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_PLAIN = getattr(os, "O_BINARY", 0)  # Windows would write two bytes for the end of a line


class Disk:
    """Files opened by number; every method raises `OSError` and nothing else."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file; one that is made is its owner's alone."""
        return os.open(path, flags | _PLAIN, 0o600)

    def write(self, fd: int, data: bytes) -> int:
        """Write what fits, and say how much that was."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Return when what was written outlives a loss of power."""
        if sys.platform == "darwin":  # fsync there stops at the drive's own memory
            import fcntl

            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
        else:
            os.fsync(fd)

    def write_all(self, fd: int, data: bytes) -> None:
        """Write everything and sync it."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.write(fd, bytes(rest)) :]
        self.sync(fd)

    def sync_directory(self, path: Path) -> None:
        """Let the names in a directory outlive a loss of power, where there is a way to."""
        if sys.platform == "win32":
            return
        fd = os.open(path, os.O_RDONLY)
        try:
            self.sync(fd)
        except OSError as exc:
            if exc.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(fd)
