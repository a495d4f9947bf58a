"""One writer a session: a lock that the system itself takes away when its process dies.

The lock is on a file of its own beside the session, since Windows keeps others from reading what is locked.
The file says who holds it; when the process was killed it stays behind, without a lock, and is used again.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

from ollama_chat_tui.errors import SessionLocked

SUFFIX = ".lock"
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)  # some network drives
_FAR_AWAY = 1 << 30  # locking what is not written leaves what is written readable on Windows


class Holder(Struct, frozen=True):
    """The process that has a session open."""

    pid: int
    since: datetime


class Lock:
    """A lock that is held until `release`, or until the process ends."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd

    @classmethod
    def take(cls, session: Path) -> Lock:
        """Lock a session file.

        Raises:
            SessionLocked: another process has it; the sentence says which.
            OSError: there is no place for the lock.
        """
        path = session.with_suffix(SUFFIX)
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            lock = cls(path, fd)
            try:
                _lock(fd)
            except BlockingIOError:
                held_by = _holder(path)
                os.close(fd)
                raise _locked(session, held_by) from None
            except OSError as exc:
                if exc.errno not in _WITHOUT_LOCKS:
                    os.close(fd)
                    raise
            if lock.is_for(session):
                lock._sign()
                return lock
            os.close(fd)  # whoever held it before has just taken the file away

    def is_for(self, session: Path) -> bool:
        """Whether it locks that file and others find it so; when the directory was taken away they do not."""
        try:
            return os.path.samestat(os.fstat(self._fd), session.with_suffix(SUFFIX).stat())
        except OSError:
            return False

    def release(self) -> None:
        """Let others have the session."""
        with suppress(OSError):
            if self.is_for(self._path):
                self._path.unlink()
        with suppress(OSError):
            os.close(self._fd)

    def _sign(self) -> None:
        with suppress(OSError):  # a full disk: the lock holds, though nobody can read whose it is
            os.ftruncate(self._fd, 0)
            os.write(self._fd, msgspec.json.encode(Holder(os.getpid(), datetime.now(UTC))))


def _holder(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _locked(session: Path, holder: Holder | None) -> SessionLocked:
    if holder is None:
        who = "another process"
    else:
        who = f"process {holder.pid}, since {holder.since.astimezone():%Y-%m-%d %H:%M}"
    return SessionLocked(
        f"The session {session.stem} is open in {who}.", "Leave it there, fork it, or read it."
    )


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, _FAR_AWAY, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError as exc:
            raise BlockingIOError(*exc.args) from exc
        finally:
            os.lseek(fd, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
