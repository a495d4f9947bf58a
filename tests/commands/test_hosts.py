"""Commands about servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands import hosts
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.config.edit import set_key
from ollama_chat_tui.errors import (
    BadConfig,
    BadHost,
    ConnectionRefused,
    NoModels,
    ServerUnreachable,
    UsageError,
)
from ollama_chat_tui.preferences import meaning
from tests.commands.conftest import run
from tests.scripted_replies import Signal, installed, note, reply, wait
from tests.scripted_server import ScriptedServer, closed_port


@pytest.fixture
def other() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.models = [installed("new:1b"), installed("smollm2:latest")]
        yield running


@pytest.fixture
def named(context: Context, folder: Path, other: ScriptedServer) -> Context:
    """The other server has a name, and wants a header."""
    for key, value in ("url", other.url), ("headers.X-Team", "words"):
        set_key(folder / "config.toml", f"hosts.gpu.{key}", value, meaning())
    context.preferences = context.preferences.reread()
    return context


async def test_the_chat_goes_over_and_keeps_its_conversation(
    named: Context, other: ScriptedServer, server: ScriptedServer
) -> None:
    named.conversation.append(Message(Role.USER, "hi"))
    assert await run(named, "/host gpu") == f"Now talking to new:1b at {other.url}."
    assert named.conversation.head is not None
    assert (named.settings.model, named.host) == ("new:1b", "gpu")
    assert list(named.model_names) == ["new:1b", "smollm2:latest"]
    assert {request.headers["x-team"] for request in other.requests} == {"words"}
    asked = len(server.requests)
    assert "1.2B" not in await run(named, "/show smollm2")
    assert (len(server.requests), other.requests[-1].path) == (asked, "/api/show")
    assert '"gpu"  # this chat' in re.sub(" +#", "  #", await run(named, "/config"))


async def test_the_model_goes_along_where_it_is_installed(named: Context) -> None:
    await run(named, "/model smollm2")
    assert (await run(named, "/host gpu")).startswith("Now talking to smollm2:latest at ")


async def test_the_model_last_used_there_is_the_next_best(named: Context, server: ScriptedServer) -> None:
    await run(named, "/host gpu")
    await run(named, "/model smollm2")
    assert (await run(named, f"/host {server.url}")).startswith("Now talking to smollm2:latest at ")
    await run(named, "/model qwen3:8b")
    assert (await run(named, "/host gpu")).startswith("Now talking to smollm2:latest at ")


@pytest.mark.parametrize(
    ("address", "error"),
    [("a b", BadHost), ("unix:///no/such/socket", ServerUnreachable)],
)
async def test_an_address_that_leads_nowhere_leaves_everything(
    named: Context, address: str, error: type[Exception]
) -> None:
    await assert_unchanged(named, address, error)


async def test_a_server_that_is_down_or_empty_or_none_leaves_everything(
    named: Context, other: ScriptedServer
) -> None:
    with closed_port() as port:
        await assert_unchanged(named, f"127.0.0.1:{port}", ConnectionRefused)
    other.models = []
    await assert_unchanged(named, "gpu", NoModels)


async def test_a_host_without_its_key_leaves_everything(named: Context, folder: Path) -> None:
    set_key(folder / "config.toml", "hosts.gpu.api_key_env", "GPU_KEY", meaning())
    named.preferences = named.preferences.reread()
    await assert_unchanged(named, "gpu", BadConfig)
    assert "GPU_KEY is not set" in await run(named, "/host")


async def assert_unchanged(context: Context, address: str, error: type[Exception]) -> None:
    before = context.settings, context.host, context.conversation
    with pytest.raises(error) as caught:
        await run(context, f"/host {address}")
    if issubclass(error, UsageError):
        assert "Usage: /host" in str(caught.value.__dict__["hint"])
    assert (context.settings, context.host, context.conversation) == before
    assert "8.2B" in await run(context, "/show qwen3:8b")  # the server before goes on answering


async def test_a_name_that_is_nearly_one_is_named(named: Context, folder: Path) -> None:
    set_key(folder / "config.toml", "hosts.localhots.url", "x", meaning())
    named.preferences = named.preferences.reread()
    with closed_port() as port, pytest.raises(ServerUnreachable) as caught:
        await run(named, f"/host localhost:{port}")
    assert caught.value.hint.startswith("Did you mean localhots?")


async def test_the_servers_are_listed_with_how_they_do(
    named: Context, folder: Path, other: ScriptedServer, server: ScriptedServer
) -> None:
    other.version = "0.34.1"
    with closed_port() as port:
        set_key(folder / "config.toml", "hosts.down.url", f"127.0.0.1:{port}", meaning())
        named.preferences = named.preferences.reread()
        here, gpu, down = (re.sub(" {2,}", "|", row) for row in (await run(named, "/host")).splitlines())
    assert re.fullmatch(rf"›\|{server.url}\|Ollama 0\.33\.0, \d+ ms", here)
    assert re.fullmatch(rf"\|gpu\|{other.url}\|Ollama 0\.34\.1, \d+ ms", gpu)
    assert down.startswith(f"|down|http://127.0.0.1:{port}|")
    assert down.endswith(".")
    await run(named, "/host gpu")
    assert (await run(named, "/host")).splitlines()[0].startswith("›  gpu ")


async def test_a_server_that_says_nothing_is_not_waited_for(
    named: Context, other: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosts, "STATE_TIMEOUT_S", 0.2)
    never = Signal()
    other.enqueue(wait(never), reply(), path="/api/version")
    assert "no answer within" in await run(named, "/host")
    never.set()


async def test_all_servers_are_asked_at_once(named: Context, folder: Path) -> None:
    with ExitStack() as running:
        servers = [running.enter_context(ScriptedServer()) for _ in range(3)]
        asked = [Signal() for _ in servers]
        for number, each in enumerate(servers):
            # Each answers only when the next one has been asked, too.
            other = asked[(number + 1) % len(servers)]
            each.enqueue(
                note(asked[number]), wait(other), reply({"version": f"0.{number}.0"}), path="/api/version"
            )
            set_key(folder / "config.toml", f"hosts.h{number}.url", each.url, meaning())
        named.preferences = named.preferences.reread()
        shown = await run(named, "/host")
    for number in range(len(servers)):
        assert f"Ollama 0.{number}.0" in shown


async def test_without_named_servers_it_is_said_how_to_name_one(context: Context) -> None:
    assert "/config set hosts.NAME.url" in await run(context, "/host")
