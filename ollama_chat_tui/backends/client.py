"""The client of Ollama's API: every request and reply typed, every failure one of ours.

What answers may be a server or any httpx transport that speaks Ollama's wire format; nobody above this
module can tell. Source of every route and shape: server/routes.go of Ollama 0.33.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from ollama_chat_tui.backends.connection import QUERY_TIMEOUT_S, Access, Connection
from ollama_chat_tui.backends.failures import bad_line, not_ollama
from ollama_chat_tui.backends.hosts import Host
from ollama_chat_tui.backends.names import is_cloud_model, same_model
from ollama_chat_tui.backends.wire import (
    UNREADABLE,
    Account,
    ChatLine,
    CreateRequest,
    Decoder,
    InstalledModel,
    InstalledModels,
    LoadedModel,
    LoadedModels,
    ShownModel,
    StatusLine,
    Version,
    encode,
    encode_chat,
    to_wire,
)
from ollama_chat_tui.chat.events import Phase
from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.chat.options import check_options
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import (
    AnswerIncomplete,
    BackendError,
    ModelNotFound,
    ServerBusy,
    Unauthorized,
)

LOADED_TIMEOUT_S = 1.0
LAST_BYTES_TIMEOUT_S = 1.0

Reply = TypeVar("Reply")
Line = TypeVar("Line", ChatLine, StatusLine)

_CHAT_LINES = Decoder(ChatLine)
_STATUS_LINES = Decoder(StatusLine)


class OllamaClient:
    """Speaks to one host. Close it with `aclose`, or use it as an async context manager.

    Every method raises `BackendError` and nothing else, unless it says so.
    """

    def __init__(
        self, host: Host, access: Access | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Raises `UsageError` when the CA file of `access` cannot be read."""
        self.host = host
        self.access = access or Access()
        self._connection = Connection(host, self.access, transport)

    async def __aenter__(self) -> OllamaClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connection.aclose()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        """POST /api/chat: the phases of waiting, then the pieces of the answer. Never sent twice.

        Raises:
            BadOption: an option is unknown or has a wrong type; nothing was sent.
        """
        model = request.settings.model
        body = encode_chat(request.with_options(check_options(request.settings.options)))
        look = None if is_cloud_model(model) else lambda: self._phase(model)
        pieces = self._connection.stream("/api/chat", body, model=model, look=look)
        async with self._advised(model), aclosing(pieces):
            async for piece in pieces:
                if isinstance(piece, Phase):
                    yield piece
                    continue
                for raw in piece:
                    line = self._read(_CHAT_LINES, raw, model)
                    yield line.to_delta()
                    if line.done:
                        await _read_out(pieces)
                        return
        raise AnswerIncomplete(
            f"{self.host.label} ended the answer without saying that it is whole.",
            "A model caught in a repetition ends so. What had arrived is kept.",
        )

    async def load(self, settings: Settings) -> None:
        """Load the model with the options it will be asked with; returns when it is ready."""
        async with aclosing(self.chat(ChatRequest(settings, ()))) as pieces:
            async for _ in pieces:
                pass

    async def unload(self, model: str) -> None:
        """Free the memory the model holds."""
        await self.load(Settings(model, keep_alive=0))

    async def version(self) -> str:
        """GET /api/version; `0.0.0` is a development build, newer than any other."""
        return (await self._query("GET", "/api/version", Version)).version

    async def server_time(self) -> datetime | None:
        """HEAD /: what time it is there, by the header `Date`; None when it does not tell."""
        try:
            told = parsedate_to_datetime((await self._connection.headers("/")).get("Date", ""))
        except ValueError:
            return None
        return told if told.tzinfo else told.replace(tzinfo=UTC)

    async def installed(self) -> list[InstalledModel]:
        """GET /api/tags: the models there are, newest first."""
        return (await self._query("GET", "/api/tags", InstalledModels)).models or []

    async def loaded(self) -> list[LoadedModel]:
        """GET /api/ps: the models in memory. It can block while one loads, so it is timed shortly."""
        reply = await self._query("GET", "/api/ps", LoadedModels, timeout_s=LOADED_TIMEOUT_S)
        return reply.models or []

    async def window_tokens(self, model: str) -> int | None:
        """How many tokens fit into the window of a loaded model; None where the server does not say."""
        sizes = (each.context_length for each in await self.loaded() if same_model(each.name, model))
        return next((size for size in sizes if size), None)

    async def show(self, model: str) -> ShownModel:
        """POST /api/show."""
        async with self._advised(model):
            return await self._query("POST", "/api/show", ShownModel, {"model": model}, model=model)

    async def delete(self, model: str) -> None:
        """DELETE /api/delete, with a body; the reply has none."""
        async with self._advised(model):
            await self._send("DELETE", "/api/delete", {"model": model}, model)

    async def copy(self, source: str, destination: str) -> None:
        """POST /api/copy; the reply has no body."""
        async with self._advised(source):
            await self._send("POST", "/api/copy", {"source": source, "destination": destination}, source)

    async def account(self) -> Account:
        """POST /api/me: who is signed in at Ollama's cloud."""
        return await self._query("POST", "/api/me", Account)

    def pull(self, model: str) -> AsyncGenerator[StatusLine, None]:
        """POST /api/pull; closing it leaves a download that goes on where it stopped."""
        return self._progress("/api/pull", {"model": model}, model)

    def create(
        self,
        model: str,
        source: str,
        *,
        system: str = "",
        parameters: Mapping[str, object] | None = None,
        messages: Sequence[Message] = (),
    ) -> AsyncGenerator[StatusLine, None]:
        """POST /api/create: a new model of `source` with a system prompt, options and messages."""
        body = CreateRequest(model, source, system, parameters or {}, [to_wire(each) for each in messages])
        return self._progress("/api/create", body, source)

    async def _progress(self, path: str, body: object, model: str) -> AsyncGenerator[StatusLine, None]:
        pieces = self._connection.stream(path, encode(body), model=model)
        async with aclosing(pieces):
            async for piece in pieces:
                for raw in () if isinstance(piece, Phase) else piece:
                    line = self._read(_STATUS_LINES, raw, model)
                    yield line
                    if line.status == "success":
                        await _read_out(pieces)
                        return
        raise AnswerIncomplete(f"{self.host.label} stopped before it was done with {model}.", "Try again.")

    def _read(self, decode: Decoder[Line], raw: bytes, model: str) -> Line:
        try:
            line = decode(raw)
        except UNREADABLE as exc:
            raise bad_line(self.host) from exc
        if line.error is not None:
            raise self._connection.failure(line, model)
        return line

    async def _query(
        self,
        method: str,
        path: str,
        kind: type[Reply],
        body: Mapping[str, Any] | None = None,
        *,
        model: str = "",
        timeout_s: float = QUERY_TIMEOUT_S,
    ) -> Reply:
        sent = None if body is None else encode(body)
        reply = await self._connection.request(method, path, sent, model=model, timeout_s=timeout_s)
        try:
            return Decoder(kind)(reply)
        except UNREADABLE as exc:
            raise not_ollama(self.host) from exc

    async def _send(self, method: str, path: str, body: Mapping[str, Any], model: str) -> None:
        await self._connection.request(method, path, encode(body), model=model)

    async def _phase(self, model: str) -> Phase:
        try:
            loaded = await self.loaded()
        except ServerBusy:
            return Phase.LOADING  # /api/ps waits for the lock that a loading model holds
        except BackendError:
            return Phase.WAITING  # too old for /api/ps, or not letting us ask
        return Phase.READING if any(same_model(model, each.name) for each in loaded) else Phase.LOADING

    @asynccontextmanager
    async def _advised(self, model: str) -> AsyncIterator[None]:
        """Complete a refusal's hint with what only the server can tell."""
        try:
            yield
        except ModelNotFound as exc:
            with suppress(BackendError):
                names = [each.name for each in await self.installed()]
                if near := get_close_matches(model, names, n=3, cutoff=0.4):
                    exc.hint = f"Did you mean {' or '.join(near)}? {exc.hint}"
            raise
        except Unauthorized as exc:
            if exc.signin_url or self.host.is_ollama_cloud:
                raise
            # A 401 passed on from upstream lacks the address; Ollama itself knows it (`ollama-api` 2.1).
            try:
                await self.account()
            except Unauthorized as told:
                if told.signin_url:
                    raise told from exc
            except BackendError:
                pass
            raise


if TYPE_CHECKING:
    _BACKEND: type[Backend] = OllamaClient  # the client is what the engine asks for


async def _read_out(pieces: AsyncGenerator[Any, None]) -> None:
    """Read the end of a reply after its last line, so that the connection can be used again."""
    with suppress(BackendError, TimeoutError):
        async with asyncio.timeout(LAST_BYTES_TIMEOUT_S):
            async for _ in pieces:
                pass
