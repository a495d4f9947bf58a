"""Tools in scripts: nobody is asked, so nothing runs that a flag or the configuration does not allow."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, run
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Step, answer, done, end, head, installed, lines, text
from tests.scripted_server import ScriptedServer

CODE = '''
def get_temp(city: str) -> str:
    """Say how warm it is."""
    return f"11 degrees in {city}"
'''


def calling(name: str = "get_temp", said: str = "", **arguments: object) -> list[Step]:
    calls = [{"function": {"name": name, "arguments": arguments}}]
    return [head(), lines(text(said, tool_calls=calls), done()), end()]


@pytest.fixture
def file(tmp_path: Path, server: ScriptedServer) -> str:
    server.models = [installed("m:latest", "completion", "tools"), installed("plain:latest")]
    path = tmp_path / "warm.py"
    path.write_text(CODE)
    return str(path)


def result(server: ScriptedServer) -> Any:
    return server.wait_for(nth=1).json["messages"][-1]["content"]


def test_an_allowed_tool_is_run_and_stdout_has_the_text_alone(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    server.enqueue(*calling(said="Let me look.", city="Oslo"))
    server.enqueue(*answer("It is cold."))
    asked = run("ask", "--tools", file, "--allow-tools", "get_temp", "-m", "m", "How warm?", home=home)
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "Let me look.\nIt is cold.\n", "")
    assert result(server) == "11 degrees in Oslo"


def test_without_leave_a_call_is_refused_and_the_exit_code_says_so(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    server.enqueue(*calling(city="Oslo"))
    server.enqueue(*answer("I may not look."))
    asked = run("ask", "--tools", file, "-m", "m", "How warm?", home=home)
    assert (asked.returncode, asked.stdout) == (10, "I may not look.\n")
    assert asked.stderr == (
        "The model wanted to use get_temp, which was not allowed.\nGive --allow-tools get_temp.\n"
    )
    assert result(server) == "This tool is not allowed here, and nobody can be asked. Do without it."


def test_a_command_is_allowed_only_word_for_word(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    allow = ("--allow-tools", "run_shell=echo hello")
    for command, code in (("echo hello", 0), ("echo hello; rm -r /", 10)):
        server.enqueue(*calling("run_shell", command=command))
        server.enqueue(*answer("Done."))
        asked = run("ask", "--tools", "run_shell", *allow, "-m", "m", "Go!", home=home)
        assert asked.returncode == code
    assert file
    results = [request.json["messages"][-1]["content"] for request in server.to("/api/chat")[1::2]]
    assert "hello" in results[0]
    assert results[1].startswith("This tool is not allowed here")


def test_json_is_one_object_with_the_calls_in_it(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    server.enqueue(*calling(said="Let me look.", city="Oslo"))
    server.enqueue(*answer("It is cold."))
    flags = ("--tools", file, "--yes-tools", "get_temp", "-m", "m")
    asked = run("ask", "--json", *flags, "How warm?", home=home)
    said = json.loads(asked.stdout)
    assert (said["content"], said["ending"]) == ("It is cold.", "complete")
    assert said["tools"] == [
        {"name": "get_temp", "arguments": {"city": "Oslo"}, "result": "11 degrees in Oslo"}
    ]


def test_what_stood_before_a_call_that_cannot_be_read_is_a_line_of_its_own(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    error = {"error": "error parsing tool call: raw='{' err=unexpected end of JSON input"}
    server.enqueue(head(), lines(text("Let me look."), error), end())
    server.enqueue(*answer("It is cold."))
    asked = run("ask", "--tools", file, "-m", "m", "How warm?", home=home)
    assert (asked.returncode, asked.stdout) == (0, "Let me look.\nIt is cold.\n")


def test_a_result_is_cut_to_the_window_that_the_server_gave_the_model(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    Path(file).write_text("def get_temp(city: str) -> str: return 'a' * 16_000")
    server.loaded = [{"name": "m:latest", "context_length": 2048}]
    server.enqueue(*calling(city="Oslo"))
    server.enqueue(*answer("It is cold."))
    run("ask", "--tools", file, "--allow-tools", "get_temp", "-m", "m", "How warm?", home=home)
    assert "of 16,000 characters are left out here" in result(server)
    assert len(result(server)) < 2048 * 3


def test_every_event_of_a_call_is_a_line(server: ScriptedServer, home: dict[str, str], file: str) -> None:
    server.enqueue(*calling(city="Oslo"))
    server.enqueue(*answer("It is cold."))
    flags = ("--tools", file, "--allow-tools", "get_temp", "-m", "m")
    asked = run("ask", "--stream-json", *flags, "How warm?", home=home)
    kinds = [json.loads(line)["type"] for line in asked.stdout.splitlines()]
    kinds = [kind for kind in kinds if kind != "waiting"]
    assert kinds == ["finished", "tool_asked", "tool_started", "tool_done", "text", "finished"]


def test_on_a_terminal_the_call_stands_between_the_replies(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    server.enqueue(*calling(said="Let me **look**.", city="Oslo"))
    server.enqueue(*answer("It is *cold*."))
    flags = ("ask", "--tools", file, "--allow-tools", "get_temp", "-m", "m", "How warm?")
    with PtyTerminal([*COMMAND, *flags], env=home, columns=80, lines=24) as terminal:
        terminal.wait_for("It is cold.")
        assert terminal.wait_for_exit() == 0
        rows = [row.rstrip() for row in terminal.all_rows() if row.strip()]
    assert rows == [
        "Let me look.",
        '1 → get_temp {"city": "Oslo"}',
        "1 ← 11 degrees in Oslo",
        "It is cold.",
    ]


@pytest.mark.parametrize(
    ("tool", "sentence"),
    [
        ("lost.py", f"There is no file {os.sep}"),
        ("lost", "There is no tool lost."),
    ],
)
def test_a_tool_that_is_not_there_ends_the_run_before_anything_is_sent(
    server: ScriptedServer, home: dict[str, str], file: str, tool: str, sentence: str
) -> None:
    asked = run("ask", "--tools", tool, "-m", "m", "How warm?", home=home)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith(sentence)
    assert file
    assert server.to("/api/chat") == []


def test_a_model_that_cannot_call_tools_is_not_asked(
    server: ScriptedServer, home: dict[str, str], file: str
) -> None:
    asked = run("ask", "--tools", file, "-m", "plain", "How warm?", home=home)
    assert asked.returncode != 0
    assert asked.stderr.startswith("plain cannot call tools; nothing was sent.\nm:latest can:")
    assert server.to("/api/chat") == []
