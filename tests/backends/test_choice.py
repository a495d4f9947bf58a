"""Which backend answers, and with which model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ollama_chat_tui.backends import choice as choosing
from ollama_chat_tui.backends.choice import Wanted, choose_model, find_server, open_embedded
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BadHost, BadModelFile, EngineMissing, NoModels, ServerError, WeightsMissing
from tests.scripted_replies import head_bytes, installed, raw
from tests.scripted_server import ScriptedServer, closed_port
from tests.weights import environment_in


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


async def test_a_named_server_is_taken_without_asking_it() -> None:
    with closed_port() as port:
        found = await find_server(Wanted(f"127.0.0.1:{port}"))
    assert found is not None
    assert (found.client.host.port, found.notice, found.default_model) == (port, "", "")
    await found.client.aclose()
    with pytest.raises(BadHost):
        await find_server(Wanted("http://a b"))


@pytest.mark.parametrize("wanted", [Wanted(is_embedded=True), Wanted("x", model_file=Path("m.gguf"))])
async def test_who_wants_the_engine_gets_no_server(wanted: Wanted) -> None:
    assert await find_server(wanted) is None


async def test_the_local_server_is_taken_only_when_it_answers(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "DEFAULT_HOST", parse_host(server.url))
    found = await find_server(Wanted())
    assert found is not None
    await found.client.aclose()
    with closed_port() as port:
        monkeypatch.setattr(choosing, "DEFAULT_HOST", parse_host(f"127.0.0.1:{port}"))
        assert await find_server(Wanted()) is None


async def test_the_engine_says_what_it_is_and_why(model_file: Path) -> None:
    environment = environment_in(model_file.parents[1])
    for wanted, words in (
        (Wanted(is_embedded=True), "smollm2:135m (98 MB) answers, in this program, without a server."),
        (Wanted(), "No Ollama at 127.0.0.1:11434; smollm2:135m (98 MB) answers within this program.\n"),
        (Wanted(model_file=model_file), "answers, in this program"),
    ):
        found = open_embedded(environment, wanted)
        assert words in found.notice
        assert await choose_model(found, "", "other") == found.default_model
        await found.client.aclose()


def test_what_the_engine_lacks_is_said(
    tmp_path: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = environment_in(tmp_path)
    with pytest.raises(WeightsMissing, match=r"^The embedded model is not here"):
        open_embedded(environment, Wanted(is_embedded=True))
    with pytest.raises(WeightsMissing, match=r"^No Ollama answers .* and the embedded model is not here"):
        open_embedded(environment, Wanted())
    junk = tmp_path / "junk.gguf"
    junk.write_bytes(b"junk")
    with pytest.raises(BadModelFile):
        open_embedded(environment, Wanted(model_file=junk))
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(EngineMissing):
        open_embedded(environment_in(model_file.parents[1]), Wanted())


async def test_a_model_is_asked_for_remembered_or_the_newest_that_can_chat(server: ScriptedServer) -> None:
    server.models = [installed("embed:1b", "embedding"), installed("new:1b"), installed("old:latest")]
    found = await find_server(Wanted(server.url))
    assert found is not None
    async with found.client:
        assert await choose_model(found, "asked", "old") == "asked"
        assert await choose_model(found, "", "old") == "old:latest"
        assert await choose_model(found, "", "gone") == "new:1b"
        server.models = [installed("embed:1b", "embedding")]
        with pytest.raises(NoModels):
            await choose_model(found, "", "")


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Mon, 23 Nov 2026 04:16:59 GMT", datetime(2026, 11, 23, 4, 16, 59, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 04:16:59 -0000", datetime(2026, 11, 23, 4, 16, 59, tzinfo=UTC)),
        ("yesterday", None),
    ],
)
async def test_the_server_tells_the_time(server: ScriptedServer, date: str, told: datetime | None) -> None:
    server.enqueue(raw(head_bytes(200, {"Date": date, "Content-Length": "0"})), path="/")
    async with OllamaClient(parse_host(server.url)) as client:
        assert await client.server_time() == told


async def test_the_engine_keeps_its_one_model(model_file: Path) -> None:
    found = open_embedded(environment_in(model_file.parents[1]), Wanted(is_embedded=True))
    async with found.client as client:
        with pytest.raises(ServerError, match="one model"):
            await client.delete("smollm2:135m")


async def test_a_late_model_is_put_into_the_question() -> None:
    late = ChatRequest(Settings(""), ()).with_model("m")
    assert (late.settings.model, late.with_model("x").settings.model) == ("m", "m")
