from __future__ import annotations

import errno
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Finished
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.errors import SessionUnwritable
from ollama_chat_tui.sessions import recorder as recording
from ollama_chat_tui.sessions import writer
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.recorder import Saved, SessionRecorder
from ollama_chat_tui.sessions.session import Damage, read_session
from tests.sessions.chat import IMAGES, PIXEL, SETTINGS, Model, ask, names, only_file, stored, texts, tree
from tests.sessions.faults import BrokenDisk, FaultyDisk, FullDisk, HangingDisk
from tests.waiting import until

OPEN_FILES_MOVE = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps what is open where it is")


async def chat_with_image(recorder: SessionRecorder) -> Conversation:
    """A chat in which the disk is used in every way there is."""
    conversation = Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Look!", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    await ask(recorder, conversation, "Hello?", Model("One."))
    conversation.retry()
    await recorder.save(conversation, SETTINGS)
    return conversation


async def calls_of_a_chat(directory: Path) -> int:
    disk = FaultyDisk()
    recorder = SessionRecorder(directory, disk)
    await chat_with_image(recorder)
    await recorder.close()
    return disk.calls


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("times", [1, 4])
async def test_a_disk_that_fails_anywhere_loses_nothing(tmp_path: Path, code: int, times: int) -> None:
    for first in range(await calls_of_a_chat(tmp_path / "whole")):
        directory = tmp_path / str(first)
        recorder = SessionRecorder(directory, FaultyDisk(first, code, times))
        conversation = await chat_with_image(recorder)
        for _ in range(times):
            await recorder.save(conversation, SETTINGS)
        assert recorder.state.saved is Saved.YES
        await recorder.close()
        loaded = load(only_file(directory))
        assert tree(loaded.conversation) == tree(conversation)
        assert {notice.damage for notice in loaded.session.notices} <= {Damage.TORN}


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS], ids=errno.errorcode.get
)
async def test_a_chat_goes_on_in_memory_and_says_why(tmp_path: Path, code: int) -> None:
    changes: list[Saved] = []
    disk = BrokenDisk(code)
    recorder = SessionRecorder(tmp_path, disk, lambda: changes.append(recorder.state.saved))
    conversation = Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    state = recorder.state
    assert (state.saved, state.unsaved) == (Saved.NO, 2)
    assert state.since is not None
    assert state.fact == f"NOT SAVED: {OSError(code, state.reason).strerror}"
    await ask(recorder, conversation, "And?", Model("Two."))
    assert recorder.state.since == state.since
    disk.code = None
    await recorder.save(conversation, SETTINGS)
    assert recorder.state.fact == ""
    assert changes == [Saved.NO, Saved.YES]
    await recorder.close()
    assert tree(load(only_file(tmp_path)).conversation) == tree(conversation)


async def test_what_is_unsaved_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", 0.01)
    disk = BrokenDisk(errno.ENOSPC)
    recorder, conversation = SessionRecorder(tmp_path, disk), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    disk.code = None
    await until(lambda: recorder.state.saved is Saved.YES)
    assert texts(stored(tmp_path)) == ["Hello?", "One."]
    await recorder.close()


async def test_a_file_in_the_place_of_the_directory_is_no_reason_to_stop(tmp_path: Path) -> None:
    place = tmp_path / "sessions"
    place.write_text("in the way")
    recorder, conversation = SessionRecorder(place), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    assert recorder.state.unsaved == 2
    place.unlink()
    await recorder.save(conversation, SETTINGS)
    assert texts(stored(place)) == ["Hello?", "One."]
    await recorder.close()


@OPEN_FILES_MOVE
async def test_a_directory_that_comes_back_gets_what_was_said_meanwhile(tmp_path: Path) -> None:
    place, away = tmp_path / "sessions", tmp_path / "away"
    recorder, conversation = SessionRecorder(place), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    place.rename(away)
    conversation.append(Message(Role.USER, "And?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    assert recorder.state.unsaved == 1
    assert names(tmp_path) == ["away"], "no directory is made where a drive may come back"
    away.rename(place)
    await recorder.save(conversation, SETTINGS)
    assert recorder.state.saved is Saved.YES
    await recorder.close()
    loaded = load(only_file(place))
    assert tree(loaded.conversation) == tree(conversation)
    assert loaded.notices == []


@OPEN_FILES_MOVE
async def test_a_file_that_was_taken_away_is_written_anew(tmp_path: Path) -> None:
    first, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    await ask(first, conversation, "Hello?", Model("One."))
    await first.rename("Greetings")
    await first.close()
    recorder = SessionRecorder(tmp_path)
    conversation = (await recorder.resume(only_file(tmp_path))).conversation
    only_file(tmp_path).unlink()
    await ask(recorder, conversation, "And?", Model("Two."))
    assert recorder.state.saved is Saved.YES
    await recorder.close()
    assert tree(load(only_file(tmp_path)).conversation) == tree(conversation)
    assert stored(tmp_path).title == "Greetings"


async def test_a_named_place_takes_what_the_usual_one_does_not(tmp_path: Path) -> None:
    place = tmp_path / "sessions"
    place.write_text("in the way")
    recorder, conversation = SessionRecorder(place), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    with pytest.raises(SessionUnwritable):
        await recorder.save_to(place / "copy.jsonl")
    assert recorder.state.unsaved == 1
    elsewhere = tmp_path / "elsewhere" / "copy.jsonl"
    await recorder.save_to(elsewhere)
    assert recorder.state.saved is Saved.YES
    await ask(recorder, conversation, "And?", Model("Two."))
    await recorder.close()
    assert recorder.path == elsewhere
    assert tree(load(elsewhere).conversation) == tree(conversation)


async def test_a_session_that_never_reached_the_disk_leaves_no_empty_file(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path, FullDisk()), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?"))
    await recorder.save(conversation, SETTINGS)
    await recorder.close()
    assert recorder.state.unsaved == 1
    assert names(tmp_path) == []


async def test_the_stream_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "CHECKPOINT_S", 0)
    disk, model, conversation = HangingDisk(), Model("One ", None, *["more "] * 50), Conversation(IMAGES)
    recorder = SessionRecorder(tmp_path, disk)
    conversation.append(Message(Role.USER, "Go!"))
    await recorder.save(conversation, SETTINGS)
    disk.is_hanging = True
    async with aclosing(recorder.follow(run_turn(conversation, SETTINGS, model))) as turn:
        events = []
        async for event in turn:
            events.append(event)
            if len(events) == 2:
                await until(disk.hangs.is_set)
                model.go_on.set()
    assert isinstance(events[-1], Finished), "all of it came while the first sync hung"
    disk.goes_on.set()
    await recorder.save(conversation, SETTINGS)
    await recorder.close()
    assert tree(load(only_file(tmp_path)).conversation) == tree(conversation)


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is a matter of POSIX")
async def test_a_full_disk_of_the_system_is_no_reason_to_stop(tmp_path: Path) -> None:
    import resource

    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    size = only_file(tmp_path).stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        conversation.append(Message(Role.USER, "And?"))
        await recorder.save(conversation, SETTINGS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert recorder.state.unsaved == 1
    assert only_file(tmp_path).stat().st_size == size + 20
    await recorder.save(conversation, SETTINGS)
    await recorder.close()
    loaded = load(only_file(tmp_path))
    assert tree(loaded.conversation) == tree(conversation)
    assert [notice.damage for notice in loaded.session.notices] == [Damage.TORN]


async def test_what_is_unsaved_of_a_chat_is_saved_after_another_one_was_begun(tmp_path: Path) -> None:
    disk = BrokenDisk(errno.ENOSPC)
    recorder, first, second = SessionRecorder(tmp_path, disk), Conversation(IMAGES), Conversation(IMAGES)
    await ask(recorder, first, "Hello?", Model("One."))
    second.append(Message(Role.USER, "And?"))
    await recorder.save(second, SETTINGS)
    assert recorder.state.unsaved == 3
    disk.code = None
    await recorder.close()
    assert recorder.state.saved is Saved.YES
    assert sorted(texts(read_session(tmp_path / name)) for name in names(tmp_path)) == [
        ["And?"],
        ["Hello?", "One."],
    ]
