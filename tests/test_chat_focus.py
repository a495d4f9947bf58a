"""Who looks is not called: what the real command asks of the terminal's focus, and when."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_chat_tui.terminal.focus import FOCUS_OFF, FOCUS_ON
from tests.command import COMMAND, READY, chat, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import answer, done, end, head, lines, text, wait
from tests.scripted_server import ScriptedServer

HERE, AWAY = "\x1b[I", "\x1b[O"


def asks(terminal: PtyTerminal) -> bool:
    """Whether the terminal would tell of its focus now."""
    return terminal.output.rfind(FOCUS_ON.encode()) > terminal.output.rfind(FOCUS_OFF.encode())


@pytest.fixture
def notified(home: dict[str, str]) -> dict[str, str]:
    return {**home, "OLLAMA_CHAT_NOTIFY": "true"}


@pytest.fixture
def terminal(notified: dict[str, str]) -> Iterator[PtyTerminal]:
    with chat(home=notified) as opened:
        opened.wait_for(READY)
        yield opened


def test_reports_never_reach_a_question(server: ScriptedServer, terminal: PtyTerminal) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("One")), wait(more), lines(done()), end())
    for _ in range(2):
        server.enqueue(*answer("ok"))
    terminal.wait_for(lambda: asks(terminal))
    terminal.send(f"fi{AWAY}rst{HERE}\r{AWAY}")
    terminal.wait_for("One")
    assert asks(terminal)
    terminal.send(f"{HERE}sec{AWAY}ond\r{HERE}thi")
    terminal.wait_for("› thi")
    more.set()
    terminal.wait_for(">>> thi")
    terminal.send(f"{AWAY}rd\r")
    asked = [server.wait_for(nth=nth).json["messages"][-1]["content"] for nth in range(3)]
    assert asked == ["first", "second", "third"]


def test_nothing_is_asked_when_nobody_wants_to_be_called(home: dict[str, str]) -> None:
    with chat(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/quit\r")
        terminal.wait_for_exit()
        assert FOCUS_ON.encode() not in terminal.output


def test_leaving_ends_it(terminal: PtyTerminal) -> None:
    terminal.wait_for(lambda: asks(terminal))
    terminal.send("\x04")
    assert terminal.wait_for_exit() == 0
    assert not asks(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_mid_answer_ends_it(
    server: ScriptedServer, terminal: PtyTerminal, number: signal.Signals
) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    terminal.send("hi\r")
    terminal.wait_for("Half an")
    os.kill(terminal.process.pid, number)
    if number is signal.SIGINT:
        wait_for_prompt(terminal, 2)
        terminal.send("\x04")
    terminal.wait_for_exit()
    assert not asks(terminal)


def test_an_editor_is_not_told(notified: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text('echo "EDITING"\nread line </dev/tty\nprintf "%s\\n" "$line" >>"$1"\n')
    with chat(home={**notified, "EDITOR": f"sh {script}"}) as terminal:
        terminal.wait_for(READY)
        terminal.send("typed\x18\x05")
        terminal.wait_for("EDITING")
        assert not asks(terminal)
        terminal.send("more\n")
        terminal.wait_for("... more")
        assert asks(terminal)


def test_a_shell_is_not_told_while_the_chat_is_suspended(
    server: ScriptedServer, notified: dict[str, str]
) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
    with PtyTerminal(shell, env={**notified, "PS1": "$ ", "HISTFILE": ""}, cwd=Path.cwd()) as terminal:
        terminal.wait_for("$")
        terminal.send(shlex.join(COMMAND) + "\r")
        terminal.wait_for(READY)
        for shown in (READY, "Half an"):
            terminal.wait_for(lambda: asks(terminal))
            terminal.send("\x1a")
            terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == "$")
            assert not asks(terminal)
            terminal.send("fg\r")
            terminal.wait_for(lambda: asks(terminal))
            if shown == READY:
                terminal.send("hi\r")
                terminal.wait_for("Half an")
