"""What a terminal tells of itself: whatever it answers and whenever, no key is lost and no byte leaks."""

from __future__ import annotations

import io
import os
import pty
import termios
import tty
from collections.abc import Iterator

import pyte
import pytest
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.input.vt100 import Vt100Input

from ollama_chat_tui.terminal.background import Background
from ollama_chat_tui.terminal.graphics import Graphics, best_graphics
from ollama_chat_tui.terminal.query import TIMEOUT_S, Told, ask_terminal
from ollama_chat_tui.terminal.theme import ColourDepth
from tests.pty_terminal import StrictScreen

XTERM = {"TERM": "xterm-256color"}
LIGHT, DARK = "\x1b]11;rgb:ffff/ffff/dddd\x1b\\", "\x1b]11;rgb:1c1c/1c1c/1c1c\x07"
NO_MORE = "\x1b[?62;22c"
WITH_SIXEL = "\x1b[?62;4;22c"
KITTY, CELLS = "\x1b_Gi=31;OK\x1b\\", "\x1b[6;20;10t"
QUESTION = "\x1b]11;?\x1b\\\x1b7\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b8\x1b[K\x1b[16t\x1b[c"


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

    def ask(self) -> Told:
        query = ask_terminal(self.keyboard, self.output, XTERM)
        query.listen()
        return query.told

    def background(self) -> Background:
        background = Background(ask_terminal(self.keyboard, self.output, XTERM))
        background.listen()
        return background

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
    assert terminal.background().name == name
    assert terminal.output.getvalue() == QUESTION
    assert terminal.keys() == ""
    assert termios.tcgetattr(terminal.stdin) == before


def test_keys_typed_meanwhile_wait_for_the_prompt(terminal: Terminal) -> None:
    terminal.send(f"ab{LIGHT}c{NO_MORE}d\x1b[A")
    assert terminal.background().name == "light"
    assert terminal.keys() == "abcd\x1b[A"


LATE = LIGHT + KITTY + CELLS + WITH_SIXEL


def test_a_late_answer_in_two_pieces_never_reaches_the_prompt(terminal: Terminal) -> None:
    told = terminal.ask()
    assert not told.is_answered
    for cut in range(len(LATE)):
        if LATE[cut - 1] == "\x1b":
            continue  # nobody can tell it from a key there; terminals send both in one piece
        terminal.send("x" + LATE[:cut])
        keys = "".join(key.data for key in terminal.keyboard.read_keys())
        terminal.send(LATE[cut:] + "y")
        assert keys + terminal.keys() == "xy", LATE[cut:]
    assert told == Told(told.luminance, True, True, True, (10, 20))
    assert terminal.background().name == "light"


@pytest.mark.parametrize(
    ("answer", "way"),
    [
        (LIGHT + KITTY + CELLS + NO_MORE, Graphics.KITTY),
        (KITTY + CELLS + WITH_SIXEL, Graphics.KITTY),
        (CELLS + WITH_SIXEL, Graphics.SIXEL),
        (WITH_SIXEL, Graphics.BLOCKS),  # how many rows a picture takes would be guessed
        (KITTY + "\x1b[6;0;0t" + NO_MORE, Graphics.BLOCKS),
        ("\x1b_Gi=31;ENOTSUP:no\x1b\\" + CELLS + NO_MORE, Graphics.BLOCKS),
        (NO_MORE, Graphics.BLOCKS),
        ("\x1b[?4;22c", Graphics.BLOCKS),  # the first number is the terminal's class
        ("", Graphics.NONE),
        (LIGHT, Graphics.NONE),
    ],
)
def test_the_best_way_to_show_a_picture_is_what_was_answered(
    terminal: Terminal, answer: str, way: Graphics
) -> None:
    terminal.send(answer)
    told = terminal.ask()
    assert best_graphics(told, ColourDepth.ANSI_256) is way
    is_without_blocks = best_graphics(told, ColourDepth.ANSI_16) is Graphics.NONE
    assert is_without_blocks == (way in (Graphics.BLOCKS, Graphics.NONE))
    assert terminal.keys() == ""


def test_an_answer_is_found_that_came_while_nobody_read(terminal: Terminal) -> None:
    background = terminal.background()  # listened to in vain, until there is no more patience
    terminal.send(f"a{LIGHT}{NO_MORE}")
    background.listen()
    assert (background.name, terminal.keys()) == ("light", "a")


def test_an_answer_is_noted_by_whoever_reads_the_keys(terminal: Terminal) -> None:
    background = Background(ask_terminal(terminal.keyboard, terminal.output, XTERM))
    terminal.send(f"a{LIGHT}{NO_MORE}b")
    assert (terminal.keys(), background.name) == ("ab", "light")


def test_it_is_asked_once(terminal: Terminal) -> None:
    terminal.send(NO_MORE)
    told = terminal.ask()
    assert terminal.ask() is told
    assert terminal.output.getvalue() == QUESTION


def test_waiting_for_an_answer_is_limited() -> None:
    assert TIMEOUT_S <= 0.1


def test_a_terminal_that_writes_out_what_it_does_not_know_shows_nothing_of_it() -> None:
    screen = StrictScreen(60, 4)
    pyte.Stream(screen).feed("$ " + QUESTION + "ok")
    assert screen.screen_rows()[0].rstrip() == "$ ok"


@pytest.mark.parametrize("variables", [{**XTERM, "STY": "1.a"}, {**XTERM, "TERM_PROGRAM": "Apple_Terminal"}])
def test_where_the_question_would_be_seen_or_passed_on_pictures_are_not_asked_about(
    terminal: Terminal, variables: dict[str, str]
) -> None:
    ask_terminal(terminal.keyboard, terminal.output, variables)
    assert terminal.output.getvalue() == "\x1b]11;?\x1b\\\x1b[c"


def test_an_escape_key_is_not_held_back(terminal: Terminal) -> None:
    terminal.ask()
    terminal.send("\x1b")
    assert terminal.keys() == "\x1b"


@pytest.mark.parametrize(
    "variables", [{**XTERM, "SSH_CONNECTION": "a b"}, {"TERM": "dumb"}, {"TERM": "linux"}, {}], ids=str
)
def test_who_answers_late_or_never_is_not_asked(terminal: Terminal, variables: dict[str, str]) -> None:
    background = Background(ask_terminal(terminal.keyboard, terminal.output, variables))
    background.listen()
    assert (background.name, background.query.told) == ("dark", Told())
    assert terminal.output.getvalue() == ""
