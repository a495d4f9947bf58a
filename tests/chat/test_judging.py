from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import CutBy, Event, Failed, Finished, Judged, Metrics
from ollama_chat_tui.chat.judging import judged
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import ServerError
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.short_form import read_short_form
from tests.chat.scripted_backend import END, Reply, ScriptedBackend
from tests.turns import conversation_with

SCHEMA = read_short_form("age:int")
RIGHT, WRONG = [Delta('{"age": 3}'), END], [Delta('{"age": "x"}'), END]
SETTINGS = Settings("m", format=SCHEMA)
CUT = [Delta('{"age": '), Delta(metrics=Metrics(done_reason="length", answer_tokens=5))]


async def ask(
    *replies: Reply, retries: int = 2, settings: Settings = SETTINGS
) -> tuple[Sequence[Event], Conversation, ScriptedBackend]:
    conversation, backend = conversation_with("How old?"), ScriptedBackend(*replies)

    def turn() -> AsyncGenerator[Event, None]:
        return run_turn(conversation, settings, backend)

    events = judged(turn, conversation, AnswerCheck(SCHEMA), retries=retries)
    return [event async for event in events], conversation, backend


async def test_a_valid_answer_is_said_to_be_valid() -> None:
    events, conversation, backend = await ask(RIGHT)
    assert events[-1] == Judged()
    assert isinstance(events[-2], Finished)
    assert len(backend.requests) == 1
    assert len(conversation.branch()) == 2


async def test_an_answer_that_does_not_fit_is_asked_for_again_with_its_faults() -> None:
    events, conversation, backend = await ask(WRONG, RIGHT)
    verdicts = [event for event in events if isinstance(event, Judged)]
    assert [(len(verdict.faults), verdict.next_try) for verdict in verdicts] == [(1, 2), (0, 0)]
    said = [node.message for node in conversation.branch()]
    assert [message.role for message in said] == [Role.USER, Role.ASSISTANT, Role.USER, Role.ASSISTANT]
    assert '/age: expected integer, found "x"' in said[2].content
    assert said[2].content in backend.requests[1].messages[-1].content


@pytest.mark.parametrize("retries", [0, 1, 2])
async def test_the_last_try_is_the_last(retries: int) -> None:
    events, _, backend = await ask(*[WRONG] * (retries + 1), retries=retries)
    assert len(backend.requests) == retries + 1
    assert events[-1] == Judged(tuple(AnswerCheck(SCHEMA).faults('{"age": "x"}')))


async def test_an_answer_that_was_cut_is_not_asked_for_again() -> None:
    events, _, backend = await ask(CUT)
    verdict = events[-1]
    assert isinstance(verdict, Judged)
    assert verdict.faults
    assert verdict.next_try == 0
    assert len(backend.requests) == 1
    assert isinstance(events[-2], Finished)
    assert events[-2].metrics.cut_by is CutBy.WINDOW


async def test_a_turn_that_failed_is_not_judged() -> None:
    events, _, backend = await ask([Delta("{"), ServerError("It fell.")])
    assert isinstance(events[-1], Failed)
    assert len(backend.requests) == 1


async def test_the_model_is_told_the_format_behind_the_question_and_nowhere_else() -> None:
    _, conversation, backend = await ask(RIGHT, settings=Settings("m", system="Brief.", format=SCHEMA))
    system, question = backend.requests[0].messages
    assert system.content == "Brief."
    assert question.content.startswith("How old?\n\nAnswer with JSON that fits this JSON Schema")
    assert '"age":{"type":"integer"}' in question.content
    assert conversation.branch()[0].message == Message(Role.USER, "How old?")


@pytest.mark.parametrize(
    ("settings", "addition"),
    [
        (Settings("m"), ""),
        (Settings("m", format="json"), "\n\nAnswer with a JSON object and nothing else."),
        (Settings("m", format="json", format_in_prompt=False), ""),
        (Settings("m", format=SCHEMA, format_in_prompt=False), ""),
    ],
)
async def test_the_addition_goes_with_the_format_and_can_be_switched_off(
    settings: Settings, addition: str
) -> None:
    _, _, backend = await ask(RIGHT, settings=settings)
    assert backend.requests[0].messages[-1].content == f"How old?{addition}"
