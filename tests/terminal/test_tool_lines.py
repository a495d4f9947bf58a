"""One line for a call, one for its result, whatever they hold."""

from __future__ import annotations

import pytest

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.terminal.tool_lines import asked_line, done_line


def test_a_call_is_shown_with_its_arguments() -> None:
    assert asked_line(ToolCall("f", {})) == "→ f"
    assert asked_line(ToolCall("f", {"a": "ä\x9b\n", "b": [1]})) == '→ f {"a": "ä\ufffd\\n", "b": [1]}'


@pytest.mark.parametrize(
    ("result", "line"),
    [
        ("", "← nothing"),
        (" one\x1b \n", "← one␛"),
        ("\none\ntwo\nthree", "← one · 3 lines"),
        ("\x0bone", "← one"),
    ],
)
def test_a_result_is_shown_by_its_beginning_and_length(result: str, line: str) -> None:
    assert done_line(result) == line


def test_a_result_of_megabytes_makes_a_line() -> None:
    assert len(done_line("x" * 10_000_000)) < 3000
    assert len(asked_line(ToolCall("x" * 10_000_000, {}))) < 3000
