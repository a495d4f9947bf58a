"""What is made ready before there is a backend."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ollama_chat_tui import first_run, startup
from ollama_chat_tui.backends import choice
from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.embedded import weights
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BackendError, WeightsMissing
from ollama_chat_tui.terminal.notices import Notices
from tests.scripted_replies import Signal, installed, note, reply, wait
from tests.scripted_server import ScriptedServer, closed_port
from tests.weights import environment_in


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return environment_in(tmp_path, {})


async def fetched(
    server: ScriptedServer,
    environment: Environment,
    monkeypatch: pytest.MonkeyPatch,
    *,
    may_fetch: bool = True,
) -> bool:
    """Make ready where `server` is at the default address; returns whether the model was fetched."""
    fetches = []

    async def fetch(environment: Environment, _on_progress: object) -> None:
        fetches.append(environment)

    monkeypatch.setattr(weights, "fetch_weights", fetch)
    for module in (first_run, choice):
        monkeypatch.setattr(module, "DEFAULT_HOST", parse_host(server.url))
    notices = Notices(environment.stderr, {})
    await startup.make_ready(environment, Wanted(), notices, may_fetch=may_fetch)
    return bool(fetches)


async def test_nothing_is_fetched_where_ollama_answers(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        assert not await fetched(server, environment, monkeypatch)


async def test_the_model_is_fetched_where_something_else_stands_at_ollamas_address(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        server.enqueue(reply("<html>", status=404), path="/api/version")
        assert await fetched(server, environment, monkeypatch)


async def test_without_leave_to_fetch_both_ways_out_are_named(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        server.enqueue(reply("<html>", status=404), path="/api/version")
        with pytest.raises(
            WeightsMissing, match=r"No Ollama answers at .*, and the embedded model"
        ) as caught:
            await fetched(server, environment, monkeypatch, may_fetch=False)
    assert "--fetch" in caught.value.hint
    assert "https://ollama.com/download" in caught.value.hint


async def test_an_opened_chat_goes_over_to_another_server_or_stays(environment: Environment) -> None:
    with ScriptedServer() as first, ScriptedServer() as second:
        second.models = [installed("new:1b"), installed("m:latest")]
        async with startup.Opening(environment, Wanted(first.url)) as opening:
            before = await opening.answerer()
            with pytest.raises(BackendError), closed_port() as port:
                await opening.move(Wanted(f"127.0.0.1:{port}"), "m")
            assert await opening.answerer() is before
            after = await opening.move(Wanted(second.url), "m")
            assert await opening.answerer() is after
            assert (after.client.host.url, after.model) == (second.url, "m:latest")
            await before.client.version()  # something may still be asking it
        for left in before, after:
            with pytest.raises(RuntimeError, match="closed"):
                await left.client.version()


async def test_a_chat_that_never_began_can_go_over_to_a_server(environment: Environment) -> None:
    with ScriptedServer() as server, closed_port() as port:
        async with startup.Opening(environment, Wanted(f"127.0.0.1:{port}")) as opening:
            with pytest.raises(BackendError):
                await opening.answerer()
            assert (await opening.move(Wanted(server.url), "")).model == "m:latest"
            assert (await opening.answerer()).client.host.url == server.url


async def test_who_waits_for_one_server_gets_the_one_gone_over_to(environment: Environment) -> None:
    asked, may_answer = Signal(), Signal()
    with ScriptedServer() as slow, ScriptedServer() as other:
        slow.enqueue(note(asked), wait(may_answer), reply({"models": slow.models}), path="/api/tags")
        async with startup.Opening(environment, Wanted(slow.url)) as opening:
            waiting = asyncio.create_task(opening.answerer())
            await asked.arrives()
            await opening.move(Wanted(other.url), "")
            may_answer.set()
            assert (await waiting).client.host.url == other.url
