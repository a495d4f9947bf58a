"""The drawer in a real pty, with a real shell above it where job control matters."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui.terminal.drawer import IN_FLIGHT_S
from ollama_chat_tui.terminal.region import END_FRAME
from tests.pty_terminal import PtyTerminal
from tests.terminal.scripted_rows import STATUS, numbered_words

ROOT = Path(__file__).parents[2]
ESCAPE_LIMIT_S = 0.1


class Answer:
    """A child that draws an answer, and the orders for it."""

    def __init__(self, folder: Path, words: list[str]) -> None:
        self.words = words
        self._fifo, self._result = folder / "orders", folder / "result.json"
        os.mkfifo(self._fifo)
        self._orders = os.open(self._fifo, os.O_RDWR)
        (folder / "words").write_text(" ".join(words))  # not on the command line, which a shell echoes
        self.argv = [sys.executable, "-m", "tests.terminal.drawer_child", str(folder)]
        self.terminal: PtyTerminal

    def open(self, argv: list[str] | None = None, columns: int = 60, lines: int = 24) -> PtyTerminal:
        env = {"PATH": os.environ["PATH"], "PS1": "$ ", "HISTFILE": "", "LANG": "C.UTF-8"}
        self.terminal = PtyTerminal(argv or self.argv, columns=columns, lines=lines, env=env, cwd=ROOT)
        return self.terminal

    def order(self, *orders: str) -> None:
        os.write(self._orders, "".join(f"{order}\n" for order in orders).encode())

    def wait_until_drawn(self) -> None:
        self.terminal.wait_for("›")

    def wait_for_word(self, number: int) -> None:
        word = self.words[number]
        # The whole frame, too: a tty hands on a long write in pieces.
        self.terminal.wait_for(
            lambda: (
                self.terminal.output.endswith(END_FRAME.encode())
                and word in " ".join(self.terminal.all_rows()).split()
            )
        )

    def result(self, last_order: str = "end") -> dict[str, Any]:
        self.order(last_order)
        self.terminal.wait_for(self._result.exists)
        self.terminal.wait_for("BYE")
        return dict(json.loads(self._result.read_text()))

    def close(self) -> None:
        os.close(self._orders)
        self.terminal.close()


StartAnswer = Callable[..., Answer]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartAnswer]:
    started: list[Answer] = []

    def start_answer(columns: int = 60, lines: int = 24, words: int = 300) -> Answer:
        answer = Answer(tmp_path, numbered_words(words, random.Random(columns)))
        started.append(answer)
        answer.open(columns=columns, lines=lines)
        answer.wait_until_drawn()
        return answer

    yield start_answer
    for answer in started:
        answer.close()


@pytest.fixture(params=[["bash", "--norc", "--noprofile", "--noediting", "-i"]], ids=["bash"])
def in_shell(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Answer]:
    answer = Answer(tmp_path, numbered_words(200, random.Random(1)))
    terminal = answer.open(request.param)
    try:
        terminal.wait_for("$")
        terminal.send(shlex.join(answer.argv) + "\r")
        answer.wait_until_drawn()
        yield answer
    finally:
        answer.close()


def assert_restored(terminal: PtyTerminal) -> None:
    assert terminal.modes() == terminal.modes_at_start
    assert not terminal.screen.cursor.hidden
    assert terminal.output.rindex(b"\x1b[?2004l") > terminal.output.rindex(b"\x1b[?2004h")
    assert b"\x1b[?7l" not in terminal.output.rpartition(b"\x1b[?7h")[2]


@pytest.mark.parametrize(("columns", "lines"), [(20, 5), (100, 50)])
def test_all_rows_remain_once_and_the_terminal_is_as_it_was(
    start: StartAnswer, columns: int, lines: int
) -> None:
    answer = start(columns, lines)
    rng = random.Random(lines)
    given = 0
    while given < 300:
        step = rng.choice([1, 5, 60])
        given += step
        answer.order(f"give {step}")
        answer.wait_for_word(min(given, 300) - 1)
    result = answer.result()
    assert answer.terminal.all_rows() == [*result["finished"], "BYE"]
    assert " ".join(result["finished"]).split() == answer.words
    assert_restored(answer.terminal)


def test_text_is_complete_when_the_answer_ends_before_the_first_frame(start: StartAnswer) -> None:
    answer = start()
    answer.order("give 100", "give 100", "give 100")
    result = answer.result()
    assert answer.terminal.all_rows() == [*result["finished"], "BYE"]


def test_what_is_typed_is_queued_edited_and_kept(start: StartAnswer) -> None:
    answer = start()
    terminal = answer.terminal
    terminal.send("first question\r")
    terminal.wait_for("1 queued ›")
    terminal.send("second\r")
    terminal.wait_for("2 queued ›")
    terminal.send("\x1b[A")
    terminal.wait_for("1 queued › second")
    answer.order("give 120")
    answer.wait_for_word(119)
    terminal.send(" one\rrest 漢字")
    terminal.wait_for("2 queued › rest 漢字")
    assert terminal.screen.cursor.x == len("2 queued › rest ") + 4
    result = answer.result()
    assert result["queued"] == ["first question", "second one"]
    assert result["unfinished"] == "rest 漢字"
    assert answer.terminal.all_rows() == [*result["finished"], "BYE"]


@pytest.mark.parametrize("key", ["\x1b", "\x03"], ids=["escape", "ctrl-c"])
def test_a_stop_key_is_heard_within_a_tenth_of_a_second(start: StartAnswer, key: str) -> None:
    answer = start()
    pressed = []
    for count in range(5):
        answer.order("give 10")
        answer.wait_for_word(count * 10 + 9)
        pressed.append(time.monotonic())
        answer.terminal.send(key)
        time.sleep(0.15)  # a second Escape in the same piece would be another key
    stops = answer.result()["stops"]
    assert len(stops) == len(pressed)
    # The best of five: the machine may be busy with something else at any of them.
    assert min(stop - press for stop, press in zip(stops, pressed, strict=True)) < ESCAPE_LIMIT_S


def test_arrows_do_not_stop(start: StartAnswer) -> None:
    answer = start()
    answer.terminal.send("ac\x1b[D")
    answer.terminal.wait_for("› ac")
    answer.terminal.send("b\x1bOC!\x1b[H?")
    answer.terminal.wait_for("› ?abc!")
    assert answer.result()["stops"] == []


def test_a_paste_of_a_thousand_lines_in_mid_answer_is_one_text(start: StartAnswer) -> None:
    answer = start()
    pasted = "\n".join(f"line {i} of what was pasted" for i in range(1000))
    answer.order("give 50")
    answer.terminal.send("\x1b[200~" + pasted[:20000])
    answer.order("give 100")
    answer.wait_for_word(149)
    answer.terminal.send(pasted[20000:] + "\x1b[201~")
    answer.terminal.wait_for("⏎line 999 of what was pasted")
    answer.order("give 150")
    answer.wait_for_word(299)
    result = answer.result()
    assert result["unfinished"] == pasted
    assert result["queued"] == []
    assert answer.terminal.all_rows() == [*result["finished"], "BYE"]


def test_keys_typed_before_and_after_are_not_lost(tmp_path: Path) -> None:
    answer = Answer(tmp_path, ["word"])
    terminal = answer.open()
    terminal.send("early")  # while the program still loads
    terminal.wait_for("› early")
    terminal.send(" bird")
    result = answer.result()
    assert result["unfinished"] == "early bird"
    answer.close()


@pytest.mark.parametrize("columns", [40, 60, 97])
def test_a_resize_in_mid_answer_loses_and_doubles_nothing(start: StartAnswer, columns: int) -> None:
    answer = start(60, 60)
    answer.order("give 137")
    answer.wait_for_word(136)
    time.sleep(5 * IN_FLIGHT_S)  # sooner, the frame may have met either size: a doubled tail is allowed
    answer.terminal.resize(columns, 50)
    answer.order("give 60")
    answer.wait_for_word(196)
    answer.order("give 103")
    answer.wait_for_word(299)
    result = answer.result()
    assert " ".join(answer.terminal.all_rows()).split() == [*answer.words, "BYE"]
    assert answer.terminal.all_rows()[-1 - len(result["finished"]) : -1] == result["finished"]


def test_a_burst_of_resizes_loses_nothing(start: StartAnswer) -> None:
    answer = start(60, 40)
    for columns, given in zip([33, 80, 50, 100, 45, 70], range(40, 280, 40), strict=True):
        answer.order("give 40")
        answer.wait_for_word(given - 41 if given > 40 else 0)
        answer.terminal.resize(columns, 30 + given % 7)
    answer.order("give 300")
    answer.wait_for_word(299)
    answer.result()
    seen = " ".join(answer.terminal.all_rows()).split()
    assert [word for word in answer.words if word not in seen] == []


@pytest.mark.parametrize(
    ("order", "error"),
    [
        ("raise", "RuntimeError the answer broke"),
        ("cancel", "CancelledError"),
        ("break", "RuntimeError the renderer broke"),
    ],
)
def test_whatever_ends_the_answer_its_text_stays_and_the_terminal_is_restored(
    start: StartAnswer, order: str, error: str
) -> None:
    answer = start()
    answer.order("give 150")
    answer.wait_for_word(149)
    answer.terminal.send("typed")
    answer.terminal.wait_for("› typed")
    answer.order(order)
    result = answer.result()
    assert result["error"] == error
    assert result["unfinished"] == "typed"
    assert " ".join(answer.terminal.all_rows()).split() == [*answer.words[:150], "BYE"]
    assert_restored(answer.terminal)


def test_suspend_gives_the_shell_a_clean_line_and_fg_draws_again(in_shell: Answer) -> None:
    terminal = in_shell.terminal
    in_shell.order("give 60")
    in_shell.wait_for_word(59)
    terminal.send("draft\x1a")
    terminal.wait_for("Stopped")
    terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == "$")
    assert STATUS not in terminal.screen_text()
    assert terminal.modes()[3] & termios.ICANON
    assert not terminal.screen.cursor.hidden
    in_shell.order("give 60")
    terminal.send("echo $((6*7))\r")
    terminal.wait_for("42")
    terminal.send("fg\r")
    in_shell.wait_for_word(119)
    terminal.wait_for("› draft")
    terminal.send("ed")
    result = in_shell.result()
    assert result["unfinished"] == "drafted"
    rows = terminal.all_rows()
    assert STATUS not in rows
    seen = " ".join(rows).split()
    assert [seen.count(word) for word in in_shell.words[:120]] == [1] * 120
    terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == "$")
    assert_restored_to_shell(terminal)


@pytest.mark.parametrize("in_shell", [["sh", "-i"]], ids=["sh"], indirect=True)
def test_suspend_restores_the_terminal_itself(in_shell: Answer) -> None:
    """The plain shell does not, as bash does."""
    in_shell.terminal.send("\x1a")
    in_shell.terminal.wait_for("Stopped")
    assert_restored(in_shell.terminal)


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=lambda number: number.name)
def test_a_stop_from_outside_is_survived(in_shell: Answer, number: signal.Signals) -> None:
    terminal = in_shell.terminal
    in_shell.order("give 60")
    in_shell.wait_for_word(59)
    (child,) = children_of(terminal.process.pid)
    os.killpg(child, number)
    terminal.wait_for("Stopped")
    terminal.send("fg\r")
    in_shell.order("give 60")
    in_shell.wait_for_word(119)
    terminal.send("heard")
    terminal.wait_for("› heard")
    assert not terminal.modes()[3] & termios.ICANON
    assert in_shell.result()["unfinished"] == "heard"
    seen = " ".join(terminal.all_rows()).split()
    assert [word for word in in_shell.words[:120] if word not in seen] == []


def assert_restored_to_shell(terminal: PtyTerminal) -> None:
    terminal.send("stty -a | tr ' ' '\\n' | grep -x -e icanon -e echo -e isig | sort | xargs echo modes:\r")
    terminal.wait_for("modes: echo icanon isig")


def children_of(pid: int) -> list[int]:
    command = ["ps", "-o", "pid=", "--ppid", str(pid)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(number) for number in listed.stdout.split()]
