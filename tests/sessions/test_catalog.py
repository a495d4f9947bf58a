"""The list of sessions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.catalog import Catalog
from ollama_chat_tui.sessions.records import Partial, Record, Said, SettingsChanged, Tagged, Titled
from ollama_chat_tui.sessions.session import read_session
from tests.sessions.written import START, append, write


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def catalog(directory: Path, tmp_path: Path) -> Iterator[Catalog]:
    with Catalog(directory, tmp_path / "cache") as catalog:
        yield catalog


def test_a_session_is_listed_with_all_that_tells_it_from_others(directory: Path, catalog: Catalog) -> None:
    path = write(directory, "a", "Why red?\nI wonder", "Because.", model="qwen3:8b", tags=["x", "y"])
    (listed,) = catalog.sessions()
    assert (listed.id, Path(listed.file), listed.name, listed.title) == ("a", path, "Why red?", "")
    assert (listed.model, listed.messages, listed.tags) == ("qwen3:8b", 2, ("x", "y"))
    assert listed.used == START + timedelta(minutes=1)
    assert listed.created <= listed.used or listed.created.year >= 2026
    assert listed.size == path.stat().st_size


def test_the_session_used_last_is_first(directory: Path, catalog: Catalog) -> None:
    for day, id_ in enumerate("bca"):
        write(directory, id_, "hi", at=START + timedelta(days=day))
    assert [listed.id for listed in catalog.sessions()] == ["a", "c", "b"]


def test_what_is_said_later_is_listed_as_if_all_were_read_anew(
    directory: Path, catalog: Catalog, tmp_path: Path
) -> None:
    path = write(directory, "a", "hi")
    catalog.sessions()
    steps: list[list[Record]] = [
        [Partial("n", START, "a-0", "half"), Partial("n", START, None, " and")],
        [Partial("n", START, None, " half")],
        [Said("n", "a-0", START, Role.ASSISTANT, "half and half"), Titled("T", START)],
        [Tagged("x", START), Tagged("y", START), SettingsChanged(START, "other")],
        [Tagged("x", START, removed=True), Partial("o", START, "n", "lost")],
        [Said("p", "o", START + timedelta(days=1), Role.USER, "go on")],
    ]
    for number, records in enumerate(steps):
        append(path, *records)
        with Catalog(directory, tmp_path / f"fresh{number}") as fresh:
            assert catalog.sessions() == fresh.sessions()
        (listed,) = catalog.sessions()
        session = read_session(path)
        assert listed.messages == len(session.entries)
        assert (listed.title, listed.tags) == (session.title, session.tags)
        assert session.settings is not None
        assert listed.model == session.settings.model


def test_a_session_that_is_gone_is_not_listed(directory: Path, catalog: Catalog) -> None:
    path = write(directory, "a", "hi")
    assert catalog.sessions()
    path.unlink()
    assert catalog.sessions() == []


def test_a_file_in_which_nothing_can_be_read_is_listed_without_facts(
    directory: Path, catalog: Catalog
) -> None:
    directory.mkdir()
    (directory / "a.jsonl").write_bytes(b"\x00\xff\n{]\n")
    (directory / "notes.txt").write_text("not a session")
    (directory / "trash").mkdir()
    (listed,) = catalog.sessions()
    assert (listed.id, listed.name, listed.messages) == ("a", "", 0)


def test_a_directory_that_is_not_there_holds_no_sessions(catalog: Catalog) -> None:
    assert catalog.sessions() == []
