"""Which session files have grown since they were last read, and from where to read on.

A session file is only ever appended to. So a file that is longer than before and still has the same bytes
where reading stopped is read from there; anything else that has changed is read anew. Only whole lines count.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, Final, NamedTuple

from ollama_chat_tui.sessions.session import SUFFIX

_TAIL_BYTES: Final = 48  # longer than the id and the time of a line, which no other line has
_LATEST_S: Final = 253_000_000_000.0  # in the year 9987


class Source(NamedTuple):
    """A session file as the directory shows it."""

    id: str
    path: str
    size: int
    mtime_ns: int


Sources = dict[str, Source]


class Seen(NamedTuple):
    """A session file as it was last read.

    Attributes:
        resume: the offset to read on from, at the beginning of a line.
        tail: the bytes before it.
    """

    size: int
    mtime_ns: int
    resume: int
    tail: bytes

    def is_still(self, source: Source) -> bool:
        """Whether nothing has happened to the file."""
        return (self.size, self.mtime_ns) == (source.size, source.mtime_ns)


class Changes(NamedTuple):
    """What has happened to a directory since it was last read."""

    gone: list[str]
    changed: list[Source]


def scan(directory: Path) -> Sources:
    """Every session file of a directory by its id; none where it cannot be read."""
    sources = {}
    with suppress(OSError), os.scandir(directory) as entries:
        for entry in entries:
            if not entry.name.endswith(SUFFIX):
                continue
            try:
                stat = entry.stat()
            except OSError:  # deleted since
                continue
            if S_ISREG(stat.st_mode):
                id_ = entry.name.removesuffix(SUFFIX)
                sources[id_] = Source(id_, entry.path, stat.st_size, stat.st_mtime_ns)
    return sources


def changes(db: sqlite3.Connection, sources: Sources) -> Changes:
    """Compare the files with a cache's table of sessions; what was used first comes first."""
    rows = db.execute("SELECT id, size, mtime_ns FROM session").fetchall()
    missing = dict(sources)
    gone = []
    for id_, size, mtime_ns in rows:
        source = sources.get(id_)
        if source is None:
            gone.append(id_)
        elif source.size == size and source.mtime_ns == mtime_ns:
            del missing[id_]
    return Changes(gone, sorted(missing.values(), key=attrgetter("mtime_ns")))


def seen_before(db: sqlite3.Connection, source: Source) -> Seen | None:
    """What a cache's table of sessions knows of a file."""
    row = db.execute("SELECT size, mtime_ns, resume, tail FROM session WHERE id = ?", (source.id,)).fetchone()
    return Seen(*row) if row else None


def place_to_resume(file: BinaryIO, seen: Seen | None, source: Source) -> int:
    """The offset from which lines are new; 0 where the file is not what it was with something after it."""
    if seen is None or source.size <= seen.size or seen.resume < len(seen.tail):
        return 0
    return seen.resume if tail_before(file, seen.resume) == seen.tail else 0


def seconds(at: datetime) -> float:
    """Seconds since 1970, of which every system can make a time again whatever the line said."""
    return min(max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()), _LATEST_S)


def tail_before(file: BinaryIO, offset: int) -> bytes:
    """The last bytes before an offset, by which it is known again."""
    file.seek(max(0, offset - _TAIL_BYTES))
    return file.read(min(offset, _TAIL_BYTES))


def whole_lines(file: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    """Each finished line from an offset on, with its own offset."""
    file.seek(start)
    offset = start
    for line in file:
        if not line.endswith(b"\n"):
            return
        yield offset, line
        offset += len(line)
