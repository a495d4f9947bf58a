"""The chat as a person has it: the real command in a terminal, against a server that is told what to do."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import pytest

from tests.command import COMMAND, READY, chat, fresh_home, rows_with, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import answer, done, end, head, installed, lines, reply, reset, text, wait
from tests.scripted_server import ScriptedServer, closed_port


def test_a_question_is_answered_and_the_next_one_carries_the_history(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    server.enqueue(*answer("**Hello**", " there"))
    server.enqueue(*answer("Again"))
    terminal.send("hi\r")
    wait_for_prompt(terminal, 2)
    assert "Hello there" in terminal.screen_text()
    assert "20 tokens · 10.0 tokens/s" in terminal.screen_text()
    terminal.send("and?\r")
    wait_for_prompt(terminal, 3)
    assert server.wait_for(nth=1).json["messages"] == [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "**Hello** there"},
        {"role": "user", "content": "and?"},
    ]
    terminal.send("\x04")
    assert terminal.wait_for_exit() == 0


def test_the_model_is_loaded_while_somebody_types(server: ScriptedServer, home: dict[str, str]) -> None:
    with chat("-o", "num_ctx=4096", "--keep-alive", "10m", home=home) as terminal:
        terminal.wait_for(lambda: bool(server.loads))
        loading = server.loads[0].json
        assert (loading["model"], loading["messages"]) == ("m:latest", [])
        assert (loading["options"], loading["keep_alive"]) == ({"num_ctx": 4096}, "10m")


def test_the_answer_is_seen_while_it_is_written(server: ScriptedServer, terminal: PtyTerminal) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("First words")), wait(more), lines(text(" and last"), done()), end())
    terminal.send("hi\r")
    terminal.wait_for("First words")
    terminal.wait_for("Esc stops")
    more.set()
    terminal.wait_for("First words and last")
    wait_for_prompt(terminal, 2)
    assert "Esc stops" not in terminal.screen_text()


@pytest.mark.parametrize("key", ["\x03", "\x1b"], ids=["Ctrl-C", "Esc"])
def test_stopping_keeps_what_was_written(server: ScriptedServer, terminal: PtyTerminal, key: str) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    server.enqueue(*answer("Whole"))
    terminal.send("hi\r")
    terminal.wait_for("Half an")
    terminal.send(key)
    terminal.wait_for("stopped")
    server.wait_for().closed.wait()
    wait_for_prompt(terminal, 2)
    terminal.send("go on\r")
    terminal.wait_for("Whole")
    assert server.wait_for(nth=1).json["messages"][1] == {"role": "assistant", "content": "Half an"}


def test_what_is_typed_meanwhile_is_the_next_question(server: ScriptedServer, terminal: PtyTerminal) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("One")), wait(more), lines(done()), end())
    server.enqueue(*answer("Two"))
    terminal.send("first\r")
    terminal.wait_for("One")
    terminal.send("second\rthi")
    terminal.wait_for("thi")
    more.set()
    terminal.wait_for("Two")
    terminal.wait_for(">>> thi")
    assert server.wait_for(nth=1).json["messages"][-1]["content"] == "second"
    assert rows_with(terminal, ">>> second")


def test_ctrl_c_at_the_prompt_clears_hints_and_stays(terminal: PtyTerminal) -> None:
    terminal.send("some text")
    terminal.wait_for("some text")
    terminal.send("\x03")
    terminal.wait_for(lambda: "some text" not in terminal.screen_text())
    terminal.send("\x03")
    terminal.wait_for("Ctrl-D or /quit leaves.")
    terminal.send("/quit\r")
    assert terminal.wait_for_exit() == 0


def test_a_failure_gives_the_text_back(server: ScriptedServer, terminal: PtyTerminal) -> None:
    server.enqueue(
        reply({"error": "server busy, please try again.  maximum pending requests exceeded"}, status=503)
    )
    server.enqueue(*answer("Now"))
    terminal.send("a long question\r")
    terminal.wait_for("server busy")
    terminal.wait_for(lambda: len(rows_with(terminal, ">>> a long question")) == 2)
    terminal.send("\r")
    terminal.wait_for("Now")
    assert server.wait_for(nth=1).json["messages"] == [{"role": "user", "content": "a long question"}]


def test_a_question_given_back_and_the_text_typed_meanwhile_stay_two_lines(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    more = Mark()
    server.enqueue(wait(more), reply({"error": "no"}, status=500))
    terminal.send("a question\r")
    server.wait_for()
    terminal.send("next\rlast")
    terminal.wait_for("1 queued › last")
    more.set()
    terminal.wait_for(lambda: ">>> a question\n... next\n... last" in terminal.screen_text())


def test_a_broken_answer_is_kept(server: ScriptedServer, terminal: PtyTerminal) -> None:
    server.enqueue(head(), lines(text("Half")), reset())
    server.enqueue(*answer("Rest"))
    terminal.send("hi\r")
    terminal.wait_for("was lost")
    assert "Half" in terminal.screen_text()
    wait_for_prompt(terminal, 2)
    terminal.send("go on\r")
    terminal.wait_for("Rest")
    assert [each["content"] for each in server.wait_for(nth=1).json["messages"]] == ["hi", "Half", "go on"]


def test_an_unknown_command_stays_in_the_prompt(server: ScriptedServer, terminal: PtyTerminal) -> None:
    terminal.send("/hlep\r")
    terminal.wait_for("Did you mean /help?")
    terminal.wait_for(lambda: len(rows_with(terminal, ">>> /hlep")) == 2)
    assert server.to("/api/chat") == []


def test_two_slashes_and_paths_are_text(server: ScriptedServer, terminal: PtyTerminal) -> None:
    server.enqueue(*answer("one"))
    server.enqueue(*answer("two"))
    terminal.send("//help\r")
    wait_for_prompt(terminal, 2)
    terminal.send("/etc/hosts is what?\r")
    wait_for_prompt(terminal, 3)
    assert server.wait_for(nth=0).json["messages"][0]["content"] == "/help"
    assert server.wait_for(nth=1).json["messages"][-1]["content"] == "/etc/hosts is what?"


def test_thinking_is_folded_when_the_answer_begins(server: ScriptedServer, terminal: PtyTerminal) -> None:
    more = Mark()
    thoughts = [text("", thinking=f"thought {number}\n") for number in range(20)]
    server.enqueue(head(), lines(*thoughts), wait(more), lines(text("Answer."), done()), end())
    terminal.send("hi\r")
    terminal.wait_for("thought 19")
    assert len(rows_with(terminal, "thought ")) <= 6
    more.set()
    terminal.wait_for("Answer.")
    terminal.wait_for(lambda: not rows_with(terminal, "thought 19"))
    terminal.wait_for("thought for 0 s, about 20 tokens")


def test_a_new_conversation_forgets(server: ScriptedServer, terminal: PtyTerminal) -> None:
    for _ in range(2):
        server.enqueue(*answer("ok"))
    terminal.send("one\r")
    wait_for_prompt(terminal, 2)
    terminal.send("/new\r")
    wait_for_prompt(terminal, 3)
    terminal.send("two\r")
    wait_for_prompt(terminal, 4)
    assert server.wait_for(nth=1).json["messages"] == [{"role": "user", "content": "two"}]


def test_the_model_gone_over_to_is_used_the_next_time(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    server.models.append(installed("other:1b"))
    terminal.send("/model other:1b\r")
    terminal.wait_for("Now talking to other:1b.")
    terminal.wait_for(lambda: "\x1b]2;ollama-chat · other:1b\x1b".encode() in terminal.output)
    terminal.send("\x04")
    terminal.wait_for_exit()
    with chat(home=home) as again:
        again.wait_for("other:1b at http")


def test_a_model_being_loaded_is_seen_and_can_be_stopped(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    terminal.wait_for(lambda: bool(server.loads))  # by itself, at the start
    server.answers_loads = False
    server.enqueue(wait(Mark()))
    terminal.send("/load\r")
    terminal.wait_for("Loading m:latest")
    request = server.wait_for()
    terminal.send("\x03")
    terminal.wait_for("Stopped.")
    request.closed.wait()


def test_hostile_text_never_drives_the_terminal(server: ScriptedServer, terminal: PtyTerminal) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\x9b31m\x1b]52;c;AAAA\x1b\\ \u202eevil"
    server.enqueue(*answer(hostile, "\n```\n" + hostile + "\n```\n"))
    server.enqueue(reply({"error": f"bad {hostile}"}, status=400))
    before = len(terminal.output)
    terminal.send("hi\r")
    wait_for_prompt(terminal, 2)
    terminal.send("again\r")
    terminal.wait_for("refuses the request")
    output = terminal.output[before:]
    for sequence in (b"\x1b]0;", b"\x1b[2J", b"\xc2\x9b", b"\x1b]52;", "\u202e".encode()):
        assert sequence not in output


def test_the_history_is_private_and_outlives_the_chat(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    server.enqueue(*answer("ok"))
    terminal.send("remember me\r")
    wait_for_prompt(terminal, 2)
    terminal.send("\x04")
    terminal.wait_for_exit()
    history = next(Path(home["OLLAMA_CHAT_DATA_DIR"]).glob("history*"))
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with chat(home=home) as again:
        again.wait_for(READY)
        again.send("\x1b[A")
        again.wait_for(">>> remember me")


def test_without_a_history_nothing_typed_is_written(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("ok"))
    with chat("--no-history", home=home) as terminal:
        terminal.wait_for("no history")
        terminal.send("a secret\r")
        wait_for_prompt(terminal, 2)
        terminal.send("\x1b[A")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> a secret")) == 2)
        terminal.send("\x03\x04")
        assert terminal.wait_for_exit() == 0
    assert not list(Path(home["OLLAMA_CHAT_DATA_DIR"]).glob("history*"))


def test_a_history_that_cannot_be_written_is_said_and_stops_nothing(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    (Path(home["OLLAMA_CHAT_DATA_DIR"]) / "history").mkdir(parents=True)
    server.enqueue(*answer("Still here"))
    with chat(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        terminal.wait_for("Still here")
        terminal.wait_for("cannot be used")


def test_a_narrow_and_low_terminal_shows_everything(server: ScriptedServer, home: dict[str, str]) -> None:
    words = [f"word{number} " for number in range(60)]
    server.enqueue(*answer(*words))
    with chat(home=home, columns=20, lines=6) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        wait_for_prompt(terminal, 2)
        shown = " ".join(terminal.all_rows())
        assert all(word in shown for word in words)


def test_a_terminal_without_abilities_gets_plain_text(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("**Hello**"))
    with chat(home={**home, "NO_COLOR": "1"}) as terminal:
        terminal.wait_for(READY)
        before = len(terminal.output)
        terminal.send("hi\r")
        wait_for_prompt(terminal, 2)
        assert "Hello" in terminal.screen_text()
        assert b"\x1b[38;" not in terminal.output[before:]


def test_a_server_that_does_not_answer_leaves_a_prompt_and_is_tried_again(
    server: ScriptedServer, tmp_path: Path
) -> None:
    with closed_port() as port, chat("--host", f"127.0.0.1:{port}", home=fresh_home(tmp_path)) as terminal:
        terminal.wait_for("Nothing answers at")
        terminal.wait_for("ollama serve")
        terminal.wait_for(READY)
        terminal.send("hello?\r")
        terminal.wait_for(lambda: len(rows_with(terminal, "Nothing answers at")) == 2)
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> hello?")) == 2)
        terminal.send("\x03\x04")
        assert terminal.wait_for_exit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_ends_the_chat_in_the_middle_of_an_answer(
    server: ScriptedServer, terminal: PtyTerminal, number: signal.Signals
) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    terminal.send("hi\r")
    terminal.wait_for("Half an")
    os.kill(terminal.process.pid, number)
    assert terminal.wait_for_exit() == -number
    assert terminal.modes() == terminal.modes_at_start
    server.wait_for().closed.wait()


def test_a_suspended_chat_can_be_killed_by_its_shell(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    with PtyTerminal(["bash", "--norc", "--noprofile", "-i"], env={**home, "PS1": "$ "}) as shell:
        shell.wait_for("$")
        shell.send(" ".join(COMMAND) + "\r")
        shell.wait_for(READY)
        shell.send("hi\r")
        shell.wait_for("Half an")
        shell.send("\x1a")
        shell.wait_for("Stopped")
        shell.send("set -b; kill %1\r")  # -b: the shell tells at once how a job ended
        shell.wait_for("Terminated")


def test_an_interrupt_from_elsewhere_stops_the_answer(server: ScriptedServer, terminal: PtyTerminal) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    terminal.send("hi\r")
    terminal.wait_for("Half an")
    os.kill(terminal.process.pid, signal.SIGINT)
    terminal.wait_for("stopped")
    wait_for_prompt(terminal, 2)


def test_a_closed_terminal_ends_the_chat_quietly_with_the_history_on_disk(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    server.enqueue(*answer("ok"))
    terminal.send("a question\r")
    wait_for_prompt(terminal, 2)
    for fd in (terminal.master, terminal._slave):
        os.close(fd)
    assert terminal.process.wait(20) in (0, -signal.SIGHUP)
    assert b"Traceback" not in terminal.output
    history = next(Path(home["OLLAMA_CHAT_DATA_DIR"]).glob("history"))
    assert history.read_text() == '"a question"\n'


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_prompt_ends_the_chat_quietly_with_the_history_on_disk(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal, number: signal.Signals
) -> None:
    server.enqueue(*answer("ok"))
    terminal.send("a question\r")
    wait_for_prompt(terminal, 2)
    terminal.send("half a thought")
    terminal.wait_for("half a thought")
    os.kill(terminal.process.pid, number)
    assert terminal.wait_for_exit() == -number
    assert terminal.modes() == terminal.modes_at_start
    assert "Traceback" not in "\n".join(terminal.all_rows())
    history = next(Path(home["OLLAMA_CHAT_DATA_DIR"]).glob("history"))
    assert history.read_text() == '"a question"\n'
