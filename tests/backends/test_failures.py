from __future__ import annotations

import inspect
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing

import anyio
import httpx
import msgspec
import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.connection import Access
from ollama_chat_tui.backends.failures import error_text
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.events import Finished, Phase
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BackendError, ConnectionRefused, ServerUnreachable, StreamBroken
from tests.turns import SETTINGS, failure, last, take_turn

KEY = "sk-0123456789"
PASSWORD = "hunter2hunter2"
ACCESS = Access(api_key=KEY, sends_key=True, headers={"X-Auth": f"Basic {PASSWORD}"})
HOST = parse_host("http://model.example:1234")


def subclasses(kind: type[BaseException]) -> list[type[BaseException]]:
    return [kind, *(below for each in kind.__subclasses__() for below in subclasses(each))]


def instance(kind: type[BaseException]) -> BaseException:
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("POST", HOST.url)
        return kind(KEY, request=request, response=httpx.Response(500, request=request))
    if issubclass(kind, UnicodeDecodeError):
        return kind("utf-8", KEY.encode(), 0, 1, "bad")
    if issubclass(kind, UnicodeEncodeError | UnicodeTranslateError):
        return UnicodeEncodeError("utf-8", KEY, 0, 1, "bad")
    arguments = len(inspect.signature(kind).parameters) if "httpx" in kind.__module__ else 1
    return kind() if not arguments else kind(KEY)


FOREIGN = [
    *(each for each in vars(httpx).values() if inspect.isclass(each) and issubclass(each, Exception)),
    *subclasses(msgspec.MsgspecError),
    *(each for each in subclasses(OSError) if each.__module__ in ("builtins", "ssl", "socket")),
    UnicodeError,
    UnicodeDecodeError,
]


class Raising(httpx.AsyncBaseTransport):
    """Raises before the head, or in the middle of the body, or while anything is closed."""

    def __init__(self, error: BaseException, place: str) -> None:
        self.error = error
        self.place = place

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.place == "head" or request.url.path != "/api/chat":
            raise self.error
        return httpx.Response(200, stream=RaisingBody(self.error, self.place))

    async def aclose(self) -> None:
        if self.place == "close":
            raise self.error


class RaisingBody(Raising, httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"message":{"content":"Hel"}}\n'
        if self.place == "body":
            raise self.error
        yield b'{"done":true}\n'


@pytest.mark.parametrize("place", ["head", "body"])
@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
async def test_no_foreign_exception_passes_a_turn_or_tells_a_secret(
    kind: type[BaseException], place: str
) -> None:
    async with OllamaClient(HOST, ACCESS, Raising(instance(kind), place)) as client:
        failed = failure(await take_turn(client))
    assert isinstance(failed.error, BackendError)
    assert failed.message.content == ("Hel" if place == "body" else "")
    for secret in (KEY, PASSWORD):
        assert secret not in f"{failed.error!r} {failed.error} {failed.error.hint} {ACCESS!r} {client!r}"


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
async def test_no_foreign_exception_passes_a_query(kind: type[BaseException]) -> None:
    async with OllamaClient(HOST, transport=Raising(instance(kind), "head")) as client:
        with pytest.raises(BackendError):
            await client.installed()


async def test_a_failure_to_close_takes_nothing_away() -> None:
    async with OllamaClient(HOST, transport=Raising(httpx.CloseError("gone"), "close")) as client:
        assert isinstance(last(await take_turn(client)), Finished)
        request = ChatRequest(SETTINGS, [Message(Role.USER, "Hello?")])
        async with aclosing(client.chat(request)) as pieces:
            assert await anext(pieces) is Phase.CONNECTING
            assert await anext(pieces) is Phase.ANSWERING


@pytest.mark.parametrize("echo", [KEY, f"Bearer {KEY}", PASSWORD, f"got {PASSWORD}!"])
async def test_a_secret_that_the_server_echoes_is_not_told(echo: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(400, json={"error": f"not {echo}"}))
    async with OllamaClient(HOST, ACCESS, transport) as client:
        error = failure(await take_turn(client, settings=Settings("m"))).error
    assert KEY not in error.sentence
    assert PASSWORD not in error.sentence
    assert "…" in error.sentence


async def test_a_broken_tls_connection_is_no_question_of_certificates() -> None:
    error = httpx.ReadError("read")
    error.__cause__ = ssl.SSLError("bad record")
    async with OllamaClient(HOST, transport=Raising(error, "body")) as client:
        assert type(failure(await take_turn(client)).error) is StreamBroken


async def test_a_name_with_two_addresses_is_refused_when_either_is() -> None:
    error = httpx.ConnectError("connect")
    error.__cause__ = OSError("all failed")
    error.__cause__.__cause__ = ExceptionGroup("both", [OSError("v6"), ConnectionRefusedError("v4")])
    async with OllamaClient(HOST, transport=Raising(error, "head")) as client:
        assert type(failure(await take_turn(client)).error) is ConnectionRefused


async def test_a_name_that_nobody_knows_is_unreachable() -> None:
    error = httpx.ConnectError("connect")
    error.__cause__ = anyio.BrokenResourceError()
    async with OllamaClient(HOST, transport=Raising(error, "head")) as client:
        assert type(failure(await take_turn(client)).error) is ServerUnreachable


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("plain", "plain"),
        (" padded ", "padded"),
        (None, ""),
        (7, "7"),
        ({"message": "in an object"}, "in an object"),
        ({"error": {"message": "deeper"}}, "deeper"),
        ({}, ""),
        ('{"error":{"message":"in a text"}}', "in a text"),
        ('{"error":"{\\"error\\":{\\"message\\":\\"twice\\"}}"}', "twice"),
        ("{curly but no JSON}", "{curly but no JSON}"),
        ('{"code":1}', '{"code":1}'),
        ("{" + '"a":[' + "[" * 99_999, "{" + '"a":[' + "[" * 99_999),
    ],
)
def test_an_error_is_unwrapped_to_its_sentence(error: object, text: str) -> None:
    assert error_text(error) == text
