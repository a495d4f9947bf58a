"""Routes, refusals and headers. The texts are those of recorded replies of Ollama 0.33."""

from __future__ import annotations

import importlib.machinery
import json
import sys
from datetime import datetime
from typing import Any

import httpx
import pytest

from ollama_chat_tui.backends.embedded.model import EmbeddedModel
from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport, Lines, _LineStream
from ollama_chat_tui.errors import EngineMissing
from tests.backends.embedded.asking import NAME, body, refused

PNG = "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2j"
TOOL = {"type": "function", "function": {"name": "now", "description": "the time"}}
JSON = "application/json; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "content_type", "size"),
    [("/", "text/plain; charset=utf-8", "17"), ("/api/version", JSON, "20"), ("/api/tags", JSON, None)],
)
async def test_what_can_be_read_can_be_headed(
    client: httpx.AsyncClient, method: str, path: str, content_type: str, size: str | None
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.headers["Content-Type"]) == (200, content_type)
    assert response.headers["Content-Length"] == (size or response.headers["Content-Length"])
    assert bool(response.content) == (method == "GET")


async def test_the_root_says_what_ollama_says(client: httpx.AsyncClient) -> None:
    assert (await client.get("/")).text == "Ollama is running"
    assert (await client.get("/api/version")).json() == {"version": "0.33.0"}


async def test_the_one_model_is_listed(client: httpx.AsyncClient, model: EmbeddedModel) -> None:
    (listed,) = (await client.get("/api/tags")).json()["models"]
    assert datetime.fromisoformat(listed.pop("modified_at")).utcoffset() is not None
    assert listed == {
        "name": NAME,
        "model": NAME,
        "size": 98362432,
        "digest": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "details": {
            "parent_model": "",
            "format": "gguf",
            "family": "llama",
            "families": ["llama"],
            "parameter_size": "134.52M",
            "quantization_level": "Q4_1",
            "context_length": 8192,
            "embedding_length": 576,
        },
        "capabilities": ["completion"],
    }


@pytest.mark.parametrize("name", [NAME, "SmolLM2:135M", "smollm2", "library/smollm2:135m", " smollm2 "])
async def test_show_describes_the_model_by_any_of_its_names(client: httpx.AsyncClient, name: str) -> None:
    shown = (await client.post("/api/show", json={"model": name})).json()
    assert shown["parameters"].splitlines()[0] == "temperature                    0.2"
    assert "PARAMETER temperature 0.2\n" in shown["modelfile"]
    assert "<|im_start|>" in shown["template"]
    assert shown["capabilities"] == ["completion"]
    assert shown["model_info"]["llama.context_length"] == 8192
    assert shown["model_info"]["general.parameter_count"] == 134515008
    assert shown["model_info"]["tokenizer.ggml.tokens"] is None


@pytest.mark.parametrize(
    ("content", "status", "text"),
    [
        (b"", 400, "missing request body"),
        (b"{}", 400, "model is required"),
        (b'{"name": "NOPE"}', 404, "model 'nope:latest' not found"),
        (b'{"model": "a b"}', 400, "invalid model name"),
    ],
)
async def test_show_turns_down(client: httpx.AsyncClient, content: bytes, status: int, text: str) -> None:
    response = await client.post("/api/show", content=content)
    assert (response.status_code, response.json()) == (status, {"error": text})


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/nope"), ("POST", "/api/push"), ("POST", "/v1/models")]
)
async def test_an_unknown_route_is_plain_text(client: httpx.AsyncClient, method: str, path: str) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.text) == (404, "404 page not found")
    assert response.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/api/chat", "POST"), ("POST", "/api/tags", "HEAD, GET"), ("PUT", "/api/chat", "POST")],
)
async def test_a_wrong_method_says_which_are_right(
    client: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.text) == (405, "405 method not allowed")
    assert response.headers["Allow"] == allow


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"model": "nope"}, 404, "model 'nope' not found"),
        ({"model": "smollm2:7b"}, 404, "model 'smollm2:7b' not found"),
        ({"model": "nope", "messages": [], "keep_alive": 0}, 404, "model 'nope' not found"),
        ({"model": "bad name!"}, 400, "invalid model name"),
        ({"model": ""}, 400, "model is required"),
        ({"model": None}, 400, "model is required"),
        ({"options": {"num_ctx": "big"}}, 500, 'option "num_ctx" must be of type integer'),
        ({"options": {"seed": True}}, 500, 'option "seed" must be of type integer'),
        ({"options": {"temperature": "hot"}}, 500, 'option "temperature" must be of type float32'),
        ({"options": {"use_mmap": 1}}, 500, 'option "use_mmap" must be of type boolean'),
        ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
        ({"options": {"stop": [1]}}, 500, 'option "stop" must be of an array of strings'),
        ({"keep_alive": "abc"}, 400, 'time: invalid duration "abc"'),
        ({"keep_alive": "60"}, 400, 'time: missing unit in duration "60"'),
        ({"keep_alive": True}, 400, "Unsupported type: 'bool'"),
        ({"keep_alive": {}}, 400, "Unsupported type: 'map[string]interface {}'"),
        ({"keep_alive": []}, 400, "Unsupported type: '[]interface {}'"),
        ({"think": True}, 400, '"smollm2:135m" does not support thinking'),
        ({"think": "max"}, 400, '"smollm2:135m" does not support thinking'),
        (
            {"think": "bogus"},
            400,
            'invalid think value: "bogus" (must be "high", "medium", "low", "max", true, or false)',
        ),
        (
            {"think": 3},
            400,
            'think must be a boolean or string ("high", "medium", "low", "max", true, or false)',
        ),
        ({"tools": [TOOL]}, 400, "registry.ollama.ai/library/smollm2:135m does not support tools"),
        ({"top_logprobs": 21}, 400, "top_logprobs must be between 0 and 20"),
        (
            {"format": "yaml"},
            500,
            r'invalid format: "\"yaml\""; expected "json" or a valid JSON Schema object',
        ),
        ({"format": 5}, 500, 'invalid format: "5"; expected "json" or a valid JSON Schema object'),
    ],
)
async def test_chat_turns_down(
    client: httpx.AsyncClient, fields: dict[str, Any], status: int, text: str
) -> None:
    for stream in (True, False):
        assert await refused(client, **fields, stream=stream) == (status, text)


@pytest.mark.parametrize(
    ("image", "byte"), [("@@not-base64@@", 0), ("data:image/png;base64,iVBO", 4), ("iVBO\nRw", 7)]
)
async def test_a_broken_image_says_where(client: httpx.AsyncClient, image: str, byte: int) -> None:
    messages = [{"role": "user", "content": "what?", "images": [image]}]
    assert await refused(client, messages=messages) == (400, f"illegal base64 data at input byte {byte}")


async def test_an_image_is_more_than_the_model_can_see(client: httpx.AsyncClient) -> None:
    status, text = await refused(client, messages=[{"role": "user", "content": "what?", "images": [PNG]}])
    assert (status, json.loads(text)["error"]) == (
        400,
        {
            "code": 400,
            "message": "Multimodal data provided, but model does not support multimodal requests.",
            "type": "invalid_request_error",
        },
    )


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "missing request body"),
        (b" null ", "model is required"),
        (b'{"model": "smollm2", "messages": [', "Input data was truncated"),
        (b"[]", "json: cannot unmarshal request"),
        (b'{"model": 5}', "json: cannot unmarshal request"),
        (b'{"messages": [{"content": 5}]}', "json: cannot unmarshal request"),
        (b'{"model": "\xff"}', "utf-8"),
        (b'{"keep_alive": 1e999}', "out of range"),
    ],
)
async def test_a_body_that_cannot_be_read_is_a_bad_request(
    client: httpx.AsyncClient, content: bytes, text: str
) -> None:
    response = await client.post("/api/chat", content=content)
    assert response.status_code == 400
    assert text in response.json()["error"]


async def test_nothing_was_loaded_by_what_was_turned_down(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/chat", json=body(format="yaml"))
    assert response.headers["Content-Type"] == "application/json"
    assert (await client.get("/api/ps")).json() == {"models": []}


async def test_an_error_in_the_middle_is_a_line() -> None:
    async def lines() -> Lines:
        yield {"done": False}
        raise Refusal(500, "the model ran away")

    stream = _LineStream(lines())
    await stream.begin()
    assert [line async for line in stream] == [b'{"done":false}\n', b'{"error":"the model ran away"}\n']
    await stream.aclose()


async def test_without_the_extra_the_engine_says_how_to_get_it(
    model: EmbeddedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    monkeypatch.setattr(sys, "meta_path", [importlib.machinery.BuiltinImporter])
    with pytest.raises(EngineMissing) as caught:
        EmbeddedTransport(model)
    assert "ollama-chat-tui[embedded]" in caught.value.hint
