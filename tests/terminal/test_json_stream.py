"""JSON on the screen while it grows."""

from __future__ import annotations

import json

import pytest

from ollama_chat_tui.chat.events import CutBy, Event, Failed, Finished, JsonDue, Judged, Metrics, TextDelta
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.errors import BackendError
from ollama_chat_tui.schemas.fault import Fault
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.json_stream import JsonStream
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.sanitize import sanitize
from ollama_chat_tui.terminal.theme import make_theme
from ollama_chat_tui.terminal.verdict import MOST_FAULTS

WIDTH = 60
PLAIN = make_theme("none")


def rows_of(*events: Event) -> list[str]:
    rows = TurnRows(PLAIN, WIDTH, lambda: ThinkingView.FOLD)
    for event in events:
        rows.take(event)
    return rows.finish().finished


def ended(text: str, **metrics: object) -> Finished:
    return Finished(Message(Role.ASSISTANT, text), Metrics(answer_tokens=9, **metrics))  # type: ignore[arg-type]


def test_json_is_laid_out_and_a_fitting_answer_has_its_mark() -> None:
    text = '{"name": "Seine", "km": [777]}'
    rows = rows_of(
        JsonDue(), TextDelta(" \n"), TextDelta(text[:9]), TextDelta(text[9:]), ended(text), Judged()
    )
    assert rows == [
        "─ json · 1 " + "─" * 49,
        "{",
        '  "name": "Seine",',
        '  "km": [',
        "    777",
        "  ]",
        "}",
        "─" * 60,
        "9 tokens",
        "✓ fits the schema",
        "",
    ]


def test_what_does_not_begin_as_json_is_markdown() -> None:
    rows = rows_of(JsonDue(), TextDelta("**Sorry**, no."), ended("x"), Judged((Fault("", "JSON", "x"),)))
    assert rows[0] == "Sorry, no."
    assert "✗ does not fit the schema" in rows


def test_json_that_nobody_asked_for_is_as_the_model_wrote_it() -> None:
    assert rows_of(TextDelta('{"a": 1}'), ended("x"))[0] == '{"a": 1}'


def test_faults_have_a_row_each_up_to_a_limit_and_the_next_try_is_announced() -> None:
    faults = tuple(Fault(f"/{number}", "integer", '"x"') for number in range(MOST_FAULTS + 3))
    rows = rows_of(JsonDue(), TextDelta("[]"), ended("[]"), Judged(faults, next_try=2))
    start = rows.index("✗ does not fit the schema")
    assert rows[start + 1].strip() == '/0: expected integer, found "x"'
    assert rows[start + MOST_FAULTS + 1 :] == ["  and 3 more", "Asking again: try 2", ""]


@pytest.mark.parametrize(
    ("cut_by", "offer"),
    [(CutBy.NUM_PREDICT, "/set num_predict 400"), (CutBy.WINDOW, "/set num_ctx 1000")],
)
def test_an_answer_that_was_cut_is_offered_more_room(cut_by: CutBy, offer: str) -> None:
    metrics = Metrics(answer_tokens=200, prompt_tokens=300, cut_by=cut_by)
    end = Finished(Message(Role.ASSISTANT, "["), metrics)
    rows = rows_of(JsonDue(), TextDelta("["), end, Judged((Fault("", "JSON", "["),)))
    assert offer in " ".join(" ".join(rows).split())


def test_a_hostile_fault_drives_no_terminal_and_stays_in_its_width() -> None:
    fault = Fault("/\x1b[31m\u202e" + "x" * 200, "integer", '"\x07"')
    rows = rows_of(JsonDue(), TextDelta("[]"), ended("[]"), Judged((fault,)))
    assert all(row == sanitize(row) and len(row) <= WIDTH for row in rows)


def test_a_failure_is_not_judged_and_the_next_row_is_free() -> None:
    failed = Failed(Message(Role.ASSISTANT, "["), Metrics(), BackendError("It fell."))
    assert rows_of(JsonDue(), TextDelta("["), failed)[-2:] == ["broken off", ""]


def test_a_large_array_is_drawn_once_however_long_it_grows() -> None:
    stream, drawn, tails = JsonStream(make_theme("dark"), WIDTH), 0, []
    items = [json.dumps({"river": number, "banks": ["left", "right"]}) for number in range(1000)]
    for item in items:
        stream.feed("," + item if drawn else "[" + item)
        frame = stream.render()
        drawn += len(frame.finished)
        tails.append(len(frame.tail))
    finished = drawn + len(stream.finish().finished)
    assert finished == 1 + 1 + 7 * len(items) + 1  # the frame, the bracket, seven rows an object, the frame
    assert max(tails) <= 3
