"""Stored turns are seen again as they looked when they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ollama_chat_tui.chat.events import (
    Event,
    Finished,
    Interrupted,
    JsonDue,
    Metrics,
    TextDelta,
    ToolAsked,
    ToolDone,
)
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.replay import replayed_rows
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import Theme, make_theme
from tests.turns import conversation_of

PLAIN = make_theme("none")
COLOURED = make_theme("dark")
CALL = ToolCall("read_file", {"path": "a b.txt"})


def user(text: str) -> Message:
    return Message(Role.USER, text)


def assistant(text: str, **more: object) -> Message:
    return Message(Role.ASSISTANT, text, **more)  # type: ignore[arg-type]


def replayed(messages: Sequence[Message], theme: Theme, width: int, **more: Any) -> list[str]:
    return replayed_rows(conversation_of(*messages), theme, width, **more)


def test_questions_and_answers_stand_one_below_the_other() -> None:
    messages = [
        Message(Role.SYSTEM, "Be brief."),
        user("What is\na list?"),
        assistant("- One\n- two"),
        user("And?"),
        assistant("**That**", ending=Ending.INTERRUPTED),
    ]
    assert replayed(messages, PLAIN, 40) == [
        ">>> What is",
        "... a list?",
        "",
        "• One",
        "• two",
        "",
        ">>> And?",
        "",
        "That",
        "stopped",
        "",
    ]


def test_json_is_laid_out_as_when_it_came() -> None:
    live, text = TurnRows(COLOURED, 40, lambda: ThinkingView.FOLD), '{"age":22,"tags":["a"]}'
    for event in (JsonDue(), TextDelta(text), Interrupted(assistant(text), Metrics())):
        live.take(event)
    seen = live.render().finished
    stored = replayed([assistant(text)], COLOURED, 40)
    assert stored[:-1] == seen[: len(stored) - 1]
    assert len(stored) > 5
    link = "[Oslo](https://oslo.no) is **cold**."
    assert replayed([assistant(link)], PLAIN, 40) == ["Oslo (https://oslo.no) is cold.", ""]


def test_a_turn_with_tools_has_the_rows_it_had_when_it_came() -> None:
    text, result = "I **look** it up.\n\n```python\nx = 1\n```", "first\nsecond\n"
    called = assistant("Wait", tool_calls=(CALL,))
    whole = assistant(text, ending=Ending.INTERRUPTED)
    rows = TurnRows(COLOURED, 50, lambda: ThinkingView.FOLD)
    events: list[Event] = [
        TextDelta("Wait"),
        Finished(called, Metrics()),
        ToolAsked(CALL, 1),
        ToolDone(CALL, result, number=1),
        *(TextDelta(char) for char in text),
        Interrupted(whole, Metrics()),
    ]
    seen = []
    for event in events:
        rows.take(event)
        seen += rows.render().finished
    seen.remove("")  # the row of figures, which are not stored
    stored = [called, Message(Role.TOOL, result, tool_name="read_file"), whole]
    assert replayed(stored, COLOURED, 50) == seen
    assert '1 → read_file {"path": "a b.txt"}' in "".join(seen)
    assert "1 ← first · 2 lines" in "".join(seen)


@pytest.mark.parametrize(
    ("view", "rows"),
    [
        (ThinkingView.FOLD, ["▸ thought, 7 characters", "Yes", ""]),
        (ThinkingView.FULL, ["│ a", "│ b␛ c", "", "Yes", ""]),
        (ThinkingView.HIDE, ["Yes", ""]),
    ],
)
def test_reasoning_is_shown_as_it_is_wanted(view: ThinkingView, rows: list[str]) -> None:
    assert replayed([assistant("Yes", thinking="a\nb\x1b c\n"[:7])], PLAIN, 40, view=view) == rows


def test_numbers_are_those_of_the_chat_whatever_is_shown_and_on_whatever_branch() -> None:
    other, told = Message(Role.TOOL, "other"), Message(Role.TOOL, "told")
    conversation = conversation_of(user("One"), assistant("", tool_calls=(CALL,)), other)
    conversation.move_head(None)
    for message in (user("Two"), assistant("", tool_calls=(CALL, CALL)), told, user("Three"), told):
        conversation.append(message)
    rows = replayed_rows(conversation, PLAIN, 40, turns=2)
    assert [row for row in rows if "read_file" in row] == [
        '2 → read_file {"path": "a b.txt"}',
        '→ read_file {"path": "a b.txt"}',
    ]
    assert [row for row in rows if "told" in row] == ["2 ← told", "3 ← told"]


@pytest.mark.parametrize(
    ("turns", "first"), [(None, ">>> 0"), (9, ">>> 0"), (2, ">>> 1"), (1, ">>> 2"), (0, None)]
)
def test_the_last_turns_can_be_had_alone(turns: int | None, first: str | None) -> None:
    messages = [message for number in range(3) for message in (user(str(number)), assistant("x"))]
    assert next(iter(replayed(messages, PLAIN, 40, turns=turns)), None) == first


def test_a_long_question_shows_its_beginning_and_its_length() -> None:
    rows = replayed([user("\n".join(map(str, range(500))))], PLAIN, 40)
    assert len(rows) == 22
    assert rows[19:] == ["... 19", "⋮ 1,889 characters in all", ""]


X = Image("0" * 64, "image/png")


def test_images_are_told() -> None:
    assert replayed([Message(Role.USER, "Look", images=(X,))], PLAIN, 40)[1:] == ["with 1 image", ""]
    assert replayed([Message(Role.USER, "Look", images=(X, X))], PLAIN, 40)[1] == "with 2 images"


def test_no_row_is_wider_than_the_screen_and_all_is_harmless() -> None:
    nasty = "中\x1b]0;x\x07\u202e\x9b2J " * 30
    call = ToolCall(nasty, {nasty: nasty})
    messages = [
        user(nasty),
        assistant(nasty, thinking=nasty, tool_calls=(call,), ending=Ending.FAILED),
        Message(Role.TOOL, nasty),
    ]
    for view in ThinkingView:
        rows = replayed(messages, PLAIN, 30, view=view)
        assert max(map(cells, rows)) <= 30
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set("".join(rows))
        assert "broken off" in rows
