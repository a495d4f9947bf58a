"""The words of all sessions, in a cache beside the list of sessions.

Measured on 21 MB of made-up messages (`python -m benchmarks.search --tokenizers`):

    tokenizer and content                 built at        size    a common word, the newest 2000 ranked
    unicode61, the text not kept          33 MB/s         12 MB   3 ms
    the same, sorted in small pieces      21 MB/s         14 MB   3 ms
    the same, the text kept               29 MB/s         36 MB   5 ms
    trigram, the text not kept            3.4 MB/s        72 MB   7 ms

So `unicode61` it is, with the characters of scripts that have no blanks set apart (`tokens`); a trigram
index could not find a word of two characters anyway, which most Chinese words are. The text stays in the
session files alone: a row holds the place of its line, and what is shown is read from there. SQLite gathers
64 MB of words before it sorts them, and merges 16 pieces at a time, not 4. Ranking reads every match, so
only the newest 2000 are ranked: a word that stands in more messages than that tells little, and what is new
is the better guess.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.errors import SearchMissing
from ollama_chat_tui.sessions.cache import Cache, transaction
from ollama_chat_tui.sessions.growth import (
    Source,
    Sources,
    changes,
    place_to_resume,
    seconds,
    seen_before,
    tail_before,
    whole_lines,
)
from ollama_chat_tui.sessions.tokens import set_apart

RANKED: Final = 2000
_VERSION: Final = 1
_BATCH_BYTES: Final = 64_000_000
_SHIFT: Final = 24  # a message's number is the session's, shifted, and its place in the session
_REBUILT_AT_ONCE: Final = 20_000
TITLE: Final = "title"
_ROLES: Final = (*Role, TITLE)
_TITLE: Final = _ROLES.index(TITLE)
_SCHEMA: Final = """
CREATE TABLE session (
    no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, size INTEGER, mtime_ns INTEGER, resume INTEGER,
    tail BLOB, next INTEGER, model INTEGER
);
CREATE TABLE model (no INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE message (no INTEGER PRIMARY KEY, offset INTEGER, role INTEGER, model INTEGER, at REAL);
CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2');
INSERT INTO words(words, rank) VALUES ('hashsize', 67108864);
INSERT INTO words(words, rank) VALUES ('automerge', 16)
"""
_MATCHES: Final = """
SELECT words.rowid >> 24, message.offset, bm25(words)
FROM words CROSS JOIN message ON message.no = words.rowid
WHERE words MATCH :expression
"""
_CONDITIONS: Final = {
    "role": "message.role = :role",
    "since": "message.at >= :since",
    "before": "message.at < :before",
    "models": "message.model IN (SELECT value FROM json_each(:models))",
    "sessions": """words.rowid >> 24 IN (
        SELECT no FROM session WHERE id IN (SELECT value FROM json_each(:sessions))
    )""",
}

Progress = Callable[[int, int], None]


class Match(NamedTuple):
    """Where a message stands that was found."""

    session_id: str
    offset: int


class Conditions(Struct, frozen=True):
    """What else must hold of a message.

    Attributes:
        role: who says it.
        model: part of the name of the model in use then, in any case.
        since, before: when it was said; seconds since 1970.
        sessions: ids of the only sessions to look in; None: in all.
    """

    role: Role | None = None
    model: str = ""
    since: float | None = None
    before: float | None = None
    sessions: list[str] | None = None


class _Line(Struct):
    """Of any line, what is looked for."""

    kind: str
    at: datetime | None = None
    id: str | None = None
    role: str = Role.ASSISTANT
    content: str = ""
    title: str = ""
    model: str = ""


class _Row(NamedTuple):
    offset: int
    role: int
    model: int
    at: float
    content: str


_decode = msgspec.json.Decoder(_Line).decode


class Index:
    """The index of the sessions of one directory; not for several threads at once."""

    def __init__(self, cache_dir: Path) -> None:
        """Nothing is opened yet; `cache_dir` need not exist, nor be writable."""
        self._cache = Cache(cache_dir, "search", _VERSION, _SCHEMA)

    def close(self) -> None:
        """Give the cache back."""
        self._cache.close()

    def find(
        self,
        expression: str,
        sources: Sources,
        conditions: Conditions,
        limit: int,
        progress: Progress | None = None,
    ) -> list[Match]:
        """What matches in the sessions as they are now, best first.

        Args:
            expression: of `Query`, which makes none that SQLite could refuse.
            sources: all sessions, as `scan` finds them.
            conditions: what else must hold.
            limit: of matches.
            progress: is told how many bytes of how many have been read, while files are.

        Raises:
            SearchMissing: this Python's SQLite cannot search.
        """
        _require_fts5()

        def work(db: sqlite3.Connection) -> list[Match]:
            _refresh(db, sources, progress)
            return _matches(db, expression, conditions, limit)

        return self._cache.run(work)

    def forget(self, sources: Sources) -> None:
        """Drop what is not among all sessions any more, without reading what is new."""

        def work(db: sqlite3.Connection) -> None:
            if gone := changes(db, sources).gone:
                with transaction(db):
                    _forget(db, gone)

        with suppress(SearchMissing):  # then there is no index
            _require_fts5()
            self._cache.run(work)


def _require_fts5() -> None:
    db = sqlite3.connect(":memory:")
    try:
        db.execute("CREATE VIRTUAL TABLE words USING fts5(text)")
    except sqlite3.OperationalError as exc:
        raise SearchMissing(
            "The SQLite of this Python cannot search text.", "Use a Python whose SQLite has FTS5."
        ) from exc
    finally:
        db.close()


def _matches(db: sqlite3.Connection, expression: str, conditions: Conditions, limit: int) -> list[Match]:
    values: dict[str, object] = {
        "role": None if conditions.role is None else _ROLES.index(conditions.role),
        "since": conditions.since,
        "before": conditions.before,
        "models": _models_named(db, conditions.model),
        "sessions": None if conditions.sessions is None else _json(conditions.sessions),
    }
    wanted = [sql for name, sql in _CONDITIONS.items() if values[name] is not None]
    sql = " AND ".join([_MATCHES, *wanted]) + f" ORDER BY words.rowid DESC LIMIT {RANKED}"
    rows = db.execute(sql, {"expression": expression, **values}).fetchall()
    best = sorted(rows, key=itemgetter(2))[:limit]
    ids = dict(
        db.execute(
            "SELECT no, id FROM session WHERE no IN (SELECT value FROM json_each(?))",
            (_json([no for no, _, _ in best]),),
        ).fetchall()
    )
    return [Match(ids[no], offset) for no, offset, _ in best if no in ids]


def _models_named(db: sqlite3.Connection, part: str) -> str | None:
    if not part:
        return None
    models = db.execute("SELECT no, name FROM model").fetchall()
    return _json([no for no, name in models if part.casefold() in name.casefold()])


def _json(values: list[str] | list[int]) -> str:
    return msgspec.json.encode(values).decode()


def _refresh(db: sqlite3.Connection, sources: Sources, progress: Progress | None) -> None:
    gone, changed = changes(db, sources)
    if gone:
        with transaction(db):
            _forget(db, gone)
        changed = changes(db, sources).changed
    total, done = sum(source.size for source in changed), 0
    for batch in _batches(changed):
        with transaction(db):
            for source in batch:
                with suppress(OSError):  # it is gone, or may not be read
                    _take(db, source)
        done += sum(source.size for source in batch)
        if progress:
            progress(done, total)


def _forget(db: sqlite3.Connection, gone: list[str]) -> None:
    """Drop sessions; the index itself only when it is small, or a quarter of it is of no use.

    An index without the text cannot drop single words, and dropping sessions is rare. The rows that are left
    find nothing, because they have no message.
    """
    for id_ in gone:
        for (no,) in db.execute("SELECT no FROM session WHERE id = ?", (id_,)).fetchall():
            db.execute("DELETE FROM message WHERE no BETWEEN ? AND ?", (no << _SHIFT, (no + 1 << _SHIFT) - 1))
            db.execute("DELETE FROM session WHERE no = ?", (no,))
    (live,) = db.execute("SELECT count(*) FROM message").fetchone()
    (ever,) = db.execute("SELECT count(*) FROM words_docsize").fetchone()
    if live < _REBUILT_AT_ONCE or ever > live * 4 / 3:
        db.execute("DELETE FROM message")
        db.execute("DELETE FROM session")
        db.execute("INSERT INTO words(words) VALUES ('delete-all')")


def _batches(sources: list[Source]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for source in sources:
        batch.append(source)
        size += source.size
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _take(db: sqlite3.Connection, source: Source) -> None:
    seen = seen_before(db, source)
    if seen and seen.is_still(source):
        return  # another process was quicker
    with open(source.path, "rb") as file:  # noqa: PTH123  a Path for each of ten thousand costs too much
        start = place_to_resume(file, seen, source)
        reading = _Reading(db, _model_in_use(db, source) if start else 0)
        rows = list(reading.rows(file, start))
        tail = tail_before(file, reading.resume)
    if seen is None:
        db.execute("INSERT INTO session (id, next) VALUES (?, 0)", (source.id,))
    no, following = db.execute("SELECT no, next FROM session WHERE id = ?", (source.id,)).fetchone()
    first = no << _SHIFT
    db.execute(
        "DELETE FROM message WHERE no BETWEEN ? AND ? AND offset >= ?", (first, first + following, start)
    )
    titles = [row for row in rows if row.role == _TITLE]
    if titles:  # only the last one holds
        rows = [row for row in rows if row.role != _TITLE or row is titles[-1]]
        db.execute(
            "DELETE FROM message WHERE no BETWEEN ? AND ? AND role = ?", (first, first + following, _TITLE)
        )
    first += following
    db.executemany(
        "INSERT INTO message VALUES (?, ?, ?, ?, ?)",
        ((place, row.offset, row.role, row.model, row.at) for place, row in enumerate(rows, first)),
    )
    db.executemany(
        "INSERT INTO words (rowid, text) VALUES (?, ?)",
        ((place, set_apart(row.content)) for place, row in enumerate(rows, first)),
    )
    db.execute(
        "UPDATE session SET size = ?, mtime_ns = ?, resume = ?, tail = ?, next = ?, model = ? WHERE no = ?",
        (source.size, source.mtime_ns, reading.resume, tail, following + len(rows), reading.model, no),
    )


def _model_in_use(db: sqlite3.Connection, source: Source) -> int:
    (model,) = db.execute("SELECT model FROM session WHERE id = ?", (source.id,)).fetchone()
    return int(model)


class _Reading:
    """One file's lines on their way into the index.

    Attributes:
        resume: where to read on: behind the last line, or at an answer not yet finished.
        model: the number of the one in use.
    """

    def __init__(self, db: sqlite3.Connection, model: int) -> None:
        self._db = db
        self._half: str | None = None
        self._parts: list[str] = []
        self._half_at = 0
        self._at = 0.0
        self.model = model
        self.resume = 0

    def rows(self, file: BinaryIO, start: int) -> Iterator[_Row]:
        """Each message with words in it, and each title."""
        self.resume = start
        for offset, line in whole_lines(file, start):
            self.resume = offset + len(line)
            try:
                record = _decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            self._at = seconds(record.at) if record.at else self._at
            match record.kind:
                case "message":
                    yield from self._half_said(but=record.id)
                    self._parts.clear()
                    yield from self._row(offset, record.role, record.content)
                case "partial":
                    yield from self._half_said(but=record.id)
                    if not self._parts:
                        self._half, self._half_at = record.id, offset
                    self._parts.append(record.content)
                case "title":
                    yield from self._row(offset, TITLE, record.title)
                case "settings":
                    self.model = self._number(record.model)
        if self._parts:
            self.resume = self._half_at
            yield from self._half_said()

    def _half_said(self, but: str | None = None) -> Iterator[_Row]:
        """The answer of which only parts are there, unless it is the one that goes on."""
        if self._parts and self._half != but:
            yield from self._row(self._half_at, Role.ASSISTANT, "".join(self._parts))
            self._parts.clear()

    def _row(self, offset: int, role: str, content: str) -> Iterator[_Row]:
        if role in _ROLES and content.strip():
            yield _Row(offset, _ROLES.index(role), self.model, self._at, content)

    def _number(self, model: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO model (name) VALUES (?)", (model,))
        (number,) = self._db.execute("SELECT no FROM model WHERE name = ?", (model,)).fetchone()
        return int(number)
