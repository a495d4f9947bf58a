"""Ollama's HTTP API on top of the embedded engine, as an httpx transport.

Whoever posts to it cannot tell it from a server: routes, status codes, headers and texts are Ollama's (held
against recorded replies of 0.33). It keeps one model, and refuses what that lacks: images, thinking, and
tools where its template has no words for them.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import httpx
import msgspec

from ollama_chat_tui.backends.embedded.duration import read_keep_alive
from ollama_chat_tui.backends.embedded.engine import Engine, is_installed
from ollama_chat_tui.backends.embedded.model import EmbeddedModel, full_name, short_name
from ollama_chat_tui.backends.embedded.option import LoadOptions, Options
from ollama_chat_tui.backends.embedded.refusal import Refusal, refuse_request
from ollama_chat_tui.backends.embedded.request import ChatRequest, ShowRequest, decode, required_name
from ollama_chat_tui.backends.embedded.residency import Residency
from ollama_chat_tui.backends.embedded.translate import Answer, llama_request
from ollama_chat_tui.errors import EngineMissing

API_VERSION = "0.33.0"  # the Ollama whose API this is

_JSON = "application/json; charset=utf-8"
_PLAIN = "text/plain"
_RUNNER_STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error, "
    "check ollama server logs for details"
)

Lines = AsyncGenerator[dict[str, Any], None]


class EmbeddedTransport(httpx.AsyncBaseTransport):
    """Answers requests for one model, in this process."""

    def __init__(self, model: EmbeddedModel) -> None:
        """Make ready for `model`; it is loaded by the first request that needs it.

        Raises:
            EngineMissing: when the extra `embedded` is not installed.
        """
        if not is_installed():
            raise EngineMissing(
                "The embedded engine is not installed.", "Install it: pip install 'ollama-chat-tui[embedded]'"
            )
        self._model = model
        self._engine = Engine(model.path)
        self._residency = Residency(self._engine)
        get = ("HEAD", "GET")
        self._routes: dict[str, tuple[tuple[str, ...], Callable[[bytes], Awaitable[httpx.Response]]]] = {
            "/": (get, self._root),
            "/api/version": (get, self._version),
            "/api/tags": (get, self._tags),
            "/api/ps": (("GET",), self._ps),
            "/api/show": (("POST",), self._show),
            "/api/chat": (("POST",), self._chat),
            "/api/pull": (("POST",), self._keep),
            "/api/copy": (("POST",), self._keep),
            "/api/delete": (("DELETE",), self._keep),
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; whatever goes wrong is a response too."""
        methods, handler = self._routes.get(request.url.path, ((), None))
        if handler is None:
            return _text(404, "404 page not found", _PLAIN)
        if request.method not in methods:
            response = _text(405, "405 method not allowed", _PLAIN)
            response.headers["Allow"] = ", ".join(methods)
            return response
        try:
            response = await handler(await request.aread())
        except Refusal as refusal:
            return _json({"error": refusal.text}, refusal.status)
        return (
            httpx.Response(response.status_code, headers=response.headers)
            if request.method == "HEAD"
            else response
        )

    async def aclose(self) -> None:
        """Stop what runs and unload the model."""
        self._residency.cancel()
        await self._engine.aclose()

    async def _root(self, _body: bytes) -> httpx.Response:
        return _text(200, "Ollama is running", "text/plain; charset=utf-8")

    async def _version(self, _body: bytes) -> httpx.Response:
        return _json({"version": API_VERSION})

    async def _tags(self, _body: bytes) -> httpx.Response:
        model = self._model
        listed = {
            **self._identity(),
            "modified_at": model.modified.isoformat(),
            "details": model.listed_details,
            "capabilities": model.capabilities,
        }
        return _json({"models": [listed]})

    async def _ps(self, _body: bytes) -> httpx.Response:
        loaded = self._engine.options
        if loaded is None:
            return _json({"models": []})
        running = {
            **self._identity(),
            "details": self._model.details,
            "expires_at": self._residency.expires.isoformat(),
            "size_vram": 0,
            "context_length": loaded.context_tokens,
        }
        return _json({"models": [running]})

    async def _show(self, body: bytes) -> httpx.Response:
        request = decode(body, ShowRequest)
        name = required_name(request.model or request.name)
        if not self._model.is_called(name):
            raise Refusal(404, f"model '{short_name(name)}' not found")
        return _json(_describe(self._model))

    async def _keep(self, _body: bytes) -> httpx.Response:
        raise Refusal(501, f"it has one model, {self._model.name}, which can be neither removed nor joined")

    async def _chat(self, body: bytes) -> httpx.Response:
        request = decode(body, ChatRequest)
        request.check()
        name = required_name(request.model)
        if not self._model.is_called(name):
            raise Refusal(404, f"model '{name}' not found")
        answer, keep_ns = Answer(name, request.top_logprobs or 0), read_keep_alive(request.keep_alive)
        if not request.messages and keep_ns == 0:
            self._residency.forget()
            await self._engine.unload()
            return _json(answer.empty("unload"))
        options = self._options(request, name)
        loading = options.load_options(
            self._model.context_tokens, os.cpu_count() or 1, request.shift is not False
        )
        if not request.messages:
            with self._residency.request(keep_ns):
                await self._engine.load(loading)
            return _json(answer.empty("load"))
        return await self._respond(request, self._answer(request, answer, options, loading, keep_ns), answer)

    def _options(self, request: ChatRequest, name: str) -> Options:
        if request.think:
            raise Refusal(400, f"{json.dumps(name)} does not support thinking")
        if request.tools and "tools" not in self._model.capabilities:
            raise Refusal(400, f"{full_name(name)} does not support tools")
        return Options(self._model.parameters, request.options or {})

    async def _respond(self, request: ChatRequest, lines: Lines, answer: Answer) -> httpx.Response:
        if request.stream is False:
            async with aclosing(lines):
                last = [line async for line in lines][-1]
            return _json(answer.whole(last))
        stream = _LineStream(lines)
        try:
            await stream.begin()
        except Refusal as refusal:
            return _text(refusal.status, _encode({"error": refusal.text}).decode(), "application/json")
        return httpx.Response(200, headers={"Content-Type": "application/x-ndjson"}, stream=stream)

    async def _answer(
        self,
        request: ChatRequest,
        answer: Answer,
        options: Options,
        loading: LoadOptions,
        keep_ns: int | None,
    ) -> Lines:
        if any(message.images for message in request.messages or ()):
            raise refuse_request("Multimodal data provided, but model does not support multimodal requests.")
        translated = llama_request(request, request.schema(), options, loading.context_tokens)
        with self._residency.request(keep_ns):
            async with aclosing(self._engine.answer(loading, translated)) as chunks:
                line: dict[str, Any] = {}
                async for chunk in chunks:
                    if not chunk:
                        answer.loaded()
                        continue
                    for line in answer.lines(chunk):
                        yield line
        if not line.get("done"):  # the transport was closed under it
            raise Refusal(500, _RUNNER_STOPPED)

    def _identity(self) -> dict[str, Any]:
        model = self._model
        return {"name": model.name, "model": model.name, "size": model.size, "digest": model.digest}


class _LineStream(httpx.AsyncByteStream):
    """NDJSON, a line as soon as it is there. Nothing is promised to the client before the first."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._first: dict[str, Any] = {}

    async def begin(self) -> None:
        """Wait for the first line."""
        try:
            self._first = await anext(self._lines)
        except BaseException:
            await self.aclose()
            raise

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield _encode(self._first) + b"\n"
        try:
            async for line in self._lines:
                yield _encode(line) + b"\n"
        except Refusal as refusal:
            yield _encode({"error": refusal.text}) + b"\n"

    async def aclose(self) -> None:
        await self._lines.aclose()


def _describe(model: EmbeddedModel) -> dict[str, Any]:
    lines = [f"{name:<30} {json.dumps(value)}" for name, value in model.parameters.items()]
    modelfile = [
        f"FROM {model.path}",
        *(f"PARAMETER {name} {value}" for name, value in model.parameters.items()),
    ]
    described = {
        "modelfile": "\n".join([*modelfile, ""]),
        "parameters": "\n".join(lines),
        "template": model.template,
        "details": model.details,
        "model_info": _model_info(model),
        "capabilities": model.capabilities,
        "modified_at": model.modified.isoformat(),
    }
    return {key: value for key, value in described.items() if value}


def _model_info(model: EmbeddedModel) -> dict[str, Any]:
    told = {key: value for key, value in model.header.values.items() if key != "tokenizer.chat_template"}
    return dict(sorted((told | {"general.parameter_count": model.header.parameter_count}).items()))


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value)


def _json(value: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, headers={"Content-Type": _JSON}, content=_encode(value))


def _text(status: int, text: str, content_type: str) -> httpx.Response:
    return httpx.Response(status, headers={"Content-Type": content_type}, content=text.encode())
