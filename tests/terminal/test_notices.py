"""The program's own texts."""

from __future__ import annotations

import pytest

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.terminal.notices import Notices
from tests.terminal.whole_path import TtyIO


def test_an_error_is_a_sentence_and_a_hint_in_colour() -> None:
    stream = TtyIO()
    Notices(stream, {"TERM": "xterm"}).complain(UsageError("No \x1b[2J.", "Do this."))
    Notices(stream, {"TERM": "xterm"}).complain(UsageError("No."))
    assert stream.getvalue() == "\x1b[31mNo ␛[2J.\x1b[0m\n\x1b[2mDo this.\x1b[0m\n\x1b[31mNo.\x1b[0m\n"


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}], ids=str)
def test_no_colour_where_none_is_wanted(variables: dict[str, str]) -> None:
    stream = TtyIO()
    notices = Notices(stream, variables)
    notices.whisper("psst")
    notices.show("")
    notices.show("a\u202eb")
    assert stream.getvalue() == "psst\nab\n"
