"""The prompt in a real pty, on the screen a person would see."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui.terminal.history import PromptHistory
from tests.pty_terminal import PtyTerminal
from tests.terminal.test_prompt_keys import every_key

ROOT = Path(__file__).parents[2]
IDLE_S = 2.5


class Chat:
    """A child that reads questions in a terminal, and what it read."""

    def __init__(
        self, folder: Path, *, columns: int = 80, lines: int = 24, waits: bool = False, **options: Any
    ) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        if not waits:
            self.go()
        shell = options.pop("shell", [])
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PS1": "$ "} | options.pop("env", {})
        self.argv = [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.terminal.prompt_child",
            str(folder),
            json.dumps(options),
        ]
        self.terminal = PtyTerminal(shell or self.argv, columns=columns, lines=lines, env=env, cwd=ROOT)

    def go(self) -> None:
        (self.folder / "go").touch()

    def sent(self) -> list[str]:
        try:
            lines = (self.folder / "sent").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def ready(self) -> PtyTerminal:
        """The terminal, once the prompt stands, its size is known and keys are read."""
        self.terminal.wait_for(
            lambda: ">>> " in self.terminal.screen_text() and b"\x1b[6n" in self.terminal.output
        )
        return self.terminal

    def wait_for_sent(self, *texts: str) -> None:
        self.terminal.wait_for(lambda: self.sent() == list(texts))


Open = Callable[..., Chat]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_chat(name: str = "chat", **options: Any) -> Chat:
            chat = Chat(tmp_path / name, **options)
            stack.enter_context(chat.terminal)
            return chat

        yield open_chat


def test_keys_typed_before_the_prompt_stands_are_not_lost(opened: Open) -> None:
    chat = opened(waits=True)
    chat.terminal.wait_for("early")
    chat.terminal.send("one\rtwo\x7f\x7fhree\\\rfour\rrest")
    chat.go()
    chat.wait_for_sent("one", "three\nfour")
    chat.terminal.wait_for(">>> rest")
    assert chat.terminal.output.startswith(b"early\r\n")
    assert b"one" not in chat.terminal.output.partition(b">>> ")[0]


def test_the_terminal_is_left_as_it_was(opened: Open) -> None:
    chat = opened()
    chat.ready().send("\x04")
    assert chat.terminal.wait_for_exit() == 0
    assert chat.terminal.modes() == chat.terminal.modes_at_start
    assert chat.sent() == ["<end>"]


def test_ctrl_c_hints_and_then_leaves(opened: Open) -> None:
    chat = opened()
    chat.ready().send("text\x03")
    chat.terminal.wait_for(lambda: "text" not in chat.terminal.screen_text())
    chat.terminal.send("\x03")
    chat.wait_for_sent("<hint>")
    chat.terminal.wait_for(lambda: not chat.terminal.modes()[3] & termios.ISIG)  # it reads again
    chat.terminal.send("\x03")
    assert chat.terminal.wait_for_exit() == 0
    assert chat.sent() == ["<hint>", "<end>"]


def test_ten_thousand_lines_pasted_fold_and_are_sent_whole(opened: Open) -> None:
    chat = opened()
    pasted = "\n".join(f"line {number} of a long log, with some words in it" for number in range(10_000))
    chat.ready().send(f"\x1b[200~{pasted}\x1b[201~")
    chat.terminal.wait_for(">>> [pasted text #1, 10,000 lines]")
    assert chat.sent() == []
    chat.terminal.send(" what?\r")
    chat.wait_for_sent(pasted + " what?")
    assert ">>> [pasted text #1, 10,000 lines] what?" in chat.terminal.screen_text()
    assert PromptHistory(chat.folder / "history.jsonl").get_strings() == [pasted + " what?"]


def test_ten_thousand_lines_opened_can_be_edited(opened: Open) -> None:
    chat = opened()
    pasted = "\n".join(f"line {number}" for number in range(10_000))
    chat.ready().send(f"\x1b[200~{pasted}\x1b[201~\x0f")
    chat.terminal.wait_for("... line 9999")
    chat.terminal.send("!\x7f?")
    chat.terminal.wait_for("... line 9999?")


def test_a_short_paste_with_an_enter_at_its_end_is_not_sent(opened: Open) -> None:
    chat = opened()
    chat.ready().send("\x1b[200~one\ntwo\n\x1b[201~")
    chat.terminal.wait_for("... two")
    assert chat.sent() == []


def test_the_editor_takes_the_screen_and_gives_it_back(opened: Open, tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text(
        '#!/bin/sh\nstty -a <&1 >/dev/null || exit 1\nread line\nprintf "%s\\n" "$line" >>"$1"\n'
    )
    script.chmod(0o700)
    chat = opened(env={"EDITOR": f"sh {script}"})
    chat.ready().send("typed\x18\x05")
    chat.terminal.wait_for(lambda: bool(chat.terminal.modes()[3] & termios.ICANON))
    chat.terminal.send("in the editor\n")
    chat.terminal.wait_for("... in the editor")
    assert chat.sent() == []
    chat.terminal.send("\r")
    chat.wait_for_sent("typed\nin the editor")


def test_ctrl_c_in_the_editor_is_the_editors(opened: Open, tmp_path: Path) -> None:
    script = tmp_path / "editor"
    script.write_text(f'trap "" INT\necho up >"{tmp_path}/up"\nread line\nprintf "%s\\n" "$line" >>"$1"\n')
    chat = opened(env={"EDITOR": f"sh {script}"})
    chat.ready().send("typed\x07")
    chat.terminal.wait_for(lambda: bool(chat.terminal.modes()[3] & termios.ICANON))
    chat.terminal.wait_for((tmp_path / "up").exists)
    chat.terminal.send("\x03more\n")
    chat.terminal.wait_for("... more")
    assert chat.sent() == []


def test_a_sigint_from_elsewhere_is_ctrl_c(opened: Open) -> None:
    chat = opened()
    chat.ready().send("text")
    chat.terminal.wait_for("text")
    chat.terminal.process.send_signal(signal.SIGINT)
    chat.terminal.wait_for(lambda: "text" not in chat.terminal.screen_text())
    chat.terminal.process.send_signal(signal.SIGINT)
    chat.wait_for_sent("<hint>")


def test_an_editor_that_is_missing_is_said(opened: Open) -> None:
    chat = opened(env={"VISUAL": "/no/such/editor"})
    chat.ready().send("typed\x07")
    chat.terminal.wait_for("The editor /no/such/editor cannot be started")
    chat.terminal.wait_for(">>> typed")


def test_vi_mode(opened: Open) -> None:
    chat = opened(is_vi=True)
    chat.ready().send("one two\x1b")
    chat.terminal.wait_for(lambda: chat.terminal.screen.cursor.x == len(">>> one tw"))
    chat.terminal.send("bcwthree\r")
    chat.wait_for_sent("one three")


@pytest.mark.parametrize("columns", [40, 20])
def test_the_menu_fits_a_narrow_screen(opened: Open, columns: int) -> None:
    names = ["/help", "/model", "/history", "/日本語モデル", "/" + "long" * 15]
    chat = opened(columns=columns, lines=12, names=names, bar="qwen3:8b")
    chat.ready().send("/")
    chat.terminal.wait_for("/history")
    rows = chat.terminal.screen.screen_rows()
    assert sum("/" in row for row in rows) >= 4
    chat.terminal.send("h\t\t")
    chat.terminal.wait_for(">>> /history")
    chat.terminal.send("\r\r")
    chat.wait_for_sent("/history")
    assert ">>> /history" in chat.terminal.screen_text()


def test_the_menu_has_descriptions_at_forty_columns(opened: Open) -> None:
    chat = opened(columns=40, names=["/help", "/model"])
    chat.ready().send("/")
    chat.terminal.wait_for("Description of /mode")
    assert all(len(row) <= 40 for row in chat.terminal.screen.screen_rows())


@pytest.mark.parametrize("lines", [3, 5])
def test_a_flat_screen_is_no_reason_to_refuse(opened: Open, lines: int) -> None:
    chat = opened(columns=20, lines=lines, names=["/help", "/hello"], bar="bar")
    chat.ready().send("/h")
    chat.terminal.wait_for("/h")
    assert "too small" not in chat.terminal.screen_text()
    chat.terminal.send("\x15wide 日本語日本語日本語\r")
    chat.wait_for_sent("wide 日本語日本語日本語")


def test_the_mouse_is_the_terminals_own(opened: Open) -> None:
    chat = opened(names=["/help", "/model"], bar="the bar")
    chat.ready().send("/")
    chat.terminal.wait_for("/model")
    chat.terminal.send("\x15a question\r")
    chat.wait_for_sent("a question")
    assert not re.search(rb"\x1b\[\?(9|100\d|1015)h", chat.terminal.output)


def test_the_area_grows_and_shrinks(opened: Open) -> None:
    chat = opened(columns=20, bar="the bar")
    chat.ready().send("one\ntwo\nthree")
    chat.terminal.wait_for("... three")
    assert [row.rstrip() for row in chat.terminal.screen.screen_rows() if row.startswith((">>>", "..."))] == [
        ">>> one",
        "... two",
        "... three",
    ]
    chat.terminal.send("\x15\x7f\x15\x7f\x15\x7f")
    chat.terminal.wait_for(lambda: "..." not in chat.terminal.screen_text())


def test_the_hint_changes_and_fits(opened: Open) -> None:
    chat = opened(columns=20)
    chat.ready()
    chat.terminal.wait_for(">>> Ask something,…")
    chat.terminal.send("\x03")
    chat.terminal.wait_for(">>> Alt-Enter make…")


def test_no_hint_stands_behind_what_a_search_finds(opened: Open) -> None:
    chat = opened()
    chat.ready().send("find me\r")
    chat.wait_for_sent("find me")
    chat.terminal.wait_for(">>> Alt-Enter")
    chat.terminal.send("\x12find")
    chat.terminal.wait_for("I-search")
    chat.terminal.wait_for(lambda: ">>> find me" in chat.terminal.screen.screen_rows()[1:])
    chat.terminal.send("\x07")
    chat.terminal.wait_for(">>> Alt-Enter")


def test_a_queued_question_looks_as_if_typed(opened: Open) -> None:
    chat = opened(echo="one\ntwo")
    chat.ready()
    chat.terminal.wait_for(lambda: chat.terminal.screen.screen_rows()[1:3] == [">>> one", "... two"])
    chat.terminal.send("\x1b[A\r")
    chat.wait_for_sent("one\ntwo")


def test_history_over_two_runs(opened: Open, tmp_path: Path) -> None:
    history = str(tmp_path / "history.jsonl")
    first = opened("first", history=history)
    first.ready().send("why is\nthe sky blue?\r")
    first.wait_for_sent("why is\nthe sky blue?")
    first.terminal.send("\x04")
    first.terminal.wait_for_exit()
    second = opened("second", history=history)
    second.ready().send("why")
    second.terminal.wait_for(">>> why is…")
    second.terminal.send("\x1b[A\r")
    second.wait_for_sent("why is\nthe sky blue?")


def test_two_running_at_once_lose_nothing(opened: Open, tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    chats = [opened(f"chat {number}", history=str(history)) for number in range(2)]
    for chat in chats:
        chat.ready()
    texts = [[f"question {number} of {chat}" for number in range(20)] for chat in range(2)]
    for questions in zip(*texts, strict=True):
        for chat, question in zip(chats, questions, strict=True):
            chat.terminal.send(question + "\r")
    for chat, expected in zip(chats, texts, strict=True):
        chat.wait_for_sent(*expected)
    assert sorted(PromptHistory(history).get_strings()) == sorted(texts[0] + texts[1])


def test_incognito_leaves_nothing(opened: Open) -> None:
    chat = opened(is_recording=False)
    chat.ready().send("secret\r")
    chat.wait_for_sent("secret")
    chat.terminal.send("\x04")
    chat.terminal.wait_for_exit()
    assert not (chat.folder / "history.jsonl").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_quietly_with_the_history_on_disk(opened: Open, number: signal.Signals) -> None:
    chat = opened()
    chat.ready().send("a question\r")
    chat.wait_for_sent("a question")
    chat.terminal.send("half a thought")
    chat.terminal.wait_for("half a thought")
    chat.terminal.process.send_signal(number)
    assert chat.terminal.wait_for_exit() == 0
    assert chat.terminal.modes() == chat.terminal.modes_at_start
    assert PromptHistory(chat.folder / "history.jsonl").get_strings() == ["a question"]
    assert "Traceback" not in "\n".join(chat.terminal.all_rows())


def test_a_closed_terminal_ends_it(opened: Open) -> None:
    chat = opened()
    chat.ready().send("a question\r")
    chat.wait_for_sent("a question")
    for fd in (chat.terminal.master, chat.terminal._slave):
        os.close(fd)
    assert chat.terminal.process.wait(20) == 0
    assert chat.sent() == ["a question", "<end>"]
    assert PromptHistory(chat.folder / "history.jsonl").get_strings() == ["a question"]


@pytest.mark.parametrize(("action", "key"), every_key("suspend"))
def test_ctrl_z_suspends_and_fg_brings_it_back(opened: Open, action: str, key: str) -> None:
    chat = opened(shell=["bash", "--norc", "--noprofile", "-i"])
    chat.terminal.wait_for("$")
    chat.terminal.send(shlex.join(chat.argv) + "\n")
    chat.ready().send(f"half{key}")
    chat.terminal.wait_for("Stopped")
    chat.terminal.send("fg\n")
    chat.terminal.wait_for(lambda: chat.terminal.screen.screen_rows()[-1] == ">>> half")
    chat.terminal.send(" a thought\r")
    chat.wait_for_sent("half a thought")


def wake_ups(pid: int) -> int:
    found = re.search(
        r"^voluntary_ctxt_switches:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE
    )
    assert found
    return int(found[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux counts wake-ups")
def test_an_idle_prompt_writes_nothing_and_does_not_wake(opened: Open) -> None:
    chat = opened(bar="the bar", names=["/help"])
    chat.ready().send("half a thought")
    chat.terminal.wait_for("the bar")
    chat.terminal.wait_for("half a thought")
    settle(chat.terminal)
    written, woken = len(chat.terminal.output), wake_ups(chat.terminal.process.pid)
    deadline_s = time.monotonic() + IDLE_S
    while time.monotonic() < deadline_s:
        chat.terminal._read_within(deadline_s - time.monotonic())
    assert len(chat.terminal.output) == written
    assert wake_ups(chat.terminal.process.pid) == woken


def settle(terminal: PtyTerminal) -> None:
    """Read until the child has written and done nothing for a second: its timers for Esc have run out."""
    before = (-1, -1)
    while before != (now := (len(terminal.output), wake_ups(terminal.process.pid))):
        before = now
        terminal._read_within(1.2)
