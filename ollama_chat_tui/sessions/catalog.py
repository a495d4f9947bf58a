"""All sessions in a list: what they are called, when they were used, how long they are.

The facts are kept in a cache and only sessions whose files have changed are read again. Losing the cache
costs the time of reading them all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.cache import Cache, transaction
from ollama_chat_tui.sessions.growth import (
    Source,
    Sources,
    changes,
    place_to_resume,
    scan,
    seconds,
    seen_before,
    tail_before,
    whole_lines,
)

_VERSION: Final = 1
_FIRST_WORDS: Final = 200
_SCHEMA: Final = """
CREATE TABLE session (
    id TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, resume INTEGER, tail BLOB,
    title TEXT, question TEXT, model TEXT, created REAL, used REAL, messages INTEGER, pending INTEGER,
    tags TEXT
) WITHOUT ROWID
"""
_ALL: Final = """
SELECT id, title, question, model, created, used, messages, size, tags FROM session ORDER BY used DESC, id
"""
_SOME: Final = """
SELECT id, title, question, model, created, used, messages, size, tags FROM session
WHERE id IN (SELECT value FROM json_each(?))
"""


class Listed(Struct, frozen=True):
    """A session in the list.

    Attributes:
        file: the path of its file.
        question: the first line of the first question, cut to 200 characters.
        model: the one in use last.
        messages: on all branches.
        size: bytes of its file.
    """

    id: str
    file: str
    title: str
    question: str
    model: str
    created: datetime
    used: datetime
    messages: int
    size: int
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The title, or else the first line of the first question."""
        return self.title or self.question


class _Line(Struct):
    """Of any line, what the list shows."""

    kind: str
    at: datetime | None = None
    id: str | None = None
    role: str = ""
    model: str = ""
    title: str = ""
    tag: str = ""
    removed: bool = False


class _Question(Struct):
    content: str = ""


class _Facts(Struct):
    """What is known of a session, up to a place in its file."""

    title: str = ""
    question: str = ""
    model: str = ""
    created: float | None = None
    used: float | None = None
    messages: int = 0
    pending: int = 0
    tags: list[str] = []


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_question = msgspec.json.Decoder(_Question).decode


class Catalog:
    """The list of the sessions in a directory; not for several threads at once."""

    def __init__(self, directory: Path, cache_dir: Path) -> None:
        """Nothing is opened yet; `cache_dir` need not exist, nor be writable."""
        self._directory = directory
        self._cache = Cache(cache_dir, "catalog", _VERSION, _SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the cache back."""
        self._cache.close()

    def sessions(self, sources: Sources | None = None) -> list[Listed]:
        """Every session as it is now, the one used last first.

        Args:
            sources: of `scan`, which spares another look at the directory.
        """
        found = scan(self._directory) if sources is None else sources

        def work(db: sqlite3.Connection) -> list[Listed]:
            _refresh(db, found)
            return [_listed(found, row) for row in db.execute(_ALL).fetchall() if row[0] in found]

        return self._cache.run(work)

    def some(self, ids: Collection[str], sources: Sources) -> dict[str, Listed]:
        """Those of the sessions that are there, by their ids; what is new in others is not read."""
        wanted = [sources[id_] for id_ in ids if id_ in sources]

        def work(db: sqlite3.Connection) -> dict[str, Listed]:
            _drop(
                db, [id_ for (id_,) in db.execute("SELECT id FROM session").fetchall() if id_ not in sources]
            )
            _take_all(db, [source for source in wanted if not _is_known(db, source)])
            rows = db.execute(_SOME, (msgspec.json.encode(list(ids)).decode(),)).fetchall()
            return {row[0]: _listed(sources, row) for row in rows if row[0] in sources}

        return self._cache.run(work)

    def tagged(self, tag: str, sources: Sources) -> list[str]:
        """The ids of the sessions with a tag, in any case."""

        def work(db: sqlite3.Connection) -> list[str]:
            _refresh(db, sources)
            rows = db.execute("SELECT id, tags FROM session WHERE tags != '[]'").fetchall()
            return [id_ for id_, tags in rows if tag.casefold() in map(str.casefold, _tags(tags))]

        return self._cache.run(work)


def _tags(text: str) -> list[str]:
    return msgspec.json.decode(text, type=list[str]) if text != "[]" else []


def _refresh(db: sqlite3.Connection, sources: Sources) -> None:
    gone, changed = changes(db, sources)
    _drop(db, gone)
    _take_all(db, changed)


def _drop(db: sqlite3.Connection, gone: list[str]) -> None:
    if gone:
        with transaction(db):
            db.executemany("DELETE FROM session WHERE id = ?", [(id_,) for id_ in gone])


def _take_all(db: sqlite3.Connection, changed: list[Source]) -> None:
    if changed:
        with transaction(db):
            for source in changed:
                with suppress(OSError):
                    _take(db, source)


def _is_known(db: sqlite3.Connection, source: Source) -> bool:
    seen = seen_before(db, source)
    return seen is not None and seen.is_still(source)


def _listed(sources: Sources, row: tuple[str, str, str, str, float, float, int, int, str]) -> Listed:
    id_, title, question, model, created, used, messages, size, tags = row
    return Listed(
        id_,
        sources[id_].path,
        title,
        question,
        model,
        datetime.fromtimestamp(created, UTC),
        datetime.fromtimestamp(used, UTC),
        messages,
        size,
        tuple(_tags(tags)),
    )


def _take(db: sqlite3.Connection, source: Source) -> None:
    seen = seen_before(db, source)
    with open(source.path, "rb") as file:  # noqa: PTH123  a Path for each of ten thousand costs too much
        start = place_to_resume(file, seen, source)
        facts = _known(db, source.id) if start else _Facts()
        resume = _read(facts, file, start)
        tail = tail_before(file, resume)
    when = source.mtime_ns / 1e9
    db.execute(
        "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source.id,
            source.size,
            source.mtime_ns,
            resume,
            tail,
            facts.title,
            facts.question,
            facts.model,
            when if facts.created is None else facts.created,
            when if facts.used is None else facts.used,
            facts.messages,
            facts.pending,
            msgspec.json.encode(facts.tags).decode(),
        ),
    )


def _known(db: sqlite3.Connection, id_: str) -> _Facts:
    row = db.execute(
        "SELECT title, question, model, created, used, messages - pending, tags FROM session WHERE id = ?",
        (id_,),
    ).fetchone()
    title, question, model, created, used, messages, tags = row
    return _Facts(title, question, model, created, used, messages, tags=_tags(tags))


def _read(facts: _Facts, file: BinaryIO, start: int) -> int:
    """Add what the lines say; returns where to read on: behind them, or at an answer not yet finished."""
    end, half, half_at, last = start, None, start, None
    for offset, line in whole_lines(file, start):
        end = offset + len(line)
        try:
            record = _decode_line(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if record.at is not None and record.kind != "opened":
            facts.used = seconds(record.at)
            facts.created = facts.used if facts.created is None else facts.created
        if record.kind == "message":
            facts.messages += (record.id != last) + (half not in (None, record.id))
            half, last = None, record.id
            if record.role == Role.USER and not facts.question:
                facts.question = _first_line(line)
        elif record.kind == "partial" and record.id != half:
            facts.messages += half is not None
            half, half_at = record.id, offset
        else:
            _apply(facts, record)
    if half is None:
        return end
    facts.messages += 1
    facts.pending = 1
    return half_at


def _apply(facts: _Facts, record: _Line) -> None:
    match record.kind:
        case "settings":
            facts.model = record.model
        case "title":
            facts.title = record.title
        case "tag":
            facts.tags = [tag for tag in facts.tags if tag != record.tag]
            if not record.removed:
                facts.tags.append(record.tag)


def _first_line(line: bytes) -> str:
    with suppress(msgspec.DecodeError):
        return _decode_question(line).content.strip().partition("\n")[0][:_FIRST_WORDS]
    return ""
