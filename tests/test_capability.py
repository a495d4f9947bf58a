"""A model that cannot do what it is asked for is named before anything is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui import capability
from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.capability import CapableBackend
from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ToolFacts
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import CapabilityMissing
from ollama_chat_tui.startup import LateBackend, Opening
from tests.command import READY, chat, fresh_home, rows_with, run, wait_for_prompt
from tests.scripted_replies import Signal, answer, installed, reply, wait
from tests.scripted_server import ScriptedServer
from tests.turns import failure, take_turn, text_of
from tests.weights import environment_in

PLAIN = Settings("plain")
THINKING = Settings("plain", think="low")


class Tools:
    """One function, which is never called."""

    def declarations(self) -> list[dict[str, object]]:
        return [{"type": "function", "function": {"name": "now"}}]

    def facts(self) -> dict[str, ToolFacts]:
        return {"now": ToolFacts()}

    async def run(self, call: ToolCall) -> str:
        raise AssertionError(call)


def with_image(media_type: str = "image/png") -> Conversation:
    conversation = Conversation()
    image = Image(conversation.images.keep(b"\x89PNG"), media_type)
    conversation.append(Message(Role.USER, "What is it?", images=(image,)))
    return conversation


ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "thinking": ("think", {"settings": THINKING}),
    "vision": ("see images", {"conversation": with_image()}),
    "audio": ("hear sounds", {"conversation": with_image("audio/wav")}),
    "tools": ("call tools", {"tools": ToolUse(Tools())}),
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers_loads = True
        running.models = [
            installed("plain:latest", "completion"),
            *(installed(f"{name}:1b", "completion", name) for name in ASKED),
            installed("all:1b", "completion", *ASKED),
        ]
        yield running


@pytest.fixture
async def backend(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[CapableBackend]:
    async with Opening(environment_in(tmp_path, {}), Wanted(server.url), "plain") as opening:
        yield CapableBackend(LateBackend(opening), opening.answerer)


@pytest.mark.parametrize("ability", ASKED)
async def test_what_a_model_lacks_is_said_with_those_that_have_it(
    backend: CapableBackend, server: ScriptedServer, ability: str
) -> None:
    words, asked = ASKED[ability]
    error = failure(await take_turn(backend, **{"settings": PLAIN, **asked})).error
    assert isinstance(error, CapabilityMissing)
    assert error.sentence == f"plain cannot {words}; nothing was sent."
    assert error.hint.startswith(f"{ability}:1b, all:1b can: choose with /model or --model.")
    assert error.hint.endswith("/think off or --no-think.") is (ability == "thinking")
    assert server.to("/api/chat") == []


async def test_all_that_is_lacking_is_said_at_once(backend: CapableBackend, server: ScriptedServer) -> None:
    error = failure(await take_turn(backend, settings=THINKING, tools=ToolUse(Tools()))).error
    assert error.sentence == "plain cannot think or call tools; nothing was sent."
    assert error.hint.startswith("all:1b can")
    server.models = server.models[:1]
    assert failure(await take_turn(backend, settings=THINKING)).error.hint.startswith("No model here can.")


@pytest.mark.parametrize("model", ["all:1b", ""])
async def test_a_model_that_can_is_asked_and_looked_at_once(
    server: ScriptedServer, tmp_path: Path, model: str
) -> None:
    async with Opening(environment_in(tmp_path, {}), Wanted(server.url), "all:1b") as opening:
        backend = CapableBackend(LateBackend(opening), opening.answerer)
        for _ in range(2):
            server.enqueue(*answer("Yes."))
            events = await take_turn(backend, settings=Settings(model, think=True), tools=ToolUse(Tools()))
            assert text_of(events) == "Yes."
    assert len(server.to("/api/show")) == 1


@pytest.mark.parametrize("settings", [PLAIN, Settings("plain", think=False)])
async def test_what_every_model_can_needs_no_look(
    backend: CapableBackend, server: ScriptedServer, settings: Settings
) -> None:
    server.enqueue(*answer("Yes."))
    assert text_of(await take_turn(backend, settings=settings)) == "Yes."
    assert server.to("/api/show") == []


async def test_what_a_new_pull_brings_counts_at_once(backend: CapableBackend, server: ScriptedServer) -> None:
    assert failure(await take_turn(backend, settings=THINKING))
    server.models = [installed("plain:latest", "completion", "thinking")]
    server.enqueue(*answer("Yes."))
    assert text_of(await take_turn(backend, settings=THINKING)) == "Yes."


async def test_a_sound_is_for_models_that_hear(backend: CapableBackend, server: ScriptedServer) -> None:
    server.models = [installed("plain:latest", "completion", "audio")]
    server.enqueue(*answer("A bell."))
    assert text_of(await take_turn(backend, with_image("audio/wav"), PLAIN)) == "A bell."


@pytest.mark.parametrize(
    "answer_to_show",
    [reply({"error": "no"}, status=500), reply({"details": {}}), reply("404 page not found", status=404)],
    ids=["error", "old server", "no such route"],
)
async def test_where_the_server_does_not_tell_it_is_simply_asked(
    backend: CapableBackend, server: ScriptedServer, answer_to_show: Any
) -> None:
    server.enqueue(answer_to_show, path="/api/show")
    server.enqueue(*answer("Yes."))
    assert text_of(await take_turn(backend, settings=THINKING)) == "Yes."


async def test_a_server_that_does_not_tell_soon_is_simply_asked(
    backend: CapableBackend, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capability, "TIMEOUT_S", 0.2)
    never = Signal()
    server.enqueue(wait(never), path="/api/show")
    server.enqueue(*answer("Yes."))
    assert text_of(await take_turn(backend, settings=THINKING)) == "Yes."
    never.set()


@pytest.mark.parametrize("told", [None, ["completion"]])
async def test_models_of_which_the_list_does_not_tell_it_are_asked_for_one_by_one(
    backend: CapableBackend, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, told: list[str] | None
) -> None:
    """Ollama's own list leaves out what the template of a model's file can: `tags` in `tests/wire`."""
    monkeypatch.setattr(capability, "MOST_ASKED", 3)
    untold = [model | {"capabilities": told} for model in server.models]
    server.enqueue(reply({"models": untold}), path="/api/tags")
    error = failure(await take_turn(backend, settings=THINKING)).error
    assert error.hint.startswith("thinking:1b can:")
    assert len(server.to("/api/show")) == 1 + 3
    server.enqueue(reply({"error": "no"}, status=500), path="/api/tags")
    assert failure(await take_turn(backend, settings=THINKING)).error.hint.startswith("No model here can.")


def test_ask_ends_as_with_a_refusal_of_the_server(server: ScriptedServer, tmp_path: Path) -> None:
    home = fresh_home(tmp_path, OLLAMA_HOST=server.url)
    asked = run("ask", "-m", "plain", "--think=low", "hi", home=home)
    assert (asked.returncode, asked.stdout) == (7, "")
    assert "plain cannot think; nothing was sent." in asked.stderr
    assert "all:1b" in asked.stderr
    assert server.to("/api/chat") == []


def test_in_the_chat_what_was_typed_comes_back(server: ScriptedServer, tmp_path: Path) -> None:
    home = fresh_home(tmp_path, OLLAMA_HOST=server.url)
    with chat("-m", "plain", "--think", home=home) as terminal:
        terminal.wait_for("/help shows")
        terminal.send("why?\r")
        terminal.wait_for("plain cannot think; nothing was sent.")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> why?")) == 2)
        server.enqueue(*answer("Because."))
        terminal.send("\x15/model thinking:1b\r")
        terminal.wait_for("Now talking to thinking:1b")
        terminal.send("why?\r")
        terminal.wait_for("Because.")
    assert len(server.wait_for().json["messages"]) == 1


def test_that_a_model_cannot_call_tools_is_said_as_soon_as_they_are_on(
    server: ScriptedServer, tmp_path: Path
) -> None:
    home = fresh_home(tmp_path, OLLAMA_HOST=server.url)
    can = "tools:1b, all:1b can: choose with /model or --model."
    with chat("--model", "plain", home=home, columns=110) as terminal:
        terminal.wait_for(READY)
        terminal.send("/tools on now\r")
        terminal.wait_for(f"plain cannot call tools. {can}")
        terminal.send("/model tools:1b\r")
        wait_for_prompt(terminal, 3)
        assert not rows_with(terminal, "tools:1b cannot")
        terminal.send("/model audio:1b\r")
        terminal.wait_for(f"audio:1b cannot call tools. {can}")
        terminal.send("\x04")
    with chat("--model", "plain", "--tools", "now", home=home, columns=110) as terminal:
        terminal.wait_for("plain cannot call tools.")
        terminal.wait_for(can)
    assert server.to("/api/chat") == []
