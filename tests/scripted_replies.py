"""The steps a scripted server takes, and the bodies a real Ollama would send. See `scripted_server`."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import hashlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_S = 20.0
"""How long a test waits for what must happen; never reached when all is well."""

Json = dict[str, Any]


class Signal:
    """An event that any thread may set, and any thread or coroutine may wait for."""

    def __init__(self) -> None:
        self._future: concurrent.futures.Future[None] = concurrent.futures.Future()

    def set(self) -> None:
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self._future.set_result(None)

    @property
    def is_set(self) -> bool:
        return self._future.done()

    def wait(self) -> None:
        self._future.result(PATIENCE_S)

    async def arrives(self) -> None:
        await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._future)), PATIENCE_S)


class Peer:
    """The server's end of one connection, as far as a step needs it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def send(self, data: bytes) -> None:
        self.transport.write(data)
        await self.may_write.wait()


Step = Callable[[Peer], Awaitable[None]]


def raw(data: bytes) -> Step:
    """Send bytes as they are."""
    return lambda peer: peer.send(data)


def head(status: int = 200, content_type: str = "application/x-ndjson", **headers: str) -> Step:
    """Begin a chunked reply; `Name_With` underscores becomes a header with hyphens."""
    named = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(head_bytes(status, named))


def chunk(data: bytes) -> Step:
    return raw(b"%x\r\n%s\r\n" % (len(data), data))


def lines(*objects: Json | bytes) -> Step:
    """Send each object as Ollama does: a line of JSON in a chunk of its own."""

    async def step(peer: Peer) -> None:
        for each in objects:
            line = each if isinstance(each, bytes) else json.dumps(each).encode()
            await chunk(line + b"\n")(peer)

    return step


def end() -> Step:
    """The last chunk: the reply is over, and the connection stays."""
    return raw(b"0\r\n\r\n")


def reply(
    body: Json | list[Any] | bytes | str = b"", status: int = 200, content_type: str = "", **headers: str
) -> Step:
    """A whole reply with its length: an object as JSON, a text as text."""
    if isinstance(body, dict | list):
        data, kind = json.dumps(body).encode(), "application/json; charset=utf-8"
    else:
        data, kind = (body.encode(), "text/plain") if isinstance(body, str) else (body, "")
    named = {"Content-Type": content_type or kind} if content_type or kind else {}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(head_bytes(status, {**named, "Content-Length": str(len(data))}) + data)


def wait(signal: Signal) -> Step:
    """Do nothing until the test sets `signal`."""
    return lambda _: signal.arrives()


def note(signal: Signal) -> Step:
    """Tell the test that the script came this far."""

    async def step(_: Peer) -> None:
        signal.set()

    return step


def forever(data: bytes) -> Step:
    """Send the same bytes until the client hangs up."""

    async def step(peer: Peer) -> None:
        while True:
            await peer.send(data)
            await asyncio.sleep(0)

    return step


def dribble(data: bytes) -> Step:
    """Send byte by byte, each in a packet of its own."""

    async def step(peer: Peer) -> None:
        for place in range(len(data)):
            await peer.send(data[place : place + 1])
            await asyncio.sleep(0.001)

    return step


def reset() -> Step:
    """Close with RST, as a killed process or a firewall does."""

    async def step(peer: Peer) -> None:
        await pause()(peer)  # RST throws away whatever the client has not read yet
        raw_socket = peer.transport.get_extra_info("socket")
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.transport.abort()

    return step


def pause() -> Step:
    """Give the client the time to read what was sent: nothing tells when it has."""
    return lambda _: asyncio.sleep(0.05)


def half_close() -> Step:
    async def step(peer: Peer) -> None:
        peer.transport.write_eof()

    return step


def close() -> Step:
    async def step(peer: Peer) -> None:
        peer.transport.close()

    return step


def text(content: str, model: str = "m", **message: Any) -> Json:
    """A line in the middle of an answer."""
    return {
        "model": model,
        "created_at": "2026-08-22T01:02:03.1Z",
        "message": {"role": "assistant", "content": content, **message},
        "done": False,
    }


def done(reason: str = "stop", content: str = "", **fields: Any) -> Json:
    """The last line of an answer, with metrics."""
    metrics = {
        "total_duration": 3_000_000_000,
        "load_duration": 500_000_000,
        "prompt_eval_count": 12,
        "prompt_eval_duration": 500_000_000,
        "eval_count": 20,
        "eval_duration": 2_000_000_000,
    }
    return {**text(content), "done": True, "done_reason": reason, **metrics, **fields}


def answer(*pieces: str, **last: Any) -> list[Step]:
    """A whole and healthy answer, streamed."""
    return [head(), lines(*(text(piece) for piece in pieces), done(**last)), end()]


def installed(name: str, *capabilities: str, **fields: Any) -> Json:
    """A model of /api/tags."""
    details = {"format": "gguf", "family": "llama", "parameter_size": "8.2B", "quantization_level": "Q4_K_M"}
    return {
        "name": name,
        "model": name,
        "modified_at": "2026-07-30T21:14:05.1203+02:00",
        "size": 5_225_388_164,
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": {**details, "context_length": 40960},
        "capabilities": list(capabilities or ("completion",)),
        **fields,
    }


def head_bytes(status: int, headers: dict[str, str]) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Scripted\r\n{fields}\r\n".encode("latin-1")
