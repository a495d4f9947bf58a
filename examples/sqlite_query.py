"""Tools that ask a SQLite database and cannot change it: `ollama-chat --tools examples/sqlite_query.py`.

The database is the file named by SQLITE_FILE. It is opened read-only, and SQLite itself refuses whatever is
no reading: writes, ATTACH of other files, PRAGMAs.
"""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from ollama_chat_tui.tools import tool

MOST_SECONDS = 10
MOST_BYTES = 20_000_000  # of one value, or one statement could take all memory there is
MOST_CHARS = 1000  # of one value in the answer
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


@tool(reads_only=True)
def list_tables() -> str:
    """List the tables of the database with their columns, as SQL."""
    with _database() as database:
        return "\n".join(
            row[0] for row in database.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL")
        )


@tool(reads_only=True)
def query(sql: str, rows: Annotated[int, Meta(ge=1, le=1000)] = 100) -> str:
    """Ask the database with a SELECT statement of SQLite.

    Args:
        sql: one SELECT statement.
        rows: how many rows to return at most.
    """
    with _database() as database:
        try:
            cursor = database.execute(sql)
            found = [" | ".join(map(_cell, row)) for row in islice(cursor, rows + 1)]
        except sqlite3.Error as exc:
            return f"SQLite refuses: {exc}. Look at the tables with list_tables and correct the statement."
    heads = " | ".join(column[0] for column in cursor.description or ())
    return "\n".join([heads, *found[:rows], *(["[There are more rows.]"] if len(found) > rows else [])])


def _cell(value: object) -> str:
    beginning = value[:MOST_CHARS] if isinstance(value, str | bytes) else value
    return "NULL" if value is None else str(beginning)[:MOST_CHARS]


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    path = os.environ.get("SQLITE_FILE")
    if not path:
        raise RuntimeError("SQLITE_FILE does not name a database")
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.text_factory = lambda data: data.decode(errors="replace")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
        deadline = time.monotonic() + MOST_SECONDS
        database.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        database.set_authorizer(
            lambda action, *_: sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY
        )
        yield database
