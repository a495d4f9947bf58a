"""`ollama-chat doctor`: what is broken is said, with what to do, whatever else is broken."""

from __future__ import annotations

import io
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.health import CHECKS, Check, Finding, Patient, Verdict, check_directory, examine
from tests.command import COMMAND, chat, fresh_home, run, with_model
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Step, close, end, head, lines, raw, reply
from tests.scripted_server import ScriptedServer, closed_port


def examined(code: int, *arguments: str, home: dict[str, str]) -> dict[str, Any]:
    """Every finding by its name, after the exit code was checked."""
    done = run("doctor", "--json", *arguments, home=home)
    assert (done.returncode, done.stderr) == (code, "")
    report = json.loads(done.stdout)
    assert report["is_well"] is (code == 0)
    return {each["name"]: each for each in report["checks"]}


def test_a_healthy_server(server: ScriptedServer, home: dict[str, str]) -> None:
    server.loaded = [{"name": "m:latest", "size": 6_000_000_000, "size_vram": 0, "context_length": 4096}]
    server.enqueue(reply("", Date=format_datetime(datetime.now(UTC))), path="/")
    found = examined(0, home=home)
    assert list(found) == [check.name for check in CHECKS]
    assert found["server"]["says"] == f"{server.url} answers, version 0.33.0"
    assert found["models"]["says"] == "1 model; m:latest would answer"
    assert found["loaded"]["says"] == "m:latest: 6.0 GB, CPU, 4096 tokens"
    assert found["clock"]["says"] == "agrees with the server's"
    fine = {"program", "server", "models", "loaded", "clock", "proxy", "encoding", "data", "state"}
    assert {name for name in fine if found[name]["verdict"] != "fine"} == set()


def test_each_check_is_a_line_with_a_mark(home: dict[str, str]) -> None:
    done = run("doctor", home=home)
    assert done.returncode == 0
    marks = [line[0] for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert len(marks) == len(CHECKS)
    assert set(marks) == {"✓", "–"}


def test_a_terminal_is_described(home: dict[str, str]) -> None:
    with chat("doctor", home={**home, "TERM": "xterm-256color"}, columns=100, lines=40) as terminal:
        assert terminal.wait_for_exit() == 0
        shown = {row.split()[1]: row for row in terminal.screen_text().splitlines() if row[:1] in "✓✗–"}
        assert shown["terminal"].split(maxsplit=2)[2] == "100 × 40, TERM=xterm-256color"
        assert shown["colours"].split() == ["✓", "colours", "256"]
        assert "links are shown as text; it is notified by OSC 9" in shown["abilities"]
    # The terminal of the tests says itself what it is, so what is said otherwise comes after it.
    command = ["env", "TERM=dumb", "NO_COLOR=1", *COMMAND, "doctor"]
    with PtyTerminal(command, env=home, columns=100, lines=40) as terminal:
        assert terminal.wait_for_exit() == 0
        assert "✗ terminal" in terminal.screen_text()
        assert "NO_COLOR is set" in terminal.screen_text()
        assert "– abilities" in terminal.screen_text()
    with chat("doctor", home={**home, "KITTY_WINDOW_ID": "1"}, columns=100, lines=40) as terminal:
        assert terminal.wait_for_exit() == 0
        assert "links can be clicked; it is notified by OSC 99" in terminal.screen_text()


def test_no_server(tmp_path: Path) -> None:
    with closed_port() as port:
        found = examined(1, home=fresh_home(tmp_path, OLLAMA_HOST=f"127.0.0.1:{port}"))
    assert "Nothing answers" in found["server"]["says"]
    assert "ollama serve" in found["server"]["advice"]
    assert found["models"]["verdict"] == found["loaded"]["verdict"] == "not applicable"


def test_the_embedded_engine_is_enough(tmp_path: Path, model_file: Path) -> None:
    home = with_model(fresh_home(tmp_path), model_file)
    found = examined(0, "--embedded", home=home)
    assert found["server"]["verdict"] == "not applicable"
    assert found["embedded"]["verdict"] == "fine"
    found = examined(1, "--embedded-model", str(tmp_path / "none.gguf"), home=home)
    assert "cannot be read" in found["embedded"]["says"]


def test_the_embedded_engine_without_its_model(home: dict[str, str]) -> None:
    assert examined(0, home=home)["embedded"]["verdict"] == "not applicable"
    found = examined(1, "--embedded", home=home)
    assert found["embedded"]["verdict"] == "broken"
    assert "--fetch" in found["embedded"]["advice"]


@pytest.mark.parametrize(
    "page",
    [
        (reply("<html>It works!</html>", content_type="text/html"),),
        (reply("<html>404</html>", status=404, content_type="text/html"),),
        (reply("", status=302, Location="http://example.com/"),),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n"), close()),
        (head(200), lines(b"[1, 2"), end()),
    ],
    ids=["a page", "no page", "a redirect", "no HTTP", "half of JSON"],
)
def test_something_else_answers(server: ScriptedServer, home: dict[str, str], page: tuple[Step, ...]) -> None:
    server.enqueue(*page, path="/api/version")
    found = examined(1, home=home)
    assert found["server"]["verdict"] == "broken"
    assert found["server"]["advice"]


def test_no_models(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = []
    found = examined(1, home=home)
    assert "no models" in found["models"]["says"]
    assert "pull" in found["models"]["advice"]


def test_a_server_that_fails_at_every_question(server: ScriptedServer, home: dict[str, str]) -> None:
    for path in ("/api/tags", "/api/ps", "/"):
        server.enqueue(reply({"error": "boom \x1b[2J"}, status=500), path=path)
    found = examined(1, home=home)
    assert [found[name]["verdict"] for name in ("server", "models", "loaded", "clock")] == [
        "fine", "broken", "broken", "broken",
    ]  # fmt: skip


@pytest.mark.parametrize("host", ["“", "a b", "host:99999", "unix:///nowhere", "https://127.0.0.1:9"])
def test_a_host_that_is_none(tmp_path: Path, host: str) -> None:
    assert examined(1, home=fresh_home(tmp_path, OLLAMA_HOST=host))["server"]["verdict"] == "broken"


def test_clocks_that_disagree_are_told_and_break_nothing(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(reply("", Date=format_datetime(datetime.now(UTC) + timedelta(hours=2))), path="/")
    clock = examined(0, home=home)["clock"]
    assert (clock["verdict"], clock["is_needed"]) == ("broken", False)
    assert "behind" in clock["says"]
    server.enqueue(reply("", Date="yesterday"), path="/")
    assert examined(0, home=home)["clock"]["verdict"] == "not applicable"


def test_a_proxy_is_named_without_its_password(tmp_path: Path) -> None:
    with closed_port() as port:
        proxy = f"http://user:secret@127.0.0.1:{port}"
        home = fresh_home(tmp_path, OLLAMA_HOST="model.invalid", HTTP_PROXY=proxy, http_proxy=proxy)
        found = examined(1, home=home)
    assert found["proxy"]["says"].startswith(f"http://127.0.0.1:{port} ")
    assert "secret" not in json.dumps(found)


def test_no_utf8_is_said_in_what_can_be_shown(home: dict[str, str]) -> None:
    done = run("doctor", home={**home, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "NO encoding" in done.stdout
    assert "PYTHONIOENCODING" in done.stdout
    assert done.stderr == ""


def test_directories_that_cannot_be_used(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in ("file", "file/below"):
        found = examined(1, home={**home, "OLLAMA_CHAT_DATA_DIR": str(tmp_path / place)})
        assert "no directory" in found["data"]["says"]
        assert str(tmp_path / "file") in found["data"]["advice"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a place where not even root may write")
def test_a_directory_that_may_not_be_written(home: dict[str, str]) -> None:
    found = examined(1, home={**home, "OLLAMA_CHAT_DATA_DIR": "/proc/ollama-chat"})
    assert "/proc cannot be written to" in found["data"]["says"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written to" in check_directory(tmp_path).says


def test_a_directory_that_others_can_read_is_told_and_breaks_nothing(
    home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    data = examined(0, home=home)["data"]
    assert (data["verdict"], data["advice"]) == ("broken", f"chmod 700 {tmp_path / 'data'}")


def test_looking_leaves_nothing_behind(home: dict[str, str], tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    examined(0, home=home)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "error", [UsageError("No.", "Do."), PermissionError(13, "Denied", "/x"), KeyError("x")]
)
async def test_a_check_that_raises_is_a_finding(error: Exception, tmp_path: Path) -> None:
    async def look(_: Patient) -> Finding:
        raise error

    streams = (io.StringIO(), io.StringIO(), io.StringIO())
    patient = Patient(Environment(*streams, {}, tmp_path, tmp_path, tmp_path, tmp_path), Wanted())
    finding = await examine(Check("x", look, is_needed=False), patient)
    assert finding.verdict is Verdict.BROKEN
    assert finding.advice
    assert not finding.is_needed
