"""Replies of a real Ollama 0.33, played over real TCP: what they hold is what the caller sees."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.chat.events import Failed, Finished, Metrics
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import (
    AnswerIncomplete,
    BadRequest,
    CapabilityMissing,
    ContextExceeded,
    ModelNotFound,
    NotOllama,
    ServerBusy,
    ServerError,
    StreamBroken,
)
from tests.scripted_replies import Step, close, end, head, lines, reply
from tests.scripted_server import ScriptedServer
from tests.turns import last, take_turn, text_of, thinking_of

Exchange = dict[str, Any]

RECORDED: dict[str, Exchange] = json.loads((Path(__file__).parents[1] / "wire" / "recorded.json").read_text())


def played(exchange: Exchange) -> list[Step]:
    """The reply as it went over the wire."""
    response = exchange["response"]
    if response["headers"].get("Transfer-Encoding") != "chunked":
        headers = {name.replace("-", "_"): value for name, value in response["headers"].items()}
        kind = headers.pop("Content_Type", "")
        headers.pop("Content_Length", None)
        return [reply(response["body"].encode(), response["status"], kind, **headers)]
    content = [line.encode() for line in response["body"].split("\n") if line]
    ending = end() if exchange["ended"] == "complete" else close()
    return [head(response["status"], response["headers"].get("Content-Type", "")), lines(*content), ending]


def names(method: str, path: str, *, ok: bool) -> list[str]:
    return [
        name
        for name, exchange in RECORDED.items()
        if (exchange["request"]["method"], exchange["request"]["path"]) == (method, path)
        and exchange["response"]["status"] is not None
        and (exchange["response"]["status"] == 200) is ok
    ]


ANSWERS = names("POST", "/api/chat", ok=True)
REFUSALS = names("POST", "/api/chat", ok=False)

BROKEN = {
    "runner_killed_mid_stream": ServerError,
    "server_killed_mid_stream": StreamBroken,
    "client_disconnect": StreamBroken,
    "tools_debug_render": AnswerIncomplete,
}  # fmt: skip

REFUSED_AS = {
    "native_image_nonvision": CapabilityMissing,
    "err_image_nonvision": CapabilityMissing,
    "err_image_nonvision_gotemplate": CapabilityMissing,
    "err_image_nonvision_nostream": CapabilityMissing,
    "tools_unsupported": CapabilityMissing,
    "queue_full_2": ServerBusy,
    "wrong_method_get_chat": NotOllama,
}  # fmt: skip


def expected_refusal(name: str) -> type[Exception]:
    if name in REFUSED_AS:
        return REFUSED_AS[name]
    response = RECORDED[name]["response"]
    if name.startswith("ctx_"):
        return ContextExceeded
    if "does not support thinking" in response["body"]:
        return CapabilityMissing
    return {404: ModelNotFound, 500: ServerError}.get(response["status"], BadRequest)


def raw_lines(name: str) -> list[Any]:
    return [json.loads(line) for line in RECORDED[name]["response"]["body"].split("\n") if line]


def joined(told: list[Any], field: str) -> str:
    return "".join(line.get("message", {}).get(field, "") for line in told)


def seconds(line: Any, field: str) -> float | None:
    return line[field] / 1e9 if field in line else None


def test_every_exchange_is_here() -> None:
    assert len(RECORDED) == 222
    assert len(ANSWERS) > 80
    assert len(REFUSALS) > 50


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_holds_what_its_lines_hold(
    name: str, server: ScriptedServer, client: OllamaClient
) -> None:
    told = raw_lines(name)
    server.enqueue(*played(RECORDED[name]))
    events = await take_turn(client)
    assert text_of(events) == joined(told, "content")
    assert thinking_of(events) == joined(told, "thinking")
    ended = last(events)
    calls = [call for line in told for call in line.get("message", {}).get("tool_calls", ())]
    assert [(call.id, call.name, call.arguments) for call in ended.message.tool_calls] == [
        (call.get("id", ""), call["function"]["name"], call["function"]["arguments"]) for call in calls
    ]
    if name in BROKEN:
        assert isinstance(ended, Failed)
        assert type(ended.error) is BROKEN[name]
        return
    assert isinstance(ended, Finished)
    line = told[-1]
    metrics = ended.metrics
    assert (metrics.model, metrics.done_reason) == (line["model"], line["done_reason"])
    assert (metrics.prompt_tokens, metrics.answer_tokens) == (
        line.get("prompt_eval_count"),
        line.get("eval_count"),
    )
    assert (metrics.total_s, metrics.load_s, metrics.prompt_s, metrics.answer_s) == (
        seconds(line, "total_duration"),
        seconds(line, "load_duration"),
        seconds(line, "prompt_eval_duration"),
        seconds(line, "eval_duration"),
    )


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_named(name: str, server: ScriptedServer, client: OllamaClient) -> None:
    server.enqueue(*played(RECORDED[name]))
    ended = last(await take_turn(client))
    assert isinstance(ended, Failed)
    assert type(ended.error) is expected_refusal(name)
    assert ended.error.sentence
    assert ended.error.hint
    assert "\n" not in ended.error.sentence
    assert '{"error' not in ended.error.sentence


@pytest.mark.parametrize("name", names("GET", "/api/tags", ok=True))
async def test_the_installed_models_are_those_told(
    name: str, server: ScriptedServer, client: OllamaClient
) -> None:
    server.enqueue(*played(RECORDED[name]), path="/api/tags")
    told = json.loads(RECORDED[name]["response"]["body"])["models"]
    models = await client.installed()
    assert [(each.name, each.size, each.digest, each.modified_at) for each in models] == [
        (each["name"], each["size"], each["digest"], each["modified_at"]) for each in told
    ]
    assert [each.details.family for each in models] == [each["details"]["family"] for each in told]
    assert [each.capabilities for each in models] == [each["capabilities"] for each in told]


@pytest.mark.parametrize("name", names("GET", "/api/ps", ok=True))
async def test_the_loaded_models_are_those_told(
    name: str, server: ScriptedServer, client: OllamaClient
) -> None:
    server.enqueue(*played(RECORDED[name]), path="/api/ps")
    told = json.loads(RECORDED[name]["response"]["body"])["models"]
    assert [
        (each.name, each.size_vram, each.context_length, each.expires_at) for each in await client.loaded()
    ] == [(each["name"], each["size_vram"], each["context_length"], each["expires_at"]) for each in told]


@pytest.mark.parametrize("name", names("POST", "/api/show", ok=True))
async def test_a_model_is_shown_as_told(name: str, server: ScriptedServer, client: OllamaClient) -> None:
    server.enqueue(*played(RECORDED[name]), path="/api/show")
    told = json.loads(RECORDED[name]["response"]["body"])
    shown = await client.show("m")
    for field in ("modelfile", "template", "system", "parameters", "license"):
        assert getattr(shown, field) == told.get(field, "")
    assert shown.capabilities == told["capabilities"]
    assert shown.model_info == told["model_info"]
    info = told["model_info"]
    assert shown.max_context_tokens == info[f"{info['general.architecture']}.context_length"]


@pytest.mark.parametrize("path", ["/api/pull", "/api/create"])
async def test_progress_is_told_line_by_line(path: str, server: ScriptedServer, client: OllamaClient) -> None:
    for name in names("POST", path, ok=True):
        server.enqueue(*played(RECORDED[name]), path=path)
        told = raw_lines(name)
        seen = []
        progress = client.pull("m") if path == "/api/pull" else client.create("m", "n")
        with pytest.raises(ServerError) if "error" in told[-1] else nullcontext():
            async for line in progress:
                seen.append(line.status)  # noqa: PERF401 - what came before an error counts
        assert seen == [line["status"] for line in told if "status" in line]


@pytest.mark.parametrize(
    "name", [*names("POST", "/api/pull", ok=False), *names("POST", "/api/create", ok=False)]
)
async def test_progress_that_never_began_is_an_error(
    name: str, server: ScriptedServer, client: OllamaClient
) -> None:
    server.enqueue(*played(RECORDED[name]), path="/api/pull")
    kind = ServerError if RECORDED[name]["response"]["status"] == 500 else BadRequest
    with pytest.raises(kind):
        await anext(client.pull("m"))


async def test_small_questions_are_answered(server: ScriptedServer, client: OllamaClient) -> None:
    for path, name in {
        "/api/version": "version",
        "/api/copy": "copy",
        "/api/delete": "delete",
    }.items():
        server.enqueue(*played(RECORDED[name]), path=path)
    assert await client.version() == json.loads(RECORDED["version"]["response"]["body"])["version"]
    await client.copy("a", "b")
    await client.delete("a")
    for name, error in {
        "copy_bad_name": BadRequest,
        "copy_empty": BadRequest,
        "copy_unknown": ModelNotFound,
        "delete_empty": BadRequest,
        "delete_unknown": ModelNotFound,
        "show_unknown": ModelNotFound,
        "show_no_model": BadRequest,
        "unknown_route": NotOllama,
        "bad_host_header": BadRequest,
        "double_slash": NotOllama,
        "trailing_slash": NotOllama,
        "embed": CapabilityMissing,
    }.items():
        server.enqueue(*played(RECORDED[name]), path="/api/copy")
        with pytest.raises(error):
            await client.copy("a", "b")


async def test_streamed_or_not_an_answer_is_the_same_to_the_caller(
    server: ScriptedServer, client: OllamaClient
) -> None:
    async def asked(name: str, stream: bool) -> tuple[str, Metrics | None]:
        server.enqueue(*played(RECORDED[name]))
        request = ChatRequest(Settings("m"), [Message(Role.USER, "Hi")], stream=stream)
        deltas = [piece async for piece in client.chat(request) if isinstance(piece, Delta)]
        return "".join(delta.content for delta in deltas), deltas[-1].metrics

    streamed, one = await asked("num_predict_5", stream=True)
    whole, other = await asked("num_predict_5_nostream", stream=False)
    assert streamed == whole
    assert one
    assert other
    assert (one.answer_tokens, one.done_reason) == (other.answer_tokens, other.done_reason)
