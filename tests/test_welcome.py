"""The first two lines of a chat, by what is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.startup import Answerer
from ollama_chat_tui.welcome import welcome
from tests.command import READY, chat, fresh_home, rows_with, with_model
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import answer, end, head, installed, lines
from tests.scripted_server import ScriptedServer, closed_port


def first_lines(*arguments: str, home: Mapping[str, str], last: str) -> list[str]:
    """What stands above the prompt after `last`, the end of it, was seen."""
    with chat(*arguments, home=home) as terminal:
        terminal.wait_for(last)
        return above_prompt(terminal)


def above_prompt(terminal: PtyTerminal) -> list[str]:
    terminal.wait_for(lambda: any(row.startswith(READY) for row in terminal.screen.screen_rows()))
    rows = terminal.screen.screen_rows()
    return rows[: next(place for place, row in enumerate(rows) if row.startswith(READY))]


def test_a_server_with_models(server: ScriptedServer, home: dict[str, str]) -> None:
    assert first_lines(home=home, last="/help shows") == [
        f"m:latest at {server.url}.",
        "Ask something; /help shows what there is, /pull fetches more models.",
    ]
    server.models.append(installed("other:1b"))
    assert first_lines(home=home, last="/help shows")[1].endswith(", /models the other model.")


def test_a_server_without_models(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = []
    assert first_lines(home=home, last="Get one") == [
        f"{server.url} has no models to chat with yet.",
        "Get one, such as: ollama-chat models pull qwen3:4b; in the chat: /pull qwen3:4b",
    ]


def test_the_first_model_is_fetched_in_the_chat_and_answers(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.models = []
    with chat(home=home) as terminal:
        above_prompt(terminal)
        terminal.send("/models\r")
        terminal.wait_for("There are no models yet.")
        terminal.send("/show\r")
        terminal.wait_for(lambda: len(rows_with(terminal, "has no models to chat with yet")) == 2)
        server.enqueue(head(), lines({"status": "success"}), end(), path="/api/pull")
        terminal.send("/pull first:1b\r")
        terminal.wait_for("first:1b is here. Now talking to first:1b.")
        server.models = [installed("first:1b")]
        server.enqueue(*answer("I am new."))
        terminal.send("Hello?\r")
        terminal.wait_for("I am new.")
    assert server.to("/api/chat")[-1].json["model"] == "first:1b"


def test_a_model_that_is_not_installed(server: ScriptedServer, home: dict[str, str]) -> None:
    assert first_lines("-m", "qwen3:8b", home=home, last="/pull") == [
        f"qwen3:8b is not installed at {server.url}.",
        "/pull qwen3:8b fetches it; /models shows those that are.",
    ]


@pytest.mark.parametrize("arguments", [(), ("--host", "{}"), ("-m", "m")])
def test_nothing_answers(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with closed_port() as port:
        host = f"http://127.0.0.1:{port}"
        home = fresh_home(tmp_path, OLLAMA_HOST=host)
        given = [argument.format(host) for argument in arguments]
        assert first_lines(*given, home=home, last="Start it") == [
            f"Nothing answers at {host}.",
            "Start it with `ollama serve`.",
        ]


def test_the_embedded_engine(tmp_path: Path, model_file: Path) -> None:
    home = with_model(fresh_home(tmp_path), model_file)
    assert first_lines("--embedded", home=home, last="/help shows") == [
        "smollm2:135m (98 MB) answers, in this program, without a server.",
        "Ask something; /help shows what there is.",
    ]


async def test_the_embedded_engine_in_place_of_a_server() -> None:
    async with OllamaClient(parse_host("localhost")) as client:
        assert welcome(Answerer(client, "m", "No Ollama; m answers.\nGet it."), "m", ["m"]) == (
            "No Ollama; m answers.",
            "Get it.",
        )


async def test_a_remote_host() -> None:
    async with OllamaClient(parse_host("https://gpu.example")) as client:
        names = ["qwen3:8b", "a", "b"]
        assert welcome(Answerer(client, "qwen3:8b", ""), "qwen3:8b", names) == (
            "qwen3:8b at https://gpu.example:443.",
            "Ask something; /help shows what there is, /models the 2 others.",
        )
        assert welcome(Answerer(client, "big:cloud", ""), "big:cloud", names)[0].startswith("big:cloud at ")
        assert "/models" not in welcome(Answerer(client, "m", ""), "m", [])[1]
