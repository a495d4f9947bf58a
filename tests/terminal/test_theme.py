"""Colours follow what the terminal can do and the person wants; nothing is loaded before it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pygments.token import Comment, Error, Generic, Keyword

from ollama_chat_tui.terminal.rows import ansi_row
from ollama_chat_tui.terminal.theme import PLAIN, ColourDepth, Ink, ThemeName, colour_depth, make_theme


@pytest.mark.parametrize(
    ("environ", "depth"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColourDepth.TRUECOLOR),
        ({"TERM": "xterm-256color"}, ColourDepth.ANSI_256),
        ({"TERM": "xterm"}, ColourDepth.ANSI_16),
        ({"TERM": "xterm-direct"}, ColourDepth.TRUECOLOR),
        ({"TERM": "linux"}, ColourDepth.ANSI_16),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, ColourDepth.NONE),
        ({"TERM": "xterm-256color", "COLORTERM": "24bit", "NO_COLOR": "1"}, ColourDepth.NONE),
        ({"TERM": "xterm", "NO_COLOR": ""}, ColourDepth.ANSI_16),
        ({}, ColourDepth.NONE),
    ],
)
def test_depth_is_read_from_the_environment(environ: dict[str, str], depth: ColourDepth) -> None:
    assert colour_depth(environ) is depth


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize(
    ("depth", "is_its_own"),
    [
        (ColourDepth.TRUECOLOR, lambda sgr: "38;2;" in sgr),
        (ColourDepth.ANSI_256, lambda sgr: "38;5;" in sgr),
        (ColourDepth.ANSI_16, lambda sgr: sgr.isdecimal() and (30 <= int(sgr) < 38 or 90 <= int(sgr) < 98)),
    ],
)
def test_colours_fit_the_depth(name: ThemeName, depth: ColourDepth, is_its_own: object) -> None:
    theme = make_theme(name, depth)
    assert callable(is_its_own)
    assert is_its_own(theme.ink("code").sgr)
    assert is_its_own(theme.code_ink(Keyword.Namespace).sgr.removeprefix("1;"))


def test_without_colours_attributes_stay() -> None:
    theme = make_theme("dark", ColourDepth.NONE)
    assert theme.ink("strong").sgr == theme.ink("code").sgr == "1"
    assert theme.ink("heading1").sgr == "1;4"
    assert "3" not in theme.code_ink(Comment).sgr.split(";")[1:]


def test_the_theme_none_writes_no_escape_at_all() -> None:
    theme = make_theme("none", ColourDepth.TRUECOLOR)
    assert theme.ink("strong") == theme.code_ink(Keyword) == PLAIN
    assert ansi_row([("a", theme.ink("link"))]) == "a"


def test_token_types_unknown_to_the_style_look_like_their_kind() -> None:
    theme = make_theme("dark")
    assert theme.code_ink(Generic.Prompt.VirtualEnv) == theme.code_ink(Generic.Prompt)
    assert theme.code_ink(Error) == PLAIN


def test_a_style_can_be_named_and_an_unknown_one_is_the_default() -> None:
    assert make_theme("dark", code_style="vim").code_style == "vim"
    assert make_theme("dark", code_style="no-such").code_style == make_theme("dark").code_style


def test_inks_are_laid_over_each_other() -> None:
    assert Ink("3").over(Ink("1", "https://a.b")) == Ink("1;3", "https://a.b")
    assert Ink("", "https://a.b").over(Ink("1")) == Ink("1", "https://a.b")
    assert Ink("1").over(PLAIN) == Ink("1")


def test_the_second_check_stands_where_rows_are_written() -> None:
    hostile = "a\x1b[2Jb\x9bc\u202ed\ne\tf"
    assert ansi_row([(hostile, Ink("1", "javascript:x"))]) == "\x1b[1ma␛[2Jb\ufffdcd e f\x1b[0m"
    assert ansi_row([("a", Ink("", "https://x.y/\x1b\\"))]) == "a"


def test_border_and_theme_cost_the_prompt_nothing() -> None:
    code = (
        "import sys, ollama_chat_tui.terminal.sanitize, ollama_chat_tui.terminal.theme as t;"
        "t.colour_depth({});"
        "print([m for m in ('rich', 'pygments', 'markdown_it') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
