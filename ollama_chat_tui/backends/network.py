"""The transport to a real server: httpx's own, but for small chunks joined and connections kept longer.

Imported only when a network is used, since it brings httpcore with it.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from ollama_chat_tui.backends.chunks import ChunkJoiner

KEPT_S = 60.0


class NetworkTransport(httpx.AsyncHTTPTransport):
    """Straight to a server, over TCP or a Unix socket."""

    def __init__(self, certificates: ssl.SSLContext, socket: str) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            uds=socket or None,
            max_connections=None,
            # People think longer than httpx's 5 s before they ask on; a dead connection is noticed.
            keepalive_expiry=KEPT_S,
            network_backend=_JoiningBackend(),
        )


class _JoiningBackend(httpcore.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _JoiningStream(await super().connect_tcp(host, port, timeout, local_address, socket_options))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _JoiningStream(await super().connect_unix_socket(path, timeout, socket_options))


class _JoiningStream(httpcore.AsyncNetworkStream):
    def __init__(self, below: httpcore.AsyncNetworkStream) -> None:
        self._below = below
        self._joiner = ChunkJoiner()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        while data := await self._below.read(max_bytes, timeout):
            if joined := self._joiner.feed(data):
                return joined
        return self._joiner.rest()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        self._joiner.expect_reply()
        await self._below.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._below.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        return _JoiningStream(await self._below.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._below.get_extra_info(info)
