from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.backends.names import is_cloud_model, same_model
from ollama_chat_tui.backends.wire import StatusLine
from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import (
    AnswerIncomplete,
    BadOption,
    ModelNotFound,
    NotOllama,
    ServerError,
    StreamBroken,
    Unauthorized,
)
from tests.scripted_replies import (
    Signal,
    answer,
    close,
    end,
    head,
    installed,
    lines,
    reply,
    wait,
)
from tests.scripted_server import ScriptedServer
from tests.turns import failure, take_turn


async def collect(lines_: AsyncGenerator[StatusLine, None]) -> list[StatusLine]:
    return [line async for line in lines_]


class TestRoutes:
    async def test_who_is_there(self, server: ScriptedServer, client: OllamaClient) -> None:
        assert await client.version() == "0.33.0"
        assert [(each.method, each.path) for each in server.requests] == [("GET", "/api/version")]

    async def test_which_models_there_are(self, server: ScriptedServer, client: OllamaClient) -> None:
        server.models = [installed("a:1b", "completion", "vision"), installed("b:latest")]
        models = await client.installed()
        assert [each.name for each in models] == ["a:1b", "b:latest"]
        assert models[0].capabilities == ["completion", "vision"]
        assert models[0].details.context_length == 40960

    @pytest.mark.parametrize("models", [None, []])
    async def test_none_at_all_is_an_empty_list(
        self, models: Any, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.models = server.loaded = models
        assert await client.installed() == []
        assert await client.loaded() == []

    async def test_what_a_model_is(self, server: ScriptedServer, client: OllamaClient) -> None:
        shown = await client.show("m")
        assert shown.max_context_tokens == 40960
        assert shown.capabilities == ["completion", "tools", "thinking", "vision"]

    @pytest.mark.parametrize(
        "info", [{}, {"model_info": {"general.architecture": "x", "x.context_length": None}}]
    )
    async def test_a_model_may_not_tell_its_window(
        self, info: Any, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(reply(info), path="/api/show")
        assert (await client.show("m")).max_context_tokens is None

    async def test_a_model_is_deleted_by_a_body_in_the_request(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(reply(), path="/api/delete")
        await client.delete("m")
        assert server.requests[0].method == "DELETE"
        assert server.requests[0].json == {"model": "m"}

    async def test_a_model_is_copied(self, server: ScriptedServer, client: OllamaClient) -> None:
        server.enqueue(reply(), path="/api/copy")
        await client.copy("m", "n")
        assert server.requests[0].json == {"source": "m", "destination": "n"}

    async def test_who_is_signed_in(self, server: ScriptedServer, client: OllamaClient) -> None:
        server.enqueue(reply({"id": "1", "name": "ada", "email": "a@b.c", "plan": "free"}), path="/api/me")
        assert (await client.account()).name == "ada"

    async def test_a_pull_tells_how_far_it_is(self, server: ScriptedServer, client: OllamaClient) -> None:
        layer = {"status": "pulling a3de", "digest": "sha256:a3de", "total": 10}
        server.enqueue(
            head(),
            lines({"status": "pulling manifest"}, layer, {**layer, "completed": 4}, {"status": "success"}),
            end(),
            path="/api/pull",
        )
        told = await collect(client.pull("m"))
        assert [(line.status, line.completed, line.total) for line in told] == [
            ("pulling manifest", 0, 0),
            ("pulling a3de", 0, 10),
            ("pulling a3de", 4, 10),
            ("success", 0, 0),
        ]

    async def test_a_model_that_nobody_has_cannot_be_pulled(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        missing = {"error": "pull model manifest: file does not exist"}
        server.enqueue(head(), lines({"status": "pulling manifest"}, missing), end(), path="/api/pull")
        with pytest.raises(ModelNotFound) as caught:
            await collect(client.pull("nope"))
        assert "ollama pull" not in caught.value.hint

    @pytest.mark.parametrize(
        ("steps", "error"),
        [
            ([head(), lines({"status": "pulling manifest"}), end()], AnswerIncomplete),
            ([head(), lines({"status": "pulling manifest"}), close()], StreamBroken),
            ([head(), lines(b"[]"), end()], StreamBroken),
            ([reply({"error": "x"}, status=500)], ServerError),
        ],
    )
    async def test_a_pull_that_breaks_off_says_so(
        self, steps: Any, error: type[Exception], server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(*steps, path="/api/pull")
        with pytest.raises(error):
            await collect(client.pull("m"))

    async def test_closing_a_pull_closes_the_connection(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(head(), lines({"status": "pulling manifest"}), wait(Signal()), path="/api/pull")
        pull = client.pull("m")
        assert (await anext(pull)).status == "pulling manifest"
        await pull.aclose()
        await server.requests[0].closed.arrives()

    async def test_a_conversation_becomes_a_model(self, server: ScriptedServer, client: OllamaClient) -> None:
        server.enqueue(reply({"status": "success"}), path="/api/create")
        messages = [Message(Role.USER, "hi"), Message(Role.ASSISTANT, "hello")]
        made = client.create("mine", "m", system="Brief.", parameters={"top_k": 3}, messages=messages)
        assert [line.status for line in await collect(made)] == ["success"]
        assert server.requests[0].json == {
            "model": "mine",
            "from": "m",
            "system": "Brief.",
            "parameters": {"top_k": 3},
            "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}],
        }

    async def test_a_model_is_loaded_with_the_options_it_will_be_asked_with_and_unloaded(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        for reason in ("load", "unload"):
            server.enqueue(
                reply({"model": "m", "message": {"role": "assistant"}, "done": True, "done_reason": reason})
            )
        await client.load(Settings("m", options={"num_ctx": 8192}))
        await client.unload("m")
        loading, unloading = (request.json for request in server.requests)
        assert loading["options"] == {"num_ctx": 8192}
        assert loading["messages"] == unloading["messages"] == []
        assert unloading["keep_alive"] == 0

    @pytest.mark.parametrize("body", ["Ollama is running", b"[1]", b'{"models":[{}]}', b"[" * 99_999])
    async def test_a_reply_of_another_kind_is_not_ollamas(
        self, body: Any, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(reply(body), path="/api/tags")
        with pytest.raises(NotOllama):
            await client.installed()


class TestChat:
    async def test_all_that_is_set_is_sent_and_nothing_else(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        settings = Settings(
            "m",
            options={"temperature": 1, "stop": ["END"], "num_ctx": 8192, "use_mmap": False},
            format={"type": "object"},
            think="high",
            keep_alive="20m",
            truncate=False,
            shift=True,
            logprobs=True,
            top_logprobs=3,
        )
        call = ToolCall("get_temp", {"city": "Oslo"}, "call_1")
        store = MemoryImages()
        messages = [
            Message(Role.SYSTEM, "Brief."),
            Message(Role.USER, "Warm?", images=(Image(store.keep(b"hi"), "image/png"),)),
            Message(Role.ASSISTANT, "", "Hm.", tool_calls=(call,)),
            Message(Role.TOOL, "4 °C", tool_name="get_temp", tool_call_id="call_1"),
        ]
        tools = [{"type": "function", "function": {"name": "get_temp"}}]
        server.enqueue(*answer("No."))
        assert [piece async for piece in client.chat(ChatRequest(settings, messages, tools, False, store))]
        assert server.requests[0].json == {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Brief."},
                {"role": "user", "content": "Warm?", "images": ["aGk="]},
                {
                    "role": "assistant",
                    "content": "",
                    "thinking": "Hm.",
                    "tool_calls": [
                        {"id": "call_1", "function": {"name": "get_temp", "arguments": {"city": "Oslo"}}}
                    ],
                },
                {"role": "tool", "content": "4 °C", "tool_name": "get_temp", "tool_call_id": "call_1"},
            ],
            "stream": False,
            "tools": tools,
            "format": {"type": "object"},
            "options": {"temperature": 1.0, "stop": ["END"], "num_ctx": 8192, "use_mmap": False},
            "think": "high",
            "keep_alive": "20m",
            "truncate": False,
            "shift": True,
            "logprobs": True,
            "top_logprobs": 3,
        }
        server.enqueue(*answer("No."))
        await take_turn(client)
        assert set(server.requests[1].json) == {"model", "messages", "stream"}

    async def test_a_bad_option_is_told_before_anything_is_sent(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        failed = failure(await take_turn(client, settings=Settings("m", options={"num_ctz": 1})))
        assert isinstance(failed.error, BadOption)
        assert server.requests == []

    async def test_half_a_surrogate_pair_goes_as_an_escape(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(*answer("Odd."))
        request = ChatRequest(Settings("m"), [Message(Role.USER, "caf\udce9 ü")])
        assert [piece async for piece in client.chat(request)]
        assert rb"caf\udce9" in server.requests[0].body
        assert server.requests[0].json["messages"][0]["content"] == "caf\udce9 ü"

    async def test_the_nearest_names_are_told_when_a_model_is_missing(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.models = [installed("qwen3:8b"), installed("zephyr:7b")]
        missing = reply({"error": "model 'qwen4:8b' not found"}, status=404)
        server.enqueue(missing)
        error = failure(await take_turn(client, settings=Settings("qwen4:8b"))).error
        assert error.hint == "Did you mean qwen3:8b? Get it with: ollama pull qwen4:8b"
        server.enqueue(missing)
        server.enqueue(close(), path="/api/tags")
        assert "Did you mean" not in failure(await take_turn(client)).error.hint
        server.models = []
        server.enqueue(missing)
        assert "Did you mean" not in failure(await take_turn(client)).error.hint

    @pytest.mark.parametrize("account", [reply(status=503), reply(status=401), reply({"name": "ada"})])
    async def test_without_an_address_a_401_keeps_its_own_hint(
        self, account: Any, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(reply(status=401))
        server.enqueue(account, path="/api/me")
        error = failure(await take_turn(client)).error
        assert isinstance(error, Unauthorized)
        assert "OLLAMA_API_KEY" in error.hint

    async def test_the_cloud_itself_is_not_asked_where_to_sign_in(self) -> None:
        paths = []

        def refuse(request: httpx.Request) -> httpx.Response:
            paths.append(request.url.path)
            return httpx.Response(401)

        async with OllamaClient(parse_host("ollama.com"), transport=httpx.MockTransport(refuse)) as client:
            assert isinstance(failure(await take_turn(client)).error, Unauthorized)
        assert paths == ["/api/chat"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("m", "m:latest", True),
        ("M:Latest", "m", True),
        ("library/m", "registry.ollama.ai/library/m:latest", True),
        ("hf.co/u/r:Q4", "HF.co/u/r:q4", True),
        ("m:8b", "m", False),
        ("u/m", "m", False),
    ],
)
def test_two_names_may_mean_one_model(one: str, other: str, is_same: bool) -> None:
    assert same_model(one, other) is is_same


@pytest.mark.parametrize(
    ("name", "is_cloud"),
    [
        ("x:cloud", True),
        ("x:20b:cloud", True),
        ("x:20b-CLOUD", True),
        ("my-cloud", False),
        ("x:local", False),
    ],
)
def test_a_model_of_the_cloud_is_known_by_its_name(name: str, is_cloud: bool) -> None:
    assert is_cloud_model(name) is is_cloud
