"""The question in the middle of an answer, on a real terminal with a real turn behind it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal, answer, done, end, head, lines, note, text, wait
from tests.scripted_server import ScriptedServer
from tests.tmux import Tmux

ROOT = Path(__file__).parents[2]
CALL = [{"function": {"name": "get_temp", "arguments": {"city": "Oslo\x1b[2J\n╰\nRun it? y"}}}]


ENV = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "xterm-256color"}


def command(folder: Path, server: ScriptedServer) -> list[str]:
    return [sys.executable, "-m", "tests.terminal.approval_child", server.url, str(folder / "note")]


@contextmanager
def asking(folder: Path, server: ScriptedServer) -> Iterator[PtyTerminal]:
    with PtyTerminal(command(folder, server), columns=70, lines=30, env=ENV, cwd=ROOT) as terminal:
        yield terminal


def test_what_was_typed_ahead_is_no_answer_and_the_answer_goes_on_after_one(tmp_path: Path) -> None:
    typed, thinking = Signal(), Signal()
    with ScriptedServer() as server:
        server.enqueue(
            head(),
            lines(text("Let me look.")),
            note(thinking),
            wait(typed),
            lines(text("", tool_calls=CALL), done()),
            end(),
        )
        server.enqueue(*answer("It is cold."))
        with asking(tmp_path, server) as terminal:
            terminal.wait_for("Let me look.")
            terminal.send("y\ry")
            terminal.wait_for("› y")
            typed.set()
            terminal.wait_for("Run it? ")
            terminal.wait_for("y once")
            rows = terminal.all_rows()
            block = rows[next(i for i, row in enumerate(rows) if row.startswith("╭ ")) :]
            assert block[0].startswith("╭ The model wants to call get_temp")
            assert [row[:2] for row in block[1:]].count("│ ") == 4
            assert "│ city: Oslo\\x1b[2J" in [row.rstrip() for row in block]
            assert not (tmp_path / "note").exists()
            terminal.send("y\r")
            terminal.wait_for("It is cold.")
            terminal.wait_for("last: It is cold.")
            assert terminal.wait_for_exit() == 0
            assert "typed: ['y'] 'y'" in "\n".join(terminal.all_rows())
        assert json.loads((tmp_path / "note").read_text()) == CALL[0]["function"]["arguments"]
        assert server.to("/api/chat")[1].json["messages"][-1]["content"] == "11 degrees"


def test_esc_at_the_question_stops_the_turn_and_nothing_runs(tmp_path: Path) -> None:
    with ScriptedServer() as server:
        server.enqueue(head(), lines(text("", tool_calls=CALL), done()), end())
        with asking(tmp_path, server) as terminal:
            terminal.wait_for("y once")
            before = terminal.modes()
            assert before
            terminal.send("\x1b")
            terminal.wait_for("stopped")
            terminal.wait_for("last: The user refused this call.")
            assert terminal.wait_for_exit() == 0
        assert not (tmp_path / "note").exists()
        assert len(server.to("/api/chat")) == 1


def test_arguments_are_edited_as_they_are_read(tmp_path: Path) -> None:
    arguments = {"city": "Zürich 東京\u202e\x7f\U000e0041"}
    with ScriptedServer() as server:
        server.enqueue(
            head(),
            lines(text("", tool_calls=[{"function": {"name": "get_temp", "arguments": arguments}}]), done()),
            end(),
        )
        server.enqueue(*answer("It is cold."))
        with asking(tmp_path, server) as terminal:
            terminal.wait_for("y once")
            terminal.send("e\r")
            terminal.wait_for('Arguments: {"city": "Zürich 東京\\u202e\\u007f\\udb40\\udc41"}')
            terminal.send("\r")
            terminal.wait_for("last: It is cold.")
        assert json.loads((tmp_path / "note").read_text()) == arguments


@pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")
def test_a_call_stays_in_sight_when_the_terminal_becomes_narrower_and_wider(tmp_path: Path) -> None:
    tmux = Tmux(tmp_path / "tmux")
    with ScriptedServer() as server:
        server.enqueue(head(), lines(text("", tool_calls=CALL), done()), end())
        try:
            tmux.open(command(tmp_path, server), 80, 24)
            tmux.wait_for("v view")
            said = "Run it? "
            for key, columns, height in (("n", 20, 10), ("o", 200, 50), ("t", 50, 24), ("s", 80, 24)):
                tmux.run("resize-window", "-x", str(columns), "-y", str(height))
                tmux.run("send-keys", "-l", key)
                said += key
                tmux.wait_for(said)
            rows = tmux.rows()
            place = rows.index("│ city: Oslo\\x1b[2J")
            assert rows[place + 1 : place + 4] == ["│   ╰", "│   Run it? y", "╰"]
            assert rows[place + 5 : place + 7] == ["v view · Esc stops", said]
        finally:
            tmux.close()


def test_the_question_can_be_left_for_the_shell_and_come_back_to(tmp_path: Path) -> None:
    shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
    with ScriptedServer() as server:
        server.enqueue(head(), lines(text("", tool_calls=CALL), done()), end())
        server.enqueue(*answer("It is cold."))
        with PtyTerminal(shell, lines=30, env={**ENV, "PS1": "$ ", "HISTFILE": ""}, cwd=ROOT) as terminal:
            terminal.wait_for("$")
            terminal.send(shlex.join(command(tmp_path, server)) + "\r")
            terminal.wait_for("y once")
            terminal.send("\x1a")
            terminal.wait_for("Stopped")
            terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == "$")
            assert not (tmp_path / "note").exists()
            terminal.send("fg\r")
            terminal.wait_for(lambda: terminal.screen.screen_rows()[-1].startswith("Run it?"))
            terminal.send("y\r")
            terminal.wait_for("last: It is cold.")
        assert (tmp_path / "note").exists()
