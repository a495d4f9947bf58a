"""A picture from an address: a real server answers as badly as servers do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from ollama_chat_tui.errors import DownloadFailed, TooLarge
from ollama_chat_tui.media.download import download, label_of, name_of
from ollama_chat_tui.media.size import MAX_DOWNLOAD_BYTES
from tests.media.pictures import png
from tests.scripted_replies import Step, head_bytes, raw
from tests.scripted_server import ScriptedServer, closed_port


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def answer(status: int = 200, kind: str = "image/png", body: bytes = b"", **headers: str) -> Step:
    told = {"Content-Type": kind, "Content-Length": str(len(body))} | headers
    return raw(head_bytes(status, {name.replace("_", "-"): value for name, value in told.items()}) + body)


@pytest.mark.parametrize(
    "kind", ["image/png", "IMAGE/PNG; charset=binary", "application/octet-stream", "audio/wav"]
)
async def test_a_picture_is_fetched(server: ScriptedServer, kind: str) -> None:
    server.enqueue(answer(body=png(), kind=kind), path="/a.png")
    assert await download(f"{server.url}/a.png") == png()
    assert "cookie" not in server.requests[0].headers
    assert "authorization" not in server.requests[0].headers


async def test_a_redirect_is_followed(server: ScriptedServer) -> None:
    server.enqueue(answer(302, Location="/b.png"), path="/a.png")
    server.enqueue(answer(body=png()), path="/b.png")
    assert await download(f"{server.url}/a.png") == png()


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (answer(404, "text/html"), "answers 404"),
        (answer(body=b"<html>", kind="text/html; charset=utf-8"), "is text/html, not a picture"),
        (answer(302, Location="file:///etc/passwd"), "leads to file://"),
        (answer(302, Location="ftp://example.org/a.png"), "leads to ftp://"),
        (answer(302, Location="http://[/"), "cannot be downloaded"),
        (raw(b"no http at all\r\n\r\n"), "cannot be downloaded"),
        (raw(head_bytes(200, {"Content-Type": "image/png", "Content-Length": "99"}) + b"x"), "within"),
    ],
)
async def test_what_is_no_picture_is_refused_in_one_sentence(
    server: ScriptedServer, step: Step, words: str
) -> None:
    server.enqueue(step, path="/a.png")
    with pytest.raises(DownloadFailed) as caught:
        await download(f"{server.url}/a.png", timeout_s=0.5)
    assert words in caught.value.sentence
    assert server.url in caught.value.sentence


async def test_a_circle_of_redirects_ends(server: ScriptedServer) -> None:
    for _ in range(20):
        server.enqueue(answer(302, Location="/a.png"), path="/a.png")
    with pytest.raises(DownloadFailed, match="from one address to the next"):
        await download(f"{server.url}/a.png")
    assert len(server.to("/a.png")) == 6


async def test_too_many_bytes_are_refused_as_soon_as_they_are_told(server: ScriptedServer) -> None:
    told = {"Content-Type": "image/png", "Content-Length": str(300_000_000)}
    server.enqueue(raw(head_bytes(200, told)), path="/a.png")
    with pytest.raises(TooLarge, match=r"has 300 MB"):
        await download(f"{server.url}/a.png")


async def test_too_many_bytes_are_refused_when_they_were_not_told(server: ScriptedServer) -> None:
    server.enqueue(
        raw(
            head_bytes(200, {"Content-Type": "image/png", "Connection": "close"})
            + bytes(MAX_DOWNLOAD_BYTES + 1)
        ),
        path="/a.png",
    )
    with pytest.raises(TooLarge, match=r"more than 20 MB"):
        await download(f"{server.url}/a.png")


async def test_cancelling_hangs_up(server: ScriptedServer) -> None:
    server.enqueue(
        raw(head_bytes(200, {"Content-Type": "image/png", "Content-Length": "1000"})), path="/a.png"
    )
    fetching = asyncio.create_task(download(f"{server.url}/a.png"))
    request = await server.arrival("/a.png")
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    await request.closed.arrives()


async def test_nobody_there() -> None:
    with closed_port() as port, pytest.raises(DownloadFailed, match="cannot be downloaded"):
        await download(f"http://127.0.0.1:{port}/a.png")


@pytest.mark.parametrize("url", ["http://[", "http://a b/", "http://", "https://:x/a.png"])
async def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises(DownloadFailed):
        await download(url)


def test_secrets_in_an_address_are_not_told() -> None:
    assert label_of("https://me:secret@host:1/a.png?token=secret#x") == "https://host:1/a.png"
    assert name_of("https://me:secret@host/x/a%20b.png?token=secret") == "a b.png"
    assert name_of("https://me:secret@host/") == "host"
