"""What the bar says of the next question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import DEFAULT_HOST, parse_host
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.schemas.reading import NamedSchema
from ollama_chat_tui.sessions.recorder import Saved, SaveState
from ollama_chat_tui.startup import Answerer
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.bar import Bar
from tests.scripted_server import ScriptedServer, closed_port

MODEL = Settings("qwen3:8b")


KEPT = SaveState(Saved.YES)


def facts(
    status: Status,
    settings: Settings = MODEL,
    kept: SaveState = KEPT,
    attached: Sequence[str] = (),
    *,
    has_history: bool = True,
    has_tools: bool = False,
) -> list[str]:
    return status.facts(settings, kept, has_history=has_history, has_tools=has_tools, attached=attached)


def test_what_is_as_usual_is_not_said() -> None:
    assert facts(Status()) == ["qwen3:8b"]
    assert facts(Status(), Settings("")) == ["looking for a model …"]


async def test_a_server_at_the_usual_place_is_not_named_and_another_is() -> None:
    for host, named in ((DEFAULT_HOST, []), (parse_host("gpu.example:80"), ["http://gpu.example:80"])):
        async with OllamaClient(host) as client:
            status = Status()
            status.answerer = Answerer(client, "qwen3:8b", "")
            assert facts(status)[1:] == named


@pytest.mark.parametrize(
    ("settings", "fact"),
    [
        (replace(MODEL, options={"temperature": 0.5}), "temperature 0.5"),
        (replace(MODEL, options={"use_mmap": True}), "use_mmap true"),
        (replace(MODEL, options={"stop": ["a", "b"]}), 'stop ["a","b"]'),
        (replace(MODEL, options={"stop": ["x" * 100]}), 'stop ["xxxxxxxxxxxxxxxxxxxxx…'),
        (replace(MODEL, format="json"), "json"),
        (replace(MODEL, format={"type": "object"}), "schema"),
        (replace(MODEL, format=NamedSchema({"type": "object"}, "rivers")), "rivers"),
        (replace(MODEL, think=True), "think on"),
        (replace(MODEL, think=False), "think off"),
        (replace(MODEL, think="high"), "think high"),
        (replace(MODEL, system="Be brief."), "system prompt"),
    ],
)
def test_what_is_not_as_usual_is_said(settings: Settings, fact: str) -> None:
    assert facts(Status(), settings) == ["qwen3:8b", fact]


async def test_the_window_is_of_the_model_that_filled_it() -> None:
    with ScriptedServer() as server:
        server.loaded = [{"name": "qwen3:8b", "context_length": 4096}]
        async with OllamaClient(parse_host(server.url)) as client:
            status = Status()
            status.answerer = Answerer(client, "qwen3:8b", "")
            await status.note_answer(MODEL, Metrics(prompt_tokens=900, answer_tokens=124))
            assert facts(status)[1] == "25 % of 4k"
            assert facts(status, Settings("other:1b"))[1:] == [server.url]
            status.forget_window()
            assert facts(status)[1:] == [server.url]


async def test_a_window_that_nobody_tells_is_left_out() -> None:
    with ScriptedServer() as server, closed_port() as nobody:
        for url in (server.url, f"http://127.0.0.1:{nobody}"):
            async with OllamaClient(parse_host(url)) as client:
                status = Status()
                status.answerer = Answerer(client, "qwen3:8b", "")
                await status.note_answer(MODEL, Metrics(prompt_tokens=900))
                assert facts(status)[1:] == [url]


def test_of_what_goes_with_the_question_a_few_are_named_and_the_others_counted() -> None:
    assert facts(Status(), attached=["a.png"])[1:] == ["with a.png"]
    names = ["a" * 30, "b.png", "c.png", "d.png", "e.png"]
    assert facts(Status(), attached=names)[1:] == [f"with {'a' * 23}…, b.png, c.png and 2 more"]


def test_what_is_left_out_of_a_narrow_bar_goes_in_a_fixed_order(monkeypatch: pytest.MonkeyPatch) -> None:
    status = Status()
    kept = SaveState(Saved.NO)
    settings = replace(MODEL, format="json", think=True, system="Be brief.", options={"seed": 1})
    bar = Bar(lambda: facts(status, settings, kept, ["a.png"], has_history=False, has_tools=True))
    whole = [
        "qwen3:8b",
        "NOT SAVED",
        "no history",
        "with a.png",
        "json",
        "tools: on",
        "think on",
        "system prompt",
    ]
    seen = set()
    for columns in range(110, 7, -1):
        monkeypatch.setenv("COLUMNS", str(columns))
        shown = "".join(text for _, text, *_ in bar())
        assert len(shown) <= columns
        seen.add(shown)
    parts = [*whole, "seed 1"]
    assert seen == {" · ".join(parts[:count]) for count in range(1, len(parts) + 1)}


def test_a_model_with_too_long_a_name_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "6")
    assert Bar(lambda: facts(Status()))() == [("class:bottom-toolbar", "qwen3…")]


@pytest.mark.parametrize("has_history", [True, False])
def test_a_private_chat_is_said_to_be_one(has_history: bool) -> None:
    kept = SaveState(Saved.PRIVATE)
    assert facts(Status(), kept=kept, has_history=has_history) == ["qwen3:8b", "incognito"]
