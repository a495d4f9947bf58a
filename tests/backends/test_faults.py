"""Every way an exchange can go wrong, caused over real TCP and seen through a turn."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.events import Finished
from ollama_chat_tui.chat.message import Ending
from ollama_chat_tui.errors import (
    AnswerIncomplete,
    BadRequest,
    CapabilityMissing,
    ChatError,
    ConnectionRefused,
    ContextExceeded,
    ModelLoadFailed,
    ModelNotFound,
    NotOllama,
    ServerBusy,
    ServerError,
    StreamBroken,
    Unauthorized,
)
from tests.scripted_replies import (
    Step,
    answer,
    chunk,
    close,
    done,
    dribble,
    end,
    half_close,
    head,
    lines,
    pause,
    raw,
    reply,
    reset,
    text,
)
from tests.scripted_server import ScriptedServer, closed_port
from tests.turns import conversation_with, failure, last, take_turn, text_of, thinking_of

SIGN_IN = "https://ollama.com/connect?name=box&key=abc"
HTML = "<html><body>nginx</body></html>"
LLAMA_CONTEXT = (
    '{"error":{"code":400,"message":"request (9120 tokens) exceeds the available context size",'
    '"type":"exceed_context_size_error"}}'
)


@dataclass(frozen=True)
class Fault:
    """What the server does, and what must come of it.

    Attributes:
        says: words the error's sentence or hint must have.
        is_kept: the reply was whole, so the connection may be used again.
    """

    steps: tuple[Step, ...]
    error: type[ChatError]
    kept: str = ""
    says: str = ""
    is_kept: bool = False


def fault(*steps: Step, error: type[ChatError], kept: str = "", says: str = "") -> Fault:
    return Fault(steps, error, kept, says)


def refused(step: Step, error: type[ChatError], says: str = "") -> Fault:
    return Fault((step,), error, says=says, is_kept=True)


def json_error(status: int, message: object, **more: object) -> Step:
    return reply({"error": message, **more}, status=status)


BEGUN = (head(), lines(text("Hel"), text("lo")))

FAULTS = {
    # the connection
    "reset before the head": fault(reset(), error=StreamBroken),
    "closed before the head": fault(close(), error=StreamBroken),
    "reset inside the status line": fault(raw(b"HTTP/1.1 2"), reset(), error=StreamBroken),
    "closed inside the status line": fault(raw(b"HTTP/1.1 2"), close(), error=StreamBroken),
    "closed inside the headers": fault(raw(b"HTTP/1.1 200 OK\r\nContent-"), close(), error=StreamBroken),
    "closed right after the head": fault(head(), close(), error=StreamBroken),
    "reset after some lines": fault(*BEGUN, reset(), error=StreamBroken, kept="Hello"),
    "closed after some lines": fault(*BEGUN, close(), error=StreamBroken, kept="Hello"),
    "half-closed after some lines": fault(*BEGUN, half_close(), error=StreamBroken, kept="Hello"),
    "closed inside a chunk's head": fault(*BEGUN, raw(b"7"), close(), error=StreamBroken, kept="Hello"),
    "reset inside a chunk's head": fault(*BEGUN, raw(b"7\r"), reset(), error=StreamBroken, kept="Hello"),
    "closed inside a chunk": fault(*BEGUN, raw(b'40\r\n{"mess'), close(), error=StreamBroken, kept="Hello"),
    "closed after half a line": fault(*BEGUN, chunk(b'{"message'), close(), error=StreamBroken, kept="Hello"),
    "reset after half a line": fault(*BEGUN, chunk(b'{"message'), reset(), error=StreamBroken, kept="Hello"),
    "no chunk at all": fault(*BEGUN, raw(b"what is this\r\n"), error=StreamBroken, kept="Hello"),
    "no HTTP at all": fault(raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), error=StreamBroken),
    "a head without end": fault(raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), error=StreamBroken),
    "shorter than its length": fault(
        raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"message":{"content":"Hi"}}\n'),
        close(),
        error=StreamBroken,
        kept="Hi",
    ),
    # refusals
    "400": refused(json_error(400, "template: bad"), BadRequest, "template: bad"),
    "400 of llama-server": refused(json_error(400, LLAMA_CONTEXT), ContextExceeded, "9120 tokens"),
    "400 without tools": refused(json_error(400, "m does not support tools"), CapabilityMissing, "tools"),
    "400 without thinking": refused(
        json_error(400, '"m" does not support thinking'), CapabilityMissing, "think"
    ),
    "400 that nobody understands": refused(reply(b"\xff\xfe", status=400), BadRequest, "400"),
    "400 nested beyond reason": refused(reply(b'{"error":' + b"[" * 99_999, status=400), BadRequest, "400"),
    "401 with an address": refused(
        json_error(401, "unauthorized", signin_url=SIGN_IN), Unauthorized, f"Sign in at {SIGN_IN}"
    ),
    "401 bare": refused(reply(status=401), Unauthorized, "OLLAMA_API_KEY"),
    "403 empty": refused(reply(status=403), BadRequest, "Host header"),
    "403 that says why": refused(
        json_error(403, "ollama cloud is disabled: remote model is unavailable"), BadRequest, "cloud is disab"
    ),
    "404 text": refused(reply("404 page not found", status=404), NotOllama),
    "404 model": refused(json_error(404, "model 'm' not found"), ModelNotFound, "ollama pull m"),
    "404 HTML": refused(reply(HTML, status=404, content_type="text/html"), NotOllama),
    "405": refused(reply("405 method not allowed", status=405), NotOllama),
    "429": refused(json_error(429, "too many requests"), ServerBusy, "too many requests"),
    "429 empty": refused(reply(status=429), ServerBusy, "429"),
    "499": refused(json_error(499, "request canceled"), BadRequest, "request canceled"),
    "500 empty": refused(reply(status=500), ServerError, "500"),
    "500 JSON": refused(json_error(500, "boom\n\x1b[31mred"), ServerError, "boom"),
    "500 with an object": refused(json_error(500, {"message": "deep"}), ServerError, "deep"),
    "500 with broken JSON in a text": refused(json_error(500, "{not json"), ServerError, "{not json"),
    "500 with a long log": refused(json_error(500, "x" * 9000), ServerError, "…"),
    "500 while loading": refused(
        json_error(500, "llama-server process has terminated: exit status 1: a\nb"), ModelLoadFailed, "a b"
    ),
    "500 without vision": refused(
        json_error(500, "image input is not supported - hint"), CapabilityMissing, "images"
    ),
    "502 HTML": refused(reply(HTML, status=502, content_type="text/html"), ServerError, "proxy"),
    "503 busy": refused(json_error(503, "server busy, please try again."), ServerBusy, "server busy"),
    "redirect to the same origin": refused(reply(status=307, Location="/api/chat/"), NotOllama, "elsewhere"),
    "redirect to another origin": refused(reply(status=301, Location="http://127.0.0.2/"), NotOllama),
    # 200, and yet
    "200 HTML": fault(reply(HTML, content_type="text/html"), error=NotOllama),
    "200 empty": refused(reply(), AnswerIncomplete),
    "200 that is text": fault(reply("Ollama is running"), error=NotOllama),
    "200 that is no JSON": refused(reply("hello", content_type="application/json"), StreamBroken),
    "401 HTML": refused(reply(HTML, status=401, content_type="text/html"), Unauthorized),
    "413 HTML": refused(reply(HTML, status=413, content_type="text/html"), BadRequest, "413"),
    "200 without done": Fault((reply(text("Hel")),), AnswerIncomplete, "Hel", is_kept=True),
    "an error line first": fault(head(), lines({"error": "boom"}), error=ServerError, says="boom"),
    "an error line in the middle": fault(
        *BEGUN, lines({"error": "model runner has unexpectedly stopped"}), error=ServerError, kept="Hello"
    ),
    "an error line without its end": Fault(
        (*BEGUN, chunk(b'{"error":"x"}'), end()), ServerError, "Hello", is_kept=True
    ),
    "an error line of a model elsewhere": fault(
        *BEGUN, lines({"StatusCode": 429, "error": "slow down"}), error=ServerBusy, kept="Hello"
    ),
    "an error line that wants a sign-in": fault(
        *BEGUN, lines({"error": "unauthorized", "signin_url": SIGN_IN}), error=Unauthorized, kept="Hello"
    ),
    "an error line about a model": fault(
        head(), lines({"error": 'model "m" not found, try pulling it first'}), error=ModelNotFound
    ),
    "bad JSON in the middle": fault(*BEGUN, lines(b"{]"), error=StreamBroken, kept="Hello"),
    "JSON of another shape": fault(*BEGUN, lines(b'{"message":[1]}'), error=StreamBroken, kept="Hello"),
    "JSON that is no object": fault(*BEGUN, lines(b"42"), error=StreamBroken, kept="Hello"),
    "JSON nested beyond reason": fault(
        *BEGUN, lines(b'{"error":' + b"[" * 99_999), error=StreamBroken, kept="Hello"
    ),
    "a line of 9 MB": fault(
        *BEGUN, lines(b'"' + b"x" * 9_000_000), error=StreamBroken, kept="Hello", says="8 MB"
    ),
    "gzip that is none": fault(
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
        error=StreamBroken,
    ),
    "an orderly end without done": Fault((*BEGUN, end()), AnswerIncomplete, "Hello", is_kept=True),
    "a close that is an end": fault(
        raw(b"HTTP/1.1 200 OK\r\n\r\n"), raw(b'{"message":{"content":"Hi"}}'), close(),
        error=AnswerIncomplete, kept="Hi",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_named_keeps_what_arrived_and_hangs_up(name: str, server: ScriptedServer) -> None:
    case = FAULTS[name]
    conversation = conversation_with("Hello?")
    server.enqueue(*case.steps)
    async with OllamaClient(parse_host(server.url)) as client:
        failed = failure(await take_turn(client, conversation))
        assert type(failed.error) is case.error
        assert failed.error.sentence
        assert case.says in f"{failed.error.sentence} {failed.error.hint}"
        assert failed.message.content == case.kept
        assert failed.message.ending is Ending.FAILED
        assert conversation.head is not None
        assert conversation.head.message == failed.message
        if not case.is_kept:
            await server.to("/api/chat")[0].closed.arrives()

        conversation.retry()
        server.enqueue(*answer("Fine."))
        events = await take_turn(client, conversation)
        assert isinstance(last(events), Finished)
        assert text_of(events) == "Fine."
    assert (server.requests[-1].connection == 0) is case.is_kept
    for request in server.requests:
        await request.closed.arrives()


ODD_BUT_WHOLE = {
    "gzip though not asked for": [
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"),
        chunk(gzip.compress(b'{"message":{"content":"Hello"}}\n{"done":true}\n')),
        end(),
    ],
    "a million empty lines": [head(), chunk(b"\n" * 1_000_000), lines(text("Hello"), done()), end()],
    "a million empty lines in small chunks": [
        head(),
        raw(b"1\r\n\n\r\n" * 20_000),
        lines(text("Hello"), done()),
        end(),
    ],
    "bytes that are no UTF-8": [
        head(),
        lines(b'{"message":{"content":"Hel\xfflo"}}', done()),
        end(),
    ],
    "byte by byte": [
        dribble(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        dribble(b'1f\r\n{"message":{"content":"Hello"}}\r\n10\r\n\r\n{"done":true}\n\r\n0\r\n\r\n'),
    ],
    "no newline at the end": [head(), lines(text("Hello")), chunk(b'{"done":true}'), end()],
    "CRLF": [head(), chunk(b'{"message":{"content":"Hello"}}\r\n\r\n{"done":true}\r\n'), end()],
    "all in the last line": [head(), lines(done(content="Hello")), end()],
    "more after done": [head(), lines(done(content="Hello"), b"garbage"), end()],
    "more, later than done": [head(), lines(done(content="Hello")), pause(), lines(b"garbage"), end()],
    "chunk extensions": [
        head(),
        raw(b'1F;a=b\r\n{"message":{"content":"Hello"}}\r\n'),
        chunk(b'\n{"done":true}'),
        end(),
    ],
    "trailers": [head(), lines(done(content="Hello")), raw(b"0\r\nX-Checksum: 1\r\n\r\n")],
    "nulls instead of texts": [
        head(),
        lines(b'{"message":{"content":"Hello","thinking":null,"tool_calls":null}}', b'{"message":null}'),
        lines(done()),
        end(),
    ],
    "no chunks": [
        raw(b"HTTP/1.1 200 OK\r\n\r\n"),
        raw(b'{"message":{"content":"Hello"}}\n{"done":true}'),
        close(),
    ],
    "reset after done": [head(), lines(done(content="Hello")), reset()],
}  # fmt: skip


@pytest.mark.parametrize("name", ODD_BUT_WHOLE)
async def test_an_odd_but_whole_answer_is_an_answer(
    name: str, server: ScriptedServer, client: OllamaClient
) -> None:
    server.enqueue(*ODD_BUT_WHOLE[name])
    events = await take_turn(client)
    assert isinstance(last(events), Finished)
    assert text_of(events).replace("\ufffd", "") == "Hello"
    assert thinking_of(events) == ""
    server.enqueue(*answer("Fine."))
    assert text_of(await take_turn(client)) == "Fine."


async def test_a_port_at_which_nothing_listens_is_named() -> None:
    conversation = conversation_with("Hello?")
    with closed_port() as port:
        async with OllamaClient(parse_host(f"127.0.0.1:{port}")) as client:
            failed = failure(await take_turn(client, conversation))
    assert type(failed.error) is ConnectionRefused
    assert f"127.0.0.1:{port}" in failed.error.sentence
    assert "ollama serve" in failed.error.hint
