"""Dark or light: whatever a terminal answers and whenever, and no key is lost over it."""

from __future__ import annotations

import io
import os
import pty
import termios
import tty
from collections.abc import Iterator

import pytest
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.input.vt100 import Vt100Input

from ollama_chat_tui.terminal.background import ask_background

XTERM = {"TERM": "xterm-256color"}
LIGHT, DARK = "\x1b]11;rgb:ffff/ffff/dddd\x1b\\", "\x1b]11;rgb:1c1c/1c1c/1c1c\x07"
NO_MORE = "\x1b[?62;22c"


class Terminal:
    """Both ends of a tty; what is `sent` before it is asked waits there, as a fast terminal's answer does."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.stdin = os.fdopen(slave, "r")
        self.keyboard = Vt100Input(self.stdin)
        self.output = io.StringIO()

    def send(self, text: str) -> None:
        os.write(self.master, text.encode())

    def ask(self) -> str:
        background = ask_background(self.keyboard, self.output, XTERM)
        background.listen()
        return background.name

    def keys(self) -> str:
        waiting = [*get_typeahead(self.keyboard), *self.keyboard.read_keys(), *self.keyboard.flush_keys()]
        return "".join(key.data for key in waiting)

    def close(self) -> None:
        self.stdin.close()
        os.close(self.master)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (LIGHT + NO_MORE, "light"),
        (DARK + NO_MORE, "dark"),
        ("\x1b]11;rgb:ff/ff/ff\x07" + NO_MORE, "light"),
        ("\x1b]11;rgba:0000/0000/0000/ffff\x1b\\" + NO_MORE, "dark"),
        (NO_MORE, "dark"),  # one that knows no OSC 11
        (LIGHT, "light"),  # one that does not say that there is no more
        ("\x1b]11;rgb:what\x07" + NO_MORE, "dark"),
        ("", "dark"),
    ],
)
def test_the_answer_counts(terminal: Terminal, answer: str, name: str) -> None:
    terminal.send(answer)
    before = termios.tcgetattr(terminal.stdin)
    assert terminal.ask() == name
    assert terminal.output.getvalue() == "\x1b]11;?\x1b\\\x1b[c"
    assert terminal.keys() == ""
    assert termios.tcgetattr(terminal.stdin) == before


def test_keys_typed_meanwhile_wait_for_the_prompt(terminal: Terminal) -> None:
    terminal.send(f"ab{LIGHT}c{NO_MORE}d\x1b[A")
    assert terminal.ask() == "light"
    assert terminal.keys() == "abcd\x1b[A"


LATE = LIGHT + NO_MORE


# Behind an escape nobody can tell an answer from a key; terminals send both in one piece.
@pytest.mark.parametrize("cut", [cut for cut in range(len(LATE)) if LATE[cut] not in "]["])
def test_a_late_answer_in_two_pieces_never_reaches_the_prompt(terminal: Terminal, cut: int) -> None:
    assert terminal.ask() == "dark"
    terminal.send("x" + LATE[:cut])
    keys = "".join(key.data for key in terminal.keyboard.read_keys())
    terminal.send(LATE[cut:] + "y")
    assert keys + terminal.keys() == "xy"


def test_an_answer_is_found_that_came_while_nobody_read(terminal: Terminal) -> None:
    background = ask_background(terminal.keyboard, terminal.output, XTERM)
    background.listen()  # in vain, until there is no more patience
    terminal.send(f"a{LIGHT}{NO_MORE}")
    background.listen()
    assert (background.name, terminal.keys()) == ("light", "a")


def test_an_answer_is_noted_by_whoever_reads_the_keys(terminal: Terminal) -> None:
    background = ask_background(terminal.keyboard, terminal.output, XTERM)
    terminal.send(f"a{LIGHT}{NO_MORE}b")
    assert (terminal.keys(), background.name) == ("ab", "light")


def test_an_escape_key_is_not_held_back(terminal: Terminal) -> None:
    terminal.ask()
    terminal.send("\x1b")
    assert terminal.keys() == "\x1b"


@pytest.mark.parametrize(
    "variables", [{**XTERM, "SSH_CONNECTION": "a b"}, {"TERM": "dumb"}, {"TERM": "linux"}, {}], ids=str
)
def test_who_answers_late_or_never_is_not_asked(terminal: Terminal, variables: dict[str, str]) -> None:
    background = ask_background(terminal.keyboard, terminal.output, variables)
    background.listen()
    assert background.name == "dark"
    assert terminal.output.getvalue() == ""
