"""The window beside the text."""

from __future__ import annotations

import io

from ollama_chat_tui.terminal.window import Window


def test_the_title_is_ours_for_a_while_and_harmless() -> None:
    output = io.StringIO()
    window = Window(output, {"TERM": "xterm"}, has_title=True, calls=False)
    with window.titled():
        window.name("a\x1b]2;evil\x07")
        window.call("ignored")
    assert output.getvalue() == "\x1b[22;2t\x1b]2;a␛]2;evil␇\x1b\\\x1b[23;2t"


def test_a_call_rings_and_notifies() -> None:
    output = io.StringIO()
    Window(output, {"TERM": "xterm"}, has_title=False, calls=True).call("Done.")
    assert output.getvalue() == "\x1b]9;Done.\x1b\\\a"


def test_nothing_is_written_where_it_would_be_text() -> None:
    output = io.StringIO()
    window = Window(output, {"TERM": "dumb"}, has_title=True, calls=True)
    with window.titled():
        window.name("x")
        window.call("y")
    assert output.getvalue() == ""
