from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from ollama_chat_tui.backends import connection
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.events import Event, Phase, TextDelta, Waiting
from ollama_chat_tui.chat.settings import Settings
from tests.scripted_replies import Signal, answer, done, end, head, lines, reply, text, wait
from tests.scripted_server import ScriptedServer
from tests.turns import RunningTurn, text_of


def phases(events: list[Event]) -> list[Phase]:
    """The phases in order, each once for as long as it lasted."""
    told = [event.phase for event in events if isinstance(event, Waiting)]
    return [phase for place, phase in enumerate(told) if place == 0 or told[place - 1] is not phase]


LOADED = {"name": "m:latest", "model": "m:latest", "size": 1, "context_length": 4096}


class TestWaiting:
    @pytest.fixture(autouse=True)
    def look_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "FIRST_LOOK_S", 0.0)
        monkeypatch.setattr(connection, "NEXT_LOOK_S", 0.01)
        monkeypatch.setattr("ollama_chat_tui.backends.client.LOADED_TIMEOUT_S", 0.05)

    @pytest.mark.parametrize(
        ("loaded", "phase"),
        [
            (reply({"models": [LOADED]}), Phase.READING),
            (reply({"models": [{"name": "other:latest"}]}), Phase.LOADING),
            (reply({"models": None}), Phase.LOADING),
            (wait(Signal()), Phase.LOADING),
            (reply("404 page not found", status=404), Phase.WAITING),
        ],
        ids=["loaded", "another is loaded", "none is loaded", "ps is blocked", "ps is unknown"],
    )
    async def test_what_the_server_does_is_asked_of_it(
        self, loaded: Any, phase: Phase, server: ScriptedServer, client: OllamaClient
    ) -> None:
        go = Signal()
        for _ in range(99):
            server.enqueue(loaded, path="/api/ps")
        server.enqueue(wait(go), *answer("Hi"))
        turn = RunningTurn(client)
        await server.arrival("/api/ps", nth=1)
        await turn.until(lambda event: isinstance(event, Waiting) and event.phase is phase)
        go.set()
        await turn.task
        expected = [Phase.CONNECTING, Phase.WAITING, phase, Phase.ANSWERING]
        assert phases(turn.events) == list(dict.fromkeys(expected))
        waited = [event.elapsed_s for event in turn.events if isinstance(event, Waiting)]
        assert waited == sorted(waited)

    async def test_loading_becomes_reading(self, server: ScriptedServer, client: OllamaClient) -> None:
        go = Signal()
        server.enqueue(wait(go), *answer("Hi"))
        turn = RunningTurn(client)
        await turn.until(lambda event: isinstance(event, Waiting) and event.phase is Phase.LOADING)
        server.loaded = [LOADED]
        await turn.until(lambda event: isinstance(event, Waiting) and event.phase is Phase.READING)
        go.set()
        await turn.task
        assert phases(turn.events)[1:-1] == [Phase.WAITING, Phase.LOADING, Phase.READING]

    async def test_a_blocked_question_about_it_does_not_delay_the_first_word(
        self, server: ScriptedServer, client: OllamaClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ollama_chat_tui.backends.client.LOADED_TIMEOUT_S", 60.0)
        go, on = Signal(), Signal()
        server.enqueue(wait(Signal()), path="/api/ps")
        server.enqueue(wait(go), head(), lines(text("Hi")), wait(on), lines(done()), end())
        turn = RunningTurn(client)
        asked = await server.arrival("/api/ps")
        go.set()
        await turn.until(lambda event: isinstance(event, TextDelta))
        await asked.closed.arrives()
        on.set()
        await turn.task
        assert text_of(turn.events) == "Hi"

    async def test_cancelling_a_load_hangs_up_on_it_and_on_the_question_about_it(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(reply({"models": []}), path="/api/ps")
        server.enqueue(wait(Signal()), path="/api/ps")
        server.enqueue(wait(Signal()))
        turn = RunningTurn(client)
        await turn.until(lambda event: isinstance(event, Waiting) and event.phase is Phase.LOADING)
        asked = await server.arrival("/api/ps", nth=1)
        await turn.cancel()
        await asked.closed.arrives()
        await server.to("/api/chat")[0].closed.arrives()

    async def test_a_model_in_the_cloud_is_never_said_to_load(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        go = Signal()
        server.enqueue(wait(go), *answer("Hi"))
        turn = RunningTurn(client, settings=Settings("gpt-oss:120b-cloud"))
        await turn.until(lambda event: isinstance(event, Waiting) and event.phase is Phase.WAITING)
        go.set()
        await turn.task
        assert phases(turn.events) == [Phase.CONNECTING, Phase.WAITING, Phase.ANSWERING]
        assert server.to("/api/ps") == []

    async def test_what_stands_in_for_a_network_is_waited_for_at_once(self) -> None:
        async def respond(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/api/ps":
                return httpx.Response(200, json={"models": [LOADED]})
            await looked.arrives()
            return httpx.Response(200, content=json.dumps(done(content="Hi")))

        looked = Signal()
        async with OllamaClient(parse_host(""), transport=httpx.MockTransport(respond)) as client:
            turn = RunningTurn(client)
            await turn.until(lambda event: isinstance(event, Waiting) and event.phase is Phase.READING)
            looked.set()
            await turn.task
        assert phases(turn.events) == [Phase.CONNECTING, Phase.WAITING, Phase.READING, Phase.ANSWERING]
