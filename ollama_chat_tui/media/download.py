"""A picture from an address: by http and https alone, of a limited size, within a limited time."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from ollama_chat_tui import __version__
from ollama_chat_tui.errors import DownloadFailed, TooLarge
from ollama_chat_tui.media.size import MAX_DOWNLOAD_BYTES, size_text

TIMEOUT_S: Final = 30.0
_CONNECT_TIMEOUT_S: Final = 10.0
_MOST_REDIRECTS: Final = 5
_TYPES: Final = ("image/", "audio/", "application/octet-stream", "binary/octet-stream")


async def download(url: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """Fetch `url`; cancelling hangs up at once.

    Raises:
        DownloadFailed: it gives no picture, or not in time.
        TooLarge: it gives more than `MAX_DOWNLOAD_BYTES`.
    """
    label = label_of(url)
    try:
        async with (
            asyncio.timeout(timeout_s),
            # No cookies, no keys and no .netrc: all that is sent is the address.
            httpx.AsyncClient(
                headers={"User-Agent": f"ollama-chat/{__version__}", "Accept": "image/*, audio/*;q=0.9"},
                timeout=httpx.Timeout(timeout_s, connect=_CONNECT_TIMEOUT_S),
            ) as client,
        ):
            return await _fetch(client, url, label)
    except TimeoutError as exc:
        raise DownloadFailed(f"{label} did not give the picture within {timeout_s:g} s.") from exc
    except httpx.InvalidURL as exc:
        raise DownloadFailed(f"{label} is no address.", f"{exc}.") from exc
    except httpx.HTTPError as exc:
        raise DownloadFailed(f"{label} cannot be downloaded.", f"{exc or type(exc).__name__}.") from exc


def label_of(url: str) -> str:
    """The address without what may be secret in it: a password, a signature."""
    parts = _parts(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def name_of(url: str) -> str:
    """What the file behind the address is called."""
    parts = _parts(url)
    return unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc.rpartition("@")[2]


def _parts(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as exc:
        raise DownloadFailed("That is no address of a picture.", f"{exc}.") from exc


async def _fetch(client: httpx.AsyncClient, url: str, label: str) -> bytes:
    address = httpx.URL(url)
    for _ in range(_MOST_REDIRECTS + 1):
        if address.scheme not in ("http", "https"):
            raise DownloadFailed(f"{label} leads to {address.scheme}://, which is not followed.")
        async with client.stream("GET", address) as response:
            if response.next_request is None:
                return await _body(response, label)
            address = response.next_request.url
    raise DownloadFailed(f"{label} leads from one address to the next, more than {_MOST_REDIRECTS} times.")


async def _body(response: httpx.Response, label: str) -> bytes:
    if response.status_code != httpx.codes.OK:
        raise DownloadFailed(
            f"{label} answers {response.status_code} {response.reason_phrase}.".replace(" .", ".")
        )
    told = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if told and not told.startswith(_TYPES):
        raise DownloadFailed(
            f"{label} is {told}, not a picture.",
            "It is a page: give the address of the picture in it." if told == "text/html" else "",
        )
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MAX_DOWNLOAD_BYTES:
        raise _too_large(label, size_text(int(length)))
    data = bytearray()
    async for block in response.aiter_bytes():
        data += block
        if len(data) > MAX_DOWNLOAD_BYTES:
            raise _too_large(label, f"more than {size_text(MAX_DOWNLOAD_BYTES)}")
    return bytes(data)


def _too_large(label: str, size: str) -> TooLarge:
    return TooLarge(f"{label} has {size}.", f"{size_text(MAX_DOWNLOAD_BYTES)} are the most of a download.")
