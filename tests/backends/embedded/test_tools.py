"""Tools with the real model: what the template makes of them, and the calls llama.cpp reads out of it.

The same weights with the same template were asked by a real Ollama (`tests/wire`), so its replies are what
is expected. The model is loaded once for all.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ollama_chat_tui.backends.embedded.model import model_from_file
from tests.backends.embedded.asking import body, lines
from tests.backends.embedded.conftest import connect
from tests.backends.test_recorded import RECORDED

NAME = "smollm2-jinja"
QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]
TOOLS = json.loads(RECORDED["native_tools_stream"]["request"]["body"])["tools"]

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tools_model_file: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(model_from_file(tools_model_file)) as client:
        yield client


async def asked(client: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    options = {"num_ctx": 1024} | fields.pop("options", {})
    asking = {"model": NAME, "tools": TOOLS, "messages": QUESTION} | fields
    return await client.post("/api/chat", json=body(**asking, options=options))


def told(line: dict[str, Any]) -> dict[str, Any]:
    """What a last line says whatever the machine."""
    for call in line["message"].get("tool_calls", ()):
        assert len(call.pop("id")) == 32
    names = ("model", "message", "done", "done_reason", "prompt_eval_count", "eval_count")
    return {name: line[name] for name in names}


@pytest.mark.parametrize("name", ["native_tools_stream", "native_tools_nostream"])
async def test_a_call_is_what_ollama_makes_of_it(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/api/chat", content=RECORDED[name]["request"]["body"])
    (line,) = lines(response)
    assert told(line) == told(json.loads(RECORDED[name]["response"]["body"]))


async def test_calls_and_results_of_the_history_are_read_as_by_ollama(client: httpx.AsyncClient) -> None:
    exchange = RECORDED["native_tools_result"]
    answer = (await client.post("/api/chat", content=exchange["request"]["body"])).json()
    expected = json.loads(exchange["response"]["body"])
    assert answer["prompt_eval_count"] == expected["prompt_eval_count"]
    assert answer["message"]["content"].startswith("The weather in Paris is")
    assert "tool_calls" not in answer["message"]


async def test_a_tool_that_is_none_is_refused_in_ollamas_words(client: httpx.AsyncClient) -> None:
    exchange = RECORDED["native_tools_bad_shape"]
    response = await client.post("/api/chat", content=exchange["request"]["body"])
    assert (response.status_code, response.json()) == (500, json.loads(exchange["response"]["body"]))


async def test_show_says_that_it_can_call_tools(client: httpx.AsyncClient) -> None:
    shown = (await client.post("/api/show", json={"model": NAME})).json()
    assert shown["capabilities"] == ["tools", "completion"]


async def test_of_a_schema_the_model_sees_what_ollama_passes_on(client: httpx.AsyncClient) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "F", "parameters": None}}
    dropped = {"title": "T", "additionalProperties": False, "$id": "x"}
    within = {"default": 1, "minimum": 0, "pattern": "a{2,1}", "format": "date"}
    plain = {"type": "object", "properties": {"n": {"type": "integer"}}}
    full = plain | dropped | {"properties": {"n": {"type": "integer", "description": None} | within}}
    counts = []
    for parameters in (plain, full):
        tools = [{**tool, "function": tool["function"] | {"parameters": parameters}}]  # type: ignore[operator]
        line = lines(await asked(client, tools=tools, options={"num_predict": 1}))[-1]
        counts.append(line["prompt_eval_count"])
    assert counts[0] == counts[1]


async def test_a_schema_that_would_harm_the_process_is_refused(client: httpx.AsyncClient) -> None:
    items = {"type": "string", "pattern": "^a{2,1}$"}
    parameters = {"type": "object", "properties": {"names": {"type": "array", "items": items}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": parameters}}]
    response = await asked(client, tools=tools)
    assert response.status_code == 400
    assert "JSON schema error" in response.json()["error"]


async def test_a_call_cut_by_the_limit_is_no_call(client: httpx.AsyncClient) -> None:
    (line,) = lines(await asked(client, options={"num_predict": 25}))
    assert (line["done_reason"], line["message"]) == ("length", {"role": "assistant", "content": ""})


async def test_a_call_cut_by_a_stop_text_cannot_be_read(client: httpx.AsyncClient) -> None:
    response = await asked(client, options={"num_predict": 40, "stop": ["Paris"]})
    error = lines(response)[-1]["error"]
    assert error.startswith("error parsing tool call: raw='{")


async def test_without_tools_the_same_model_just_talks(client: httpx.AsyncClient) -> None:
    written = lines(await asked(client, tools=[], options={"num_predict": 4}))
    assert all("tool_calls" not in line["message"] for line in written)
    assert "".join(line["message"]["content"] for line in written)
