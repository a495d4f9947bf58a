"""A turn where no cursor can be placed."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncGenerator

import pytest
from prompt_toolkit.application import get_app_session
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output.plain_text import PlainTextOutput

from ollama_chat_tui.chat.events import (
    CutBy,
    Event,
    Finished,
    Interrupted,
    JsonDue,
    Judged,
    Metrics,
    Phase,
    TextDelta,
    ThinkingDelta,
    ToolAsked,
    ToolDone,
    Waiting,
)
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.schemas.fault import Fault
from ollama_chat_tui.terminal.answer import AnswerScreen
from ollama_chat_tui.terminal.answers import make_answers
from ollama_chat_tui.terminal.plain import PlainAnswers, PlainTurn, plain_prompts
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.typeahead import TypeAhead
from tests.turns import conversation_of

FINISHED = Finished(Message(Role.ASSISTANT, "x"), Metrics(answer_tokens=2))
STOPPED = Interrupted(Message(Role.ASSISTANT, "x"), Metrics())
FLAG = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("view", "thoughts"),
    [
        (ThinkingView.FOLD, "thought for 0 s, about 2 tokens\n\n"),
        (ThinkingView.FULL, "hm␛, so\nthought for 0 s, about 2 tokens\n\n"),
        (ThinkingView.HIDE, ""),
    ],
)
def test_a_turn_is_text_and_nothing_else(view: ThinkingView, thoughts: str) -> None:
    output = io.StringIO()
    turn = PlainTurn(output, lambda: view)
    events: list[Event] = [
        *(Waiting(phase, 0.0) for phase in Phase),
        *(ThinkingDelta("hm\x1b"), ThinkingDelta(", so")),
        *(TextDelta("**a**\x1b"), TextDelta(f"[2J {FLAG[:3]}"), TextDelta(FLAG[3:]), FINISHED),
    ]
    for event in events:
        turn.take(event)
    assert output.getvalue() == f"loading the model …\n{thoughts}**a**␛[2J {FLAG}\n2 tokens\n\n"
    assert turn.end is FINISHED


def test_a_verdict_stands_below_the_answer_and_more_room_is_offered() -> None:
    output = io.StringIO()
    turn = PlainTurn(output, lambda: ThinkingView.HIDE)
    cut = Finished(Message(Role.ASSISTANT, "{"), Metrics(answer_tokens=20, cut_by=CutBy.NUM_PREDICT))
    events: list[Event] = [JsonDue(), TextDelta("{"), cut, Judged((Fault("", "JSON\x1b", "{"),))]
    for event in events:
        turn.take(event)
    assert output.getvalue() == (
        "{\ncut by num_predict · 20 tokens\n\n✗ does not fit the schema\n"
        "  the answer: expected JSON␛, found {\n"
        "The answer was cut by num_predict. More room: /set num_predict 40\n\n"
    )


async def test_ctrl_c_stops_and_a_notice_has_a_line_of_its_own() -> None:
    output = io.StringIO()
    answers = PlainAnswers(output, lambda: ThinkingView.FOLD)

    async def turn() -> AsyncGenerator[Event, None]:
        try:
            yield TextDelta("Half")
            assert answers.say("a notice\n")
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield STOPPED
            raise

    assert await answers.show(turn(), TypeAhead()) is STOPPED
    assert answers.say("and after it\n")
    assert output.getvalue() == "Half\na notice\nstopped\n\nand after it\n"


async def test_a_cancellation_from_elsewhere_goes_its_way() -> None:
    started = asyncio.Event()

    async def turn() -> AsyncGenerator[Event, None]:
        started.set()
        await asyncio.Event().wait()
        yield STOPPED

    answers = PlainAnswers(io.StringIO(), lambda: ThinkingView.FOLD)
    shown = asyncio.create_task(answers.show(turn(), TypeAhead()))
    await started.wait()
    shown.cancel()
    with pytest.raises(asyncio.CancelledError):
        await shown


def test_the_way_follows_the_terminal() -> None:
    def make(variables: dict[str, str]) -> object:
        return make_answers(io.StringIO(), DummyInput(), variables, lambda: ThinkingView.FOLD)

    assert isinstance(make({"TERM": "dumb"}), PlainAnswers)
    assert isinstance(make({"TERM": "xterm"}), AnswerScreen)


def test_prompts_are_plain_there_and_only_there() -> None:
    with plain_prompts(io.StringIO(), {"TERM": "dumb"}):
        assert isinstance(get_app_session().output, PlainTextOutput)
    before = get_app_session()
    with plain_prompts(io.StringIO(), {"TERM": "xterm"}):
        assert get_app_session() is before


def test_a_call_and_its_result_are_lines_of_their_own() -> None:
    output = io.StringIO()
    turn = PlainTurn(output, lambda: ThinkingView.FOLD)
    call = ToolCall("f", {"a": "\x1b"})
    for event in (TextDelta("Wait"), FINISHED, ToolAsked(call), ToolDone(call, "x\x1b\ny"), TextDelta("So")):
        turn.take(event)
    assert output.getvalue() == 'Wait\n2 tokens\n\n→ f {"a": "\\u001b"}\n← x␛ · 2 lines\n\nSo'


def test_of_calls_that_are_over_a_line_is_shown_and_one_of_their_results() -> None:
    messages = [
        Message(Role.USER, "Go"),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("f", {"a": 1}), ToolCall("g\x1b", {}))),
        Message(Role.TOOL, "one\x1b\n" + "two\n" * 1000),
        Message(Role.TOOL, ""),
        Message(Role.ASSISTANT, "Done."),
    ]
    answers = PlainAnswers(io.StringIO(), lambda: ThinkingView.FOLD)
    assert answers.replayed(conversation_of(*messages), {}) == (
        '>>> Go\n1 → f {"a": 1}\n2 → g␛\n1 ← one␛ · 1001 lines\n2 ← nothing\nDone.\n'
    )
