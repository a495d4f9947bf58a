"""The printed command is run: by bash, with curl, against a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ollama_chat_tui.backends.connection import Access
from ollama_chat_tui.backends.curl import chat_body, curl_command
from ollama_chat_tui.backends.hosts import Host, parse_host
from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from tests.scripted_replies import answer
from tests.scripted_server import Request, ScriptedServer

pytestmark = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="bash and curl run the command"
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def asking(text: str, **settings: object) -> ChatRequest:
    return ChatRequest(Settings("m", **settings), [Message(Role.USER, text)])  # type: ignore[arg-type]


def run(command: str, server: ScriptedServer, variables: Mapping[str, str] | None = None) -> Request:
    server.enqueue(*answer("Hi"))
    shown = subprocess.run(
        ["bash"],
        input=f"set -o history -o histexpand\n{command}\n",
        env={"PATH": os.environ["PATH"], **(variables or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"done":true' in shown.stdout.replace(" ", "")
    return server.requests[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "It's \"quoted\", isn't it? `ls` $(ls) $HOME \\ !! !$ #",
        "two\nlines\tand a tab",
        "naïve 漢字 🎉",
        "'",
    ],
)
def test_it_sends_what_the_client_sends(text: str, server: ScriptedServer) -> None:
    request = asking(text, options={"seed": 7}, format={"type": "object"}, system="Don't!")
    sent = run(curl_command(parse_host(server.url), Access(), chat_body(request)), server)
    assert (sent.method, sent.path) == ("POST", "/api/chat")
    assert sent.headers["content-type"] == "application/json"
    assert sent.body == b"".join(encode_chat(request))


def test_what_a_terminal_would_not_show_is_escaped_and_means_the_same(server: ScriptedServer) -> None:
    request = asking("a\u202eb\x1b[31m\u200b")
    command = curl_command(parse_host(server.url), Access(), chat_body(request))
    assert command.isprintable()
    assert run(command, server).json["messages"][0]["content"] == "a\u202eb\x1b[31m\u200b"


def test_a_body_that_is_too_large_for_a_line_goes_through_a_file(
    server: ScriptedServer, tmp_path: Path
) -> None:
    request = asking("x" * 300_000)
    body_file = tmp_path / "a body.json"
    body_file.write_bytes(chat_body(request))
    command = curl_command(parse_host(server.url), Access(), b"", body_file)
    assert run(command, server).body == b"".join(encode_chat(request))


def test_it_goes_through_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with ScriptedServer(socket_path=path) as server:
        run(curl_command(parse_host(f"unix://{path}"), Access(), chat_body(asking("Hi"))), server)


def test_no_secret_stands_in_it(server: ScriptedServer) -> None:
    access = Access("the-key", sends_key=True, headers={"X-Team": "it's us", "X-Api-Key": "hidden"})
    command = curl_command(parse_host(server.url), access, chat_body(asking("Hi")))
    assert "the-key" not in command
    assert "hidden" not in command
    sent = run(command, server, {"OLLAMA_API_KEY": "from-outside"})
    assert sent.headers["authorization"] == "Bearer from-outside"
    assert sent.headers["x-team"] == "it's us"
    assert sent.headers["x-api-key"] == "FILL-IN"


def test_certificates_of_ones_own_are_named() -> None:
    command = curl_command(Host("https", "gpu", 443), Access(ca_file=Path("my ca.pem")), b"{}")
    assert "--cacert 'my ca.pem'" in command
