"""Session files with the texts a test wants, written by the program's own journal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.journal import Journal
from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.records import Item, Record, Said, SettingsChanged, Tagged, Titled

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def write(
    directory: Path,
    id_: str,
    *texts: str,
    model: str = "m:1b",
    title: str = "",
    tags: Sequence[str] = (),
    at: datetime = START,
) -> Path:
    """A question, its answer, a question … of one minute each; their ids are `id_`-0, `id_`-1 …"""
    records: list[Record] = [SettingsChanged(at, model)]
    records += [Titled(title, at)] if title else []
    records += [Tagged(tag, at) for tag in tags]
    for place, text in enumerate(texts):
        parent = f"{id_}-{place - 1}" if place else None
        role = (Role.USER, Role.ASSISTANT)[place % 2]
        records.append(Said(f"{id_}-{place}", parent, at + timedelta(minutes=place), role, text))
    with closing(Journal(directory, Disk(), directory / f"{id_}.jsonl")) as journal:
        return journal.append([Item(record) for record in records])


def append(path: Path, *records: Record) -> None:
    """Let a session go on."""
    with closing(Journal(path.parent, Disk(), path, Lock.take(path))) as journal:
        journal.append([Item(record) for record in records])
