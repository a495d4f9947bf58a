"""The window beside the text."""

from __future__ import annotations

import io

import pytest

from ollama_chat_tui.terminal.window import Window, notification


def test_the_title_is_ours_for_a_while_and_harmless() -> None:
    output = io.StringIO()
    window = Window(output, {"TERM": "xterm"}, has_title=True, calls=False)
    with window.titled():
        window.name("a\x1b]2;evil\x07")
        window.name("a\x1b]2;evil\x07")
        window.call("ignored")
    assert output.getvalue() == "\x1b[22;2t\x1b]2;a␛]2;evil␇\x1b\\\x1b[23;2t"


OSC_9 = "\x1b]9;ollama-chat: Done.\x1b\\"
OSC_99 = "\x1b]99;;ollama-chat: Done.\x1b\\"
OSC_777 = "\x1b]777;notify;ollama-chat;Done.\x1b\\"


@pytest.mark.parametrize(
    ("variables", "sequence"),
    [
        ({"TERM": "xterm-256color"}, OSC_9),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, OSC_9),
        ({"TERM": "xterm-kitty"}, OSC_99),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, OSC_99),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, OSC_777),
        ({"TERM": "rxvt-unicode-256color"}, OSC_777),
        ({"TERM": "foot"}, OSC_777),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1", "VTE_VERSION": "7600"}, OSC_9),
    ],
)
def test_a_call_rings_and_notifies_in_the_terminals_way(variables: dict[str, str], sequence: str) -> None:
    output = io.StringIO()
    Window(output, variables, has_title=False, calls=True).call("Done.")
    assert output.getvalue() == f"{sequence}\a"


@pytest.mark.parametrize(("is_here", "rings"), [(True, False), (False, True), (None, True)])
def test_nobody_is_called_who_is_seen_to_look(is_here: bool | None, rings: bool) -> None:
    output = io.StringIO()
    window = Window(output, {"TERM": "xterm"}, has_title=False, calls=True)
    assert window.focus is not None
    window.focus.is_here = is_here
    window.call("Done.")
    assert ("\a" in output.getvalue()) is rings


@pytest.mark.parametrize("term", ["xterm", "xterm-kitty", "foot"])
def test_a_hostile_text_does_not_leave_its_notification(term: str) -> None:
    shown = notification("x\x07\x1b\\\x9c\x1b]52;c;evil", {"TERM": term})
    assert shown.count("\x1b") == 2
    assert "\x07" not in shown
    assert "\x9c" not in shown


def test_nothing_is_written_where_it_would_be_text() -> None:
    output = io.StringIO()
    window = Window(output, {"TERM": "dumb"}, has_title=True, calls=True)
    with window.titled():
        window.name("x")
        window.call("y")
    assert output.getvalue() == ""
    assert window.focus is None
