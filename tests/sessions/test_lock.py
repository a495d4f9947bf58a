from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.errors import SessionLocked, SessionUnwritable
from ollama_chat_tui.sessions import lock as locking
from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.recorder import SessionRecorder
from ollama_chat_tui.sessions.records import Item, Said
from ollama_chat_tui.sessions.store import Store
from tests.sessions.chat import names, texts
from tests.sessions.test_damage import LINES, NOW
from tests.waiting import until


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(LINES))
    return path


@contextmanager
def held(session: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process has it open."""
    command = [sys.executable, "-m", "tests.sessions.holder", str(session)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


async def test_who_comes_second_is_told_who_has_it_and_may_read_or_fork(session: Path) -> None:
    recorder, store = SessionRecorder(session.parent), Store(session.parent)
    with held(session) as process:
        with pytest.raises(SessionLocked, match=rf"open in process {process.pid}, since \d{{4}}-"):
            await recorder.resume(session)
        with pytest.raises(SessionLocked):
            store.rename("x", "T")
        with pytest.raises(SessionLocked):
            store.trash("x")
        assert len(texts(store.read("x"))) == 4
        assert len((await recorder.fork(session)).conversation.nodes) == 4
    await recorder.resume(session)
    await recorder.close()
    assert names(session.parent) == ["x.jsonl"]


async def test_a_killed_process_leaves_no_lock(session: Path) -> None:
    recorder = SessionRecorder(session.parent)
    with held(session) as process:
        process.kill()
        process.wait()
        assert "x.lock" in names(session.parent), "its file stays, but it locks nothing"
        await recorder.resume(session)
    with pytest.raises(SessionLocked, match=f"process {os.getpid()}"):
        Lock.take(session)
    await recorder.close()
    assert names(session.parent) == ["x.jsonl"]


def test_a_lock_that_cannot_say_whose_it_is_locks_all_the_same(session: Path) -> None:
    lock = Lock.take(session)
    session.with_suffix(".lock").write_bytes(b"")
    with pytest.raises(SessionLocked, match="open in another process"):
        Lock.take(session)
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps what is open where it is")
def test_a_lock_that_was_taken_away_can_be_taken_again(session: Path) -> None:
    first = Lock.take(session)
    session.with_suffix(".lock").unlink()
    assert not first.is_for(session)
    second = Lock.take(session)
    first.release()
    with pytest.raises(SessionLocked):
        Lock.take(session)
    second.release()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps what is open where it is")
def test_a_lock_on_a_file_that_was_taken_away_meanwhile_is_none(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = locking._lock

    def take_late(fd: int) -> None:
        monkeypatch.setattr(locking, "_lock", take)
        session.with_suffix(".lock").unlink()
        take(fd)

    monkeypatch.setattr(locking, "_lock", take_late)
    lock = Lock.take(session)
    with pytest.raises(SessionLocked):
        Lock.take(session)
    lock.release()


async def test_a_session_without_a_place_for_a_lock_can_only_be_read(session: Path) -> None:
    session.with_suffix(".lock").mkdir()
    with pytest.raises(SessionUnwritable, match=r"x cannot be written to"):
        await SessionRecorder(session.parent).resume(session)


def test_a_drive_without_locks_is_used_without(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(fd: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locking, "_lock", refuse)
    Lock.take(session).release()


def test_sessions_made_in_the_same_second_are_different_ones(tmp_path: Path) -> None:
    store = Store(tmp_path)
    ids = {store.create([Item(Said("a", None, NOW, Role.USER, "Hi"))]) for _ in range(20)}
    assert set(store.ids()) == ids
    assert len(ids) == 20
    assert all(id_.startswith(f"{datetime.now(UTC):%y%m}") for id_ in ids)


async def test_a_session_whose_opening_was_given_up_is_free(session: Path) -> None:
    opening = asyncio.create_task(SessionRecorder(session.parent).resume(session))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await until(lambda: names(session.parent) == ["x.jsonl"])
    Lock.take(session).release()
