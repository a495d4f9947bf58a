"""An SQLite file that may be lost at any time, because all it holds can be made anew.

Damaged, foreign or of another layout: it is replaced. In a directory where nothing can be written, on a full
disk, or locked for too long: the work is done in memory. The layout's version is part of the file's name, so
that an older and a newer program never fight over one file.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

from ollama_chat_tui.environment import make_private_dir

T = TypeVar("T")

_LOCK_TIMEOUT_S: Final = 20
_APPLICATION: Final = 0x6F636861  # "ocha"
_UNUSABLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
    }
)
# A flipped bit that SQLite does not see comes out as a value of a wrong kind.
_DAMAGE: Final = (sqlite3.DatabaseError, ValueError, TypeError, OverflowError)


class Cache:
    """One file with one schema; not for several threads at once."""

    def __init__(self, directory: Path, name: str, version: int, schema: str) -> None:
        self._path = directory / f"{name}-{version}.sqlite"
        self._older = re.compile(rf"{name}-(\d+)\.sqlite(-wal|-shm)?")
        self._version = version
        self._schema = schema
        self._in_memory = False
        self._db: sqlite3.Connection | None = None

    def close(self) -> None:
        """Give the file back."""
        if self._db is not None:
            with suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work; where the file is not fit for it, once more on a fresh one and at last in memory.

        The work may be begun several times, so it must not count on what an earlier attempt did.
        """
        for attempt in range(3):
            try:
                if self._db is None:
                    self._db = self._open()
                return work(self._db)
            except (*_DAMAGE, OSError) as exc:
                if attempt == 2 or self._in_memory or isinstance(exc, sqlite3.ProgrammingError):
                    raise
                self.close()
                self._in_memory = attempt == 1 or not _is_damage(exc) or not self._remove()
        raise AssertionError("the loop returns or raises")

    def _open(self) -> sqlite3.Connection:
        if not self._in_memory:
            make_private_dir(self._path.parent)
            if not self._path.exists():
                self._remove_older()
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        target = ":memory:" if self._in_memory else self._path
        db = sqlite3.connect(
            target,
            timeout=_LOCK_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=32,
        )
        try:
            self._prepare(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA page_size=16384")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA secure_delete=ON")
        db.execute("PRAGMA cache_size=-64000")
        if _mark(db) == (_APPLICATION, self._version):
            return
        with transaction(db):
            mark = _mark(db)
            if mark == (0, 0):
                for statement in self._schema.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id={_APPLICATION}")
                db.execute(f"PRAGMA user_version={self._version}")
            elif mark != (_APPLICATION, self._version):
                raise sqlite3.DatabaseError("another program's file")

    def _remove(self) -> bool:
        try:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _remove_older(self) -> None:
        with suppress(OSError):
            for path in self._path.parent.iterdir():
                found = self._older.fullmatch(path.name)
                if found and int(found[1]) < self._version:
                    path.unlink(missing_ok=True)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write as the only process, all or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _mark(db: sqlite3.Connection) -> tuple[int, int]:
    (application,), (version,) = (
        db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
    )
    return application, version


def _is_damage(exc: Exception) -> bool:
    if isinstance(exc, OSError):
        return False
    code = getattr(exc, "sqlite_errorcode", None)
    return code is None or code & 0xFF not in _UNUSABLE
