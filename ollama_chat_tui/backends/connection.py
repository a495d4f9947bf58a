"""One host over HTTP: requests out, bytes and lines in, every failure one of ours.

Knows httpx and Ollama's conventions of transport; knows no route and no shape of any reply.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

from ollama_chat_tui import __version__
from ollama_chat_tui.backends.body import Body
from ollama_chat_tui.backends.failures import elsewhere, failure, not_ollama, took_too_long, translated
from ollama_chat_tui.backends.hosts import Host
from ollama_chat_tui.backends.lines import LineSplitter
from ollama_chat_tui.backends.wire import Refusal, read_refusal
from ollama_chat_tui.chat.events import Phase
from ollama_chat_tui.errors import BackendError, BadHost, UsageError

CONNECT_TIMEOUT_S = 5.0
QUERY_TIMEOUT_S = 10.0
FIRST_LOOK_S = 0.5
NEXT_LOOK_S = 2.0
SHORTEST_SECRET = 4

Look = Callable[[], Awaitable[Phase]]
"""Asks what a server that says nothing is doing; never raises."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Access:
    """How a host wants to be spoken to.

    Attributes:
        api_key: a bearer key; sent to Ollama's cloud, and to this host when `sends_key` says so.
        headers: sent with every request.
        ca_file: certificates of an authority of one's own, PEM.
    """

    api_key: str = field(default="", repr=False)
    sends_key: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None


class Connection:
    """Requests to one host, through a network or through a transport that stands in for one."""

    def __init__(
        self, host: Host, access: Access | None = None, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Make the client; nothing is sent yet.

        Raises:
            UsageError: the CA file, a header, the proxy of the environment or the host cannot be used.
        """
        self.host = host
        access = access or Access()
        self._is_network = transport is None
        self._secrets = _secrets(access)
        try:
            self._http = httpx.AsyncClient(
                base_url=host.url,
                headers=_headers(host, access),
                transport=transport or _network(host, access),
                # A model may take minutes to load, and hanging up aborts the load: only connecting is timed.
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
                # A redirect is an error: nothing, least of all a key, follows one to another origin.
                follow_redirects=False,
                trust_env=False,
            )
        except httpx.InvalidURL as exc:
            raise BadHost(f"{host.label} is no address of a server.", "Check OLLAMA_HOST or --host.") from exc

    async def aclose(self) -> None:
        """Close every connection."""
        with suppress(httpx.HTTPError, OSError):
            await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        model: str = "",
        timeout_s: float = QUERY_TIMEOUT_S,
    ) -> bytes:
        """Send and read the whole reply. What only asks is sent once more when a kept connection died.

        Raises:
            BackendError: as `failures` names it.
        """
        return (await self._exchange(method, path, body, model, timeout_s)).content

    async def headers(self, path: str, *, timeout_s: float = QUERY_TIMEOUT_S) -> Mapping[str, str]:
        """HEAD: the headers of the reply, named in any case; raises as `request` does."""
        return (await self._exchange("HEAD", path, None, "", timeout_s)).headers

    async def _exchange(
        self, method: str, path: str, body: bytes | None, model: str, timeout_s: float
    ) -> httpx.Response:
        is_kept = True

        async def trace(event: str, _: object) -> None:
            nonlocal is_kept
            is_kept = is_kept and not event.startswith("connection.connect")

        request = self._http.build_request(method, path, content=body, extensions={"trace": trace})
        async with translated(self.host):
            try:
                async with asyncio.timeout(timeout_s):
                    try:
                        response = await self._http.send(request)
                    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                        if method not in ("GET", "HEAD") or not (is_kept and self._is_network):
                            raise
                        response = await self._http.send(request)
            except TimeoutError as exc:
                raise took_too_long(self.host) from exc
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response, model)
        return response

    async def stream(
        self, path: str, body: bytes | Body, *, model: str = "", look: Look | None = None
    ) -> AsyncGenerator[Phase | list[bytes], None]:
        """POST and yield the phases of waiting, then the lines of the reply as they arrive together.

        Closing it hangs up. The request is never sent again by itself.

        Raises:
            BackendError: as `failures` names it.
        """
        is_sent = asyncio.Event()

        async def trace(event: str, _: object) -> None:
            if event.endswith("send_request_body.complete"):
                is_sent.set()

        if not self._is_network:
            is_sent.set()  # what stands in for a network is there already, and traces nothing
        request = self._request(path, body, {"trace": trace})
        async with translated(self.host):
            sending = asyncio.create_task(self._http.send(request, stream=True))
            is_whole = False
            try:
                yield Phase.CONNECTING
                async with aclosing(_phases(sending, is_sent, look)) as phases:
                    async for phase in phases:
                        yield phase
                response = await sending
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    is_whole = True
                    raise self._refusal(response, model)
                if response.headers.get("content-type", "").startswith("text/"):
                    raise not_ollama(self.host)
                yield Phase.ANSWERING
                splitter = LineSplitter()
                async for block in response.aiter_bytes():
                    if lines := splitter.feed(block):
                        yield lines
                is_whole = True
                if rest := splitter.rest():
                    yield [rest]
            finally:
                # Shielded: a second Ctrl-C must not leave the connection open, and the model writing.
                await asyncio.shield(_hang_up(sending, is_whole))

    def _request(self, path: str, body: bytes | Body, extensions: dict[str, Any]) -> httpx.Request:
        if isinstance(body, bytes):
            return self._http.build_request("POST", path, content=body, extensions=extensions)
        # With its length told it is not sent chunked, which not every proxy passes on.
        headers = {"Content-Length": str(body.length)}
        return self._http.build_request(
            "POST", path, content=_Pieces(body), headers=headers, extensions=extensions
        )

    def failure(self, refusal: Refusal, model: str, status: int = 200) -> BackendError:
        """Name what the server said, without a secret that it may have echoed."""
        return failure(refusal, self.host, model, status, self._secrets)

    def _refusal(self, response: httpx.Response, model: str) -> BackendError:
        status = response.status_code
        if status < httpx.codes.BAD_REQUEST:
            return elsewhere(self.host, status)
        return self.failure(read_refusal(response.content), model, status)


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, body: Body) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._body:
            yield piece


async def _phases(
    sending: asyncio.Task[httpx.Response], is_sent: asyncio.Event, look: Look | None
) -> AsyncGenerator[Phase, None]:
    """Yield what the server seems to be doing, until its first byte is there."""
    reaching = asyncio.create_task(is_sent.wait())
    try:
        await asyncio.wait({sending, reaching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        reaching.cancel()
    if sending.done():
        return
    yield Phase.WAITING
    delay_s = FIRST_LOOK_S
    while look:
        await asyncio.wait({sending}, timeout=delay_s)
        if sending.done():
            return
        looking = asyncio.ensure_future(look())
        try:
            await asyncio.wait({sending, looking}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                return
            yield looking.result()
        finally:
            looking.cancel()
        delay_s = NEXT_LOOK_S


async def _hang_up(sending: asyncio.Task[httpx.Response], is_whole: bool) -> None:
    """Close the connection wherever the exchange stands: to Ollama this is the order to stop."""
    sending.cancel()
    await asyncio.wait({sending})
    if sending.cancelled() or sending.exception() is not None:
        return
    response = sending.result()
    with suppress(httpx.HTTPError, OSError):
        await response.aclose()
    # httpcore closes by itself what is cancelled while it reads, but cancelled once more it stops halfway.
    if not is_whole and (network := response.extensions.get("network_stream")):
        await network.aclose()


def _network(host: Host, access: Access) -> httpx.AsyncBaseTransport:
    certificates = _certificates(host, access)
    if proxy := proxy_for(host):
        try:
            return httpx.AsyncHTTPTransport(verify=certificates, proxy=proxy)
        except (ImportError, ValueError, httpx.InvalidURL):
            # The address may hold a password, so it is not told, and neither is the cause.
            raise UsageError(
                "The proxy that the environment names cannot be used.",
                "Only http:// and https:// proxies are; NO_PROXY excepts a host.",
            ) from None
    from ollama_chat_tui.backends.network import NetworkTransport  # see there

    return NetworkTransport(certificates, host.socket)


def proxy_for(host: Host) -> str:
    """The proxy of the environment, perhaps with a password in it; none is empty.

    Unlike httpx, and like Go, this machine itself never has one.
    """
    if host.is_loopback or proxy_bypass(host.name):
        return ""
    proxies = getproxies()
    proxy = proxies.get(host.scheme) or proxies.get("all", "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def _headers(host: Host, access: Access) -> httpx.Headers:
    # A reply of Ollama's cloud passes through with the encoding that was asked for, so none is.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"ollama-chat/{__version__}"}
    if access.api_key and (access.sends_key or host.is_ollama_cloud):
        headers["Authorization"] = f"Bearer {access.api_key.strip()}"
    for name, value in (*headers.items(), *access.headers.items()):
        if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
            raise UsageError(
                f"The header {name} cannot be sent.",
                "A name is of letters, digits and hyphens; a value of printable ASCII characters.",
            )
    sent = httpx.Headers(headers)
    sent.update(access.headers)  # in whatever case: one's own Authorization replaces the key's
    return sent


def _secrets(access: Access) -> list[str]:
    """The key, each header's value, and the credentials after the scheme in `Bearer …`."""
    texts = [access.api_key.strip(), *access.headers.values()]
    texts += [text.rpartition(" ")[2] for text in texts]
    return [text for text in texts if len(text) >= SHORTEST_SECRET]


def _certificates(host: Host, access: Access) -> ssl.SSLContext:
    if host.scheme != "https":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks nothing yet; a full one takes 40 to 70 ms
    if access.ca_file is None:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=access.ca_file)
    except (OSError, ssl.SSLError) as exc:
        raise UsageError(
            f"The certificates in {access.ca_file} cannot be read.", "It must be a PEM file."
        ) from exc
