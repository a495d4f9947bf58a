"""What the scripted server does for tests that do not speak HTTP themselves: commands in other processes."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.scripted_replies import Signal, answer, head, lines, text, wait
from tests.scripted_server import ScriptedServer

ASK = """
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], data=sys.argv[2].encode() or None) as reply:
    print(reply.read().decode(), end="")
"""


def command(url: str, body: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", ASK, url, body], stdout=subprocess.PIPE, text=True)


def test_unscripted_it_answers_as_ollama_does() -> None:
    with ScriptedServer() as server, command(f"{server.url}/api/tags") as asking:
        out, _ = asking.communicate()
        assert [model["name"] for model in json.loads(out)["models"]] == ["m:latest"]
        assert server.wait_for("/api/tags").method == "GET"


def test_scripted_it_says_what_it_was_told_to_once() -> None:
    with ScriptedServer() as server:
        server.enqueue(*answer("Hi"))
        with command(f"{server.url}/api/chat", '{"model":"m"}') as asking:
            out, _ = asking.communicate()
        assert [json.loads(line)["done"] for line in out.splitlines()] == [False, True]
        assert server.wait_for().json == {"model": "m"}
        assert not server.scripts["/api/chat"]


def test_it_tells_when_the_client_hung_up() -> None:
    with ScriptedServer() as server:
        server.enqueue(head(), lines(text("Hi")), wait(Signal()))
        with command(f"{server.url}/api/chat", "{}") as asking:
            request = server.wait_for()
            assert not request.closed.is_set
            asking.kill()
            request.closed.wait()
