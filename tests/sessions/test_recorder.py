from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Judged, Phase, TextDelta
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BadToolCall, SessionLocked, SessionUnwritable
from ollama_chat_tui.sessions.changes import Server
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.recorder import Recorder, Saved, SessionRecorder, Unrecorded
from ollama_chat_tui.turn import take_turn
from tests.chat.test_conversation import accept
from tests.sessions.chat import (
    IMAGES,
    PIXEL,
    SETTINGS,
    Model,
    Tools,
    ask,
    names,
    only_file,
    stored,
    texts,
    tree,
)
from tests.sessions.faults import WatchedDisk
from tests.waiting import until

A_RECORDER: type[Recorder] = SessionRecorder
NO_RECORDER: type[Recorder] = Unrecorded


async def test_a_chat_is_read_back_as_it_was(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path / "sessions"), Conversation(IMAGES)
    recorder.server = Server("http://localhost:11434", "0.12.0", {"m:latest": "sha256:abc"})
    await ask(recorder, conversation, "Hello?", Model("Hel", "lo."))
    conversation.append(Message(Role.USER, "And this?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    await recorder.close()

    loaded = load(only_file(tmp_path / "sessions"))
    assert tree(loaded.conversation) == tree(conversation)
    assert loaded.notices == []
    question, answer, _ = loaded.session.entries.values()
    assert question.settings is not None
    assert question.settings.settings == SETTINGS
    assert question.settings.digest == "sha256:abc"
    assert (question.settings.host, question.settings.server) == ("http://localhost:11434", "0.12.0")
    assert answer.said.metrics is not None
    assert answer.said.metrics.answer_tokens == 3
    assert answer.said.metrics.first_token_s is not None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are a matter of POSIX")
async def test_only_the_owner_can_read_what_was_said(tmp_path: Path) -> None:
    directory = tmp_path / "sessions"
    recorder, conversation = SessionRecorder(directory), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.rglob("*")]}
    assert modes == {path: 0o700 if path.is_dir() else 0o600 for path in modes}
    await recorder.close()


async def test_an_empty_chat_makes_no_file(tmp_path: Path) -> None:
    recorder = SessionRecorder(tmp_path / "sessions")
    await recorder.save(Conversation(IMAGES), SETTINGS)
    await recorder.rename("A title alone")
    await recorder.close()
    assert names(tmp_path) == []


async def test_a_question_is_on_disk_before_it_is_sent(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?"))
    await recorder.save(conversation, SETTINGS)
    assert texts(stored(tmp_path)) == ["Hello?"]
    await recorder.close()


async def test_what_a_model_is_told_of_its_faults_is_on_disk_before_it_answers_again(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation()
    conversation.append(Message(Role.USER, "Hello?"))
    await recorder.save(conversation, SETTINGS)
    settings = replace(SETTINGS, format="json", format_retries=1)
    async with aclosing(recorder.follow(take_turn(conversation, settings, Model("No.")))) as turn:
        async for event in turn:
            if isinstance(event, Judged):
                await until(lambda: len(texts(stored(tmp_path))) == 3)
                break
    assert texts(stored(tmp_path))[2].startswith("This answer does not fit the format")
    await recorder.close()


async def test_what_is_saved_outlives_a_loss_of_power(tmp_path: Path) -> None:
    disk = WatchedDisk()
    recorder, conversation = SessionRecorder(tmp_path / "data" / "sessions", disk), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    data = tmp_path / "data"
    image = ["make", "write", "sync", data / "sessions" / "attachments"]
    assert disk.done == ["make", *image, "write", "sync", data / "sessions", data]
    disk.done.clear()
    await ask(recorder, conversation, "Hello?", Model("One."))
    assert disk.done == ["write", "sync"] * 2, "one for the question, one for the answer"
    await recorder.close()


async def test_undo_and_retry_move_the_head_and_delete_nothing(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    conversation.retry()
    await recorder.save(conversation, SETTINGS)
    assert [entry.said.content for entry in stored(tmp_path).branch()] == ["Hello?"]
    conversation.move_head(None)
    await recorder.save(conversation, SETTINGS)
    assert stored(tmp_path).branch() == []
    assert texts(stored(tmp_path)) == ["Hello?", "One."]
    await recorder.close()


async def test_settings_are_written_when_they_change_and_only_then(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    await ask(recorder, conversation, "Again?", Model("Two."), Settings("n", options={"top_k": 1}))
    await recorder.save(conversation, Settings("o"))
    assert only_file(tmp_path).read_bytes().count(b'"kind":"settings"') == 3
    session = stored(tmp_path)
    assert [entry.settings and entry.settings.model for entry in session.entries.values()] == list("mmnn")
    assert session.settings is not None
    assert session.settings.model == "o"
    await recorder.close()


async def test_a_model_that_was_not_named_is_known_by_its_answer(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation()
    await ask(recorder, conversation, "Hello?", Model("One."), Settings(""))
    await ask(recorder, conversation, "Again?", Model("Two."), Settings(""))
    session = stored(tmp_path)
    models = [entry.settings and entry.settings.model for entry in session.entries.values()]
    assert models == ["", "m", "m", "m"]
    assert only_file(tmp_path).read_bytes().count(b'"kind":"settings"') == 2
    await recorder.close()


async def test_what_came_of_an_answer_is_on_disk_while_it_comes(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    model = Model(Delta(thinking="Well"), "One ", "two ", None, "three.")
    turn = asyncio.create_task(ask(recorder, conversation, "Count!", model))
    await until(lambda: len(texts(stored(tmp_path))) == 2)
    answer = list(stored(tmp_path).entries.values())[-1].said
    assert (answer.content, answer.thinking, answer.ending) == ("One two ", "Well", Ending.INTERRUPTED)
    model.go_on.set()
    await turn
    await recorder.close()
    loaded = load(only_file(tmp_path))
    assert texts(loaded.session) == ["Count!", "One two three."]
    assert tree(loaded.conversation) == tree(conversation)


async def test_a_turn_that_nobody_reads_to_its_end_is_kept(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Count!"))
    await recorder.save(conversation, SETTINGS)
    turn = recorder.follow(run_turn(conversation, SETTINGS, Model("One ", "two ")))
    while not isinstance(await anext(turn), TextDelta):
        pass
    await turn.aclose()
    await until(lambda: texts(stored(tmp_path)) == ["Count!", "One "])
    await recorder.close()


async def test_a_stopped_turn_is_kept(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    model = Model("One ", None)
    turn = asyncio.create_task(ask(recorder, conversation, "Count!", model))
    await model.is_waiting.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await recorder.close()
    assert tree(load(only_file(tmp_path)).conversation) == tree(conversation)
    assert texts(stored(tmp_path)) == ["Count!", "One "]


async def test_a_tool_round_that_was_cut_short_loads_as_valid_history(tmp_path: Path) -> None:
    recorder, conversation, tools = SessionRecorder(tmp_path), Conversation(IMAGES), Tools()
    calls = (ToolCall("quick", {"x": [1, None]}, "1"), ToolCall("stuck", {}, "2"))
    turn = asyncio.create_task(
        ask(recorder, conversation, "Look!", Model(Delta(tool_calls=calls)), tools=ToolUse(tools))
    )
    await tools.is_stuck.wait()
    await until(lambda: len(texts(stored(tmp_path))) == 3)
    # As it is on disk now it would be found after a power failure.
    loaded = load(only_file(tmp_path)).conversation
    assert [node.message for node in loaded.nodes] == [node.message for node in conversation.nodes]
    accept(loaded.for_request())
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await recorder.close()


class Stammering(Model):
    """Breaks its first reply off in a call that nobody can read."""

    has_stammered = False

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        if not self.has_stammered:
            self.has_stammered = True
            yield Delta("Let me")
            raise BadToolCall("m called a tool in a way that nobody can read.")
        async for piece in super().chat(request):
            yield piece


async def test_a_reply_whose_call_nobody_can_read_is_kept_before_the_next_one_begins(tmp_path: Path) -> None:
    recorder, conversation, model = SessionRecorder(tmp_path), Conversation(IMAGES), Stammering(None, "Fine.")
    turn = asyncio.create_task(ask(recorder, conversation, "Look!", model, tools=ToolUse(Tools())))
    await until(lambda: len(texts(stored(tmp_path))) == 2)
    model.go_on.set()
    await turn
    await recorder.close()
    loaded = load(only_file(tmp_path))
    assert loaded.notices == []
    assert tree(loaded.conversation) == tree(conversation)


async def test_another_conversation_is_another_session(tmp_path: Path) -> None:
    recorder = SessionRecorder(tmp_path)
    await ask(recorder, Conversation(IMAGES), "Hello?", Model("One."))
    first = recorder.path
    await ask(recorder, Conversation(IMAGES), "Hello?", Model("Two."))
    assert first is not None
    assert recorder.path != first
    assert len(names(tmp_path)) == 2 + 1, "two sessions and a lock"
    await recorder.resume(first)  # nobody holds it any more
    await recorder.close()
    assert len(names(tmp_path)) == 2


async def test_a_resumed_session_goes_on_in_its_file(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    await ask(recorder, conversation, "Hello?", Model("One."))
    await recorder.rename("Greetings")
    await recorder.tag("short")
    await recorder.close()
    before = only_file(tmp_path).read_bytes()

    again = SessionRecorder(tmp_path)
    loaded = await again.resume(only_file(tmp_path))
    assert (loaded.session.title, loaded.session.tags) == ("Greetings", ("short",))
    await ask(again, loaded.conversation, "And?", Model("Two."))
    await again.tag("short", removed=True)
    await again.close()
    after = only_file(tmp_path).read_bytes()
    assert after.startswith(before)
    assert after.count(b'"kind":"settings"') == 1
    assert texts(stored(tmp_path)) == ["Hello?", "One.", "And?", "Two."]
    assert (stored(tmp_path).title, stored(tmp_path).tags) == ("Greetings", ())


async def test_a_session_that_is_open_elsewhere_can_be_forked(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    other = SessionRecorder(tmp_path)
    assert recorder.path is not None
    with pytest.raises(SessionLocked):
        await other.resume(recorder.path)
    loaded = await other.fork(recorder.path)
    await ask(other, loaded.conversation, "And?", Model("Two."))
    assert other.path is not None
    assert texts(load(other.path).session) == ["Hello?", "And?", "Two."]
    assert tree(load(other.path).conversation) == tree(loaded.conversation)
    assert texts(load(recorder.path).session) == ["Hello?"]
    await other.close()
    await recorder.close()


def written(path: Path, version: int = 1) -> Path:
    path.write_text(
        f'{{"kind":"opened","version":{version},"id":"new","at":"2026-11-23T09:00:00Z"}}\n'
        '{"kind":"message","id":"a","parent":null,"at":"2026-11-23T09:00:00Z","role":"user","content":"Hi"}\n'
    )
    return path


async def test_a_newer_format_is_read_and_not_written(tmp_path: Path) -> None:
    path = written(tmp_path / "new.jsonl", version=2)
    assert texts(load(path).session) == ["Hi"]
    with pytest.raises(SessionUnwritable, match="newer version"):
        await SessionRecorder(tmp_path).resume(path)
    forked = await SessionRecorder(tmp_path).fork(path)
    assert len(forked.conversation.nodes) == 1


async def test_an_incognito_chat_touches_nothing(tmp_path: Path) -> None:
    recorder, conversation = Unrecorded(), Conversation(IMAGES)
    conversation.append(Message(Role.USER, "Hello?"))
    await recorder.save(conversation, SETTINGS)

    async def turn() -> AsyncGenerator[Event, None]:
        yield TextDelta("Hi")

    assert [event async for event in recorder.follow(turn())] == [TextDelta("Hi")]
    await recorder.rename("x")
    await recorder.tag("x")
    await recorder.close()
    assert tree((await recorder.resume(written(tmp_path / "x.jsonl"))).conversation)[1] == "a"
    assert tree((await recorder.fork(tmp_path / "x.jsonl")).conversation)[1] == "a"
    (tmp_path / "x.jsonl").unlink()
    with pytest.raises(SessionUnwritable, match="incognito"):
        await recorder.save_to(tmp_path / "x.jsonl")
    assert recorder.state.saved is Saved.PRIVATE
    assert recorder.state.fact == "incognito"
    assert names(tmp_path) == []


async def test_a_session_can_be_written_to_another_place(tmp_path: Path) -> None:
    recorder, conversation = SessionRecorder(tmp_path / "usual"), Conversation(IMAGES)
    with pytest.raises(SessionUnwritable, match="nothing"):
        await recorder.save_to(tmp_path / "copy.jsonl")
    conversation.append(Message(Role.USER, "Hello?", images=(PIXEL,)))
    await recorder.save(conversation, SETTINGS)
    await recorder.save_to(tmp_path / "else" / "copy.jsonl")
    assert tree(load(tmp_path / "else" / "copy.jsonl").conversation) == tree(conversation)
    with pytest.raises(SessionUnwritable, match="exists"):
        await recorder.save_to(tmp_path / "else" / "copy.jsonl")
    assert recorder.path == only_file(tmp_path / "usual")
    await recorder.close()


@pytest.mark.parametrize("text", ["\ud800 alone", "\x00\x1b[2J", "漢字 🎉", '{"kind":"message"}\n', ""])
async def test_every_text_survives_or_is_replaced(tmp_path: Path, text: str) -> None:
    recorder, conversation = SessionRecorder(tmp_path), Conversation(IMAGES)
    conversation.append(Message(Role.USER, text))
    await recorder.save(conversation, SETTINGS)
    assert texts(stored(tmp_path)) == [text.encode("utf-8", "replace").decode()]
    await recorder.close()
