"""What a terminal can do is read from its variables alone."""

from __future__ import annotations

import pytest

from ollama_chat_tui.terminal.ability import has_hyperlinks, is_dumb


@pytest.mark.parametrize(
    "variables",
    [
        {"TERM": "xterm-kitty"},
        {"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"},
        {
            "TERM": "xterm-256color",
            "TERM_PROGRAM": "WezTerm",
            "TERM_PROGRAM_VERSION": "20240203-110809-5046fc22",
        },
        {"TERM": "xterm-256color", "WEZTERM_PANE": "0"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5.0"},
        {"TERM": "foot"},
        {"TERM": "foot-extra"},
        {"WT_SESSION": "8ec1e2a3"},
        {"TERM": "xterm-256color", "VTE_VERSION": "5000"},
        {"TERM": "xterm-256color", "VTE_VERSION": "7600"},
        {"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty", "TERM_PROGRAM_VERSION": "1.0.1"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.104.0"},
        {"TERM": "tmux-256color", "TMUX": "/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4"},
        {"TERM": "tmux-256color", "TMUX": "/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.10a"},
    ],
    ids=str,
)
def test_hyperlinks_where_the_terminal_is_known_to_have_them(variables: dict[str, str]) -> None:
    assert has_hyperlinks(variables)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TERM": "xterm-256color"},
        {"TERM": "xterm-256color", "XTERM_VERSION": "XTerm(390)"},
        {"TERM": "linux"},
        {"TERM": "dumb", "KITTY_WINDOW_ID": "1"},
        {"TERM": "xterm-256color", "VTE_VERSION": "4803"},
        {"TERM": "xterm-256color", "VTE_VERSION": "new"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal", "TERM_PROGRAM_VERSION": "455"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.0.15"},
        {"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"},
        {"TERM": "screen-256color", "KITTY_WINDOW_ID": "1", "STY": "1.pts"},
        {"TERM": "screen-256color", "VTE_VERSION": "7600"},
        {"TERM": "tmux-256color", "TMUX": "/x", "KITTY_WINDOW_ID": "1"},
        {"TERM": "xterm-kitty", "TMUX": "/x"},
        {"TERM": "tmux-256color", "TMUX": "/x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"},
    ],
    ids=str,
)
def test_no_hyperlinks_where_they_may_be_garbage(variables: dict[str, str]) -> None:
    assert not has_hyperlinks(variables)


@pytest.mark.parametrize(
    ("term", "dumb"), [("dumb", True), ("DUMB", True), ("unknown", True), ("vt100", False)]
)
def test_a_terminal_without_a_cursor_says_so(term: str, dumb: bool) -> None:
    assert is_dumb({"TERM": term}) is dumb
    assert not is_dumb({})
