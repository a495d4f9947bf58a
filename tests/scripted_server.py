"""A real HTTP server on loopback that does exactly what a test tells it, good manners or none.

It runs in a thread with an event loop of its own, so that an asynchronous test, a synchronous one and a
command in another process can all be answered by it. A script is a list of steps; each request to a path
takes the next script enqueued for that path, and a path without one is answered as Ollama would answer.

    server.enqueue(head(), lines(text("Hel")), reset())

What a test waits for is an event: `Signal.wait` blocks, `Signal.arrives` is awaited.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.scripted_replies import PATIENCE_S, Json, Peer, Signal, Step, head_bytes, installed, raw, reply


@dataclass
class Request:
    """What a client sent, over which connection (counted from 0), and whether it has hung up since."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    closed: Signal = field(default_factory=Signal)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection(asyncio.Protocol):
    """One connection: requests are collected while a script may be doing anything else."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.number = 0
        self.peer: Peer
        self._buffer = b""
        self._requests: list[Request] = []
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self._serving: asyncio.Task[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.peer = Peer(transport)
        self.number = self.server.meet(self.peer)
        self._serving = asyncio.create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._requests.append(request)
            self._waiting.put_nowait(request)
            self.server.note(request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._serving.cancel()
        self.peer.may_write.set()
        for request in self._requests:
            request.closed.set()

    def pause_writing(self) -> None:
        self.peer.may_write.clear()

    def resume_writing(self) -> None:
        self.peer.may_write.set()

    def _next_request(self) -> Request | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in fields)}
        size = int(headers.get("content-length", "0"))
        if len(rest) < size:
            return None
        self._buffer = rest[size:]
        method, path, _ = first.split(" ")
        return Request(method, path, headers, rest[:size], self.number)

    async def _serve(self) -> None:
        while True:
            request = await self._waiting.get()
            for step in self.server.script_for(request):
                await step(self.peer)


class ScriptedServer:
    """Use it as a context manager. `models` and `loaded` are what it says it has.

    Attributes:
        requests: every request, in the order of arrival.
        scripts: what is still to come, by path.
        loads: requests to load or unload a model, when `answers_loads` keeps them apart.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, socket_path: Path | None = None) -> None:
        self.models = [installed("m:latest", "completion", "tools", "thinking", "vision")]
        self.loaded: list[Json] = []
        self.version = "0.33.0"
        self.answers_loads = False
        self.loads: list[Request] = []
        self.requests: list[Request] = []
        self.scripts: defaultdict[str, deque[tuple[Step, ...]]] = defaultdict(deque)
        self._arrived = threading.Condition()
        self._tls = tls
        self._socket_path = socket_path
        self._peers: list[Peer] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        self._server = self._in_loop(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._in_loop(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    @property
    def port(self) -> int:
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """What to give as --host or OLLAMA_HOST."""
        if self._socket_path:
            return f"unix://{self._socket_path}"
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def enqueue(self, *steps: Step, path: str = "/api/chat") -> None:
        """What to do at the next request to `path` that has no script yet."""
        self.scripts[path].append(steps)

    def to(self, path: str) -> list[Request]:
        """The requests to one path so far."""
        with self._arrived:
            return [each for each in self.requests if each.path == path]

    def wait_for(self, path: str = "/api/chat", nth: int = 0) -> Request:
        """The nth request to `path`; blocks until it is there."""
        with self._arrived:
            found = self._arrived.wait_for(
                lambda: [each for each in self.requests if each.path == path][nth : nth + 1], PATIENCE_S
            )
        assert found, f"no request to {path} came"
        return found[0]

    async def arrival(self, path: str = "/api/chat", nth: int = 0) -> Request:
        """The nth request to `path`; awaits it."""
        return await asyncio.to_thread(self.wait_for, path, nth)

    def meet(self, peer: Peer) -> int:
        self._peers.append(peer)
        return len(self._peers) - 1

    def note(self, request: Request) -> None:
        if self._is_load(request):
            self.loads.append(request)
            return
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()

    def script_for(self, request: Request) -> tuple[Step, ...]:
        if self._is_load(request):
            return (reply({"model": request.json["model"], "done": True, "done_reason": "load"}),)
        scripts = self.scripts[request.path]
        return scripts.popleft() if scripts else (self._as_ollama(request),)

    def _is_load(self, request: Request) -> bool:
        is_chat = self.answers_loads and request.path == "/api/chat"
        return is_chat and not request.json.get("messages")

    def _as_ollama(self, request: Request) -> Step:
        match request.method, request.path:
            case "HEAD" | "GET", "/":
                return raw(head_bytes(200, {"Content-Type": "text/plain", "Content-Length": "0"}))
            case "GET", "/api/version":
                return reply({"version": self.version})
            case "GET", "/api/tags":
                return reply({"models": self.models})
            case "GET", "/api/ps":
                return reply({"models": self.loaded})
            case "POST", "/api/show":
                return self._show(request.json["model"])
        return reply("404 page not found", status=404)

    def _show(self, name: str) -> Step:
        for model in self.models:
            if name in (model["name"], model["name"].removesuffix(":latest")):
                info = {
                    "general.architecture": "llama",
                    "llama.context_length": model["details"]["context_length"],
                }
                return reply({key: model[key] for key in ("details", "capabilities")} | {"model_info": info})
        return reply({"error": f"model '{name}' not found"}, status=404)

    def _in_loop(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE_S)

    async def _listen(self) -> asyncio.Server:
        if self._socket_path:
            return await self._loop.create_unix_server(
                lambda: Connection(self), str(self._socket_path), ssl=self._tls
            )
        return await self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self._tls)

    async def _stop(self) -> None:
        self._server.close()
        unfinished = asyncio.all_tasks() - {asyncio.current_task()}
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        for peer in self._peers:  # not before: somebody may just have been let in
            peer.transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port at which nothing listens, and which nobody else is given meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port at which a connection is never made: the queue of those who wait is full."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(2):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
