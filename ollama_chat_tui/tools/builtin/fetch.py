"""Pages of the web. The address that is connected to is the one that was looked at, also after a redirect."""

from __future__ import annotations

import asyncio
import codecs
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import httpx

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.tools.address import Address, is_public, resolve
from ollama_chat_tui.tools.definition import Tool, ToolFailure
from ollama_chat_tui.tools.function import tool_of
from ollama_chat_tui.tools.page_text import page_text

MOST_BYTES = 500_000
TIME_LIMIT_S = 30.0
_MOST_REDIRECTS = 5
Reach = Callable[[Address], bool]

_CHARSET: Final = re.compile(r";\s*+charset\s*+=\s*+[\"']?([^\s\"';]+)")
# No page is in these, and one of them takes a minute for a megabyte.
_OF_PYTHON: Final = {"punycode", "unicode-escape", "raw-unicode-escape"}
_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml", "application/javascript")


@dataclass(frozen=True)
class Page:
    """What came."""

    status: int
    kind: str
    text: str
    is_whole: bool


def fetch_tool(may_reach: Reach = is_public, trust: ssl.SSLContext | None = None) -> Tool:
    """`fetch_url`, from the addresses that `may_reach` lets pass; `trust` is for authorities of one's own."""

    async def fetch_url(url: str) -> str:
        """Get a page of the web as text.

        Args:
            url: the whole address, beginning with https:// or http://.
        """
        page = await _fetch(url, may_reach, trust)
        # Not in the event loop: a page may be made to take long.
        text = await asyncio.to_thread(page_text, page.text) if "html" in page.kind else page.text
        note = "" if page.is_whole else f"\n[Only the first {MOST_BYTES:,} bytes were read.]"
        head = "" if page.status == 200 else f"The server answered with status {page.status}.\n"
        return (head + text + note) or "The page is empty."

    return tool_of(
        fetch_url,
        ToolFacts(Effect.READS),
        explain=lambda _: (
            "Sends a request to that address, which can tell the server things, and reads the reply."
        ),
        subject="url",
        time_limit_s=TIME_LIMIT_S,
    )


async def _fetch(address: str, may_reach: Reach, trust: ssl.SSLContext | None) -> Page:
    url = _url(address)
    # No proxies of the environment, which would resolve the name themselves, and no .netrc.
    async with httpx.AsyncClient(verify=trust or True, trust_env=False, timeout=TIME_LIMIT_S) as client:
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                got = await _get(client, url, may_reach)
            except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, OSError) as exc:
                raise ToolFailure(
                    f"{url.host} does not answer as a web server: {type(exc).__name__}."
                ) from exc
            if isinstance(got, Page):
                return got
            there = _url(str(got))
            if there.host != url.host:
                client.cookies.clear()  # kept by the number connected to, which many hosts may share
            url = there
    raise ToolFailure(f"{address} redirects more than {_MOST_REDIRECTS} times.")


def _url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError, TypeError) as exc:
        raise ToolFailure("This is no address of a page.") from exc
    if url.scheme not in ("http", "https") or not url.host:
        raise ToolFailure("Only addresses with http:// and https:// can be fetched.")
    if url.userinfo:
        raise ToolFailure("An address with a name and a password is not fetched.")
    return url


async def _get(client: httpx.AsyncClient, url: httpx.URL, may_reach: Reach) -> Page | httpx.URL:
    """The page, or where it is said to be."""
    port = url.port or (443 if url.scheme == "https" else 80)
    ip = await resolve(url.raw_host.decode("ascii"), port, may_reach)
    request = client.build_request(
        "GET",
        url.copy_with(host=ip),
        # What is compressed may be a thousand times as long as what is counted.
        headers={
            "Host": url.netloc.decode("ascii"),
            "Accept-Encoding": "identity",
            "User-Agent": "ollama-chat",
        },
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        if response.is_redirect and "location" in response.headers:
            return url.join(response.headers["location"])
        kind = response.headers.get("content-type", "text/plain").lower()
        if not kind.startswith(_TEXTS) and "+json" not in kind and "+xml" not in kind:
            raise ToolFailure(f"What is there is {kind.partition(';')[0]}, not text.")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ToolFailure("The server sends compressed data, which it was asked not to.")
        content = bytearray()
        async for block in response.aiter_raw():
            content += block
            if len(content) > MOST_BYTES:
                break
        text = _decoded(bytes(content[:MOST_BYTES]), kind)
        return Page(response.status_code, kind, text, len(content) <= MOST_BYTES)
    finally:
        await response.aclose()


def _decoded(content: bytes, kind: str) -> str:
    # Not by the parsers of httpx and the standard library, which a long header keeps busy for seconds.
    named = _CHARSET.search(kind)
    charset = named[1] if named else "utf-8"
    with suppress(LookupError, ValueError):
        if codecs.lookup(charset).name not in _OF_PYTHON:
            return content.decode(charset, "replace")
    return content.decode("utf-8", "replace")
