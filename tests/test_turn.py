"""A turn as the chat takes it: judged where there is a format, and noted."""

from __future__ import annotations

from dataclasses import dataclass, field

from ollama_chat_tui.chat.brakes import Limits
from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.events import Event, Failed, Finished, JsonDue, Judged, Metrics
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BadSchema, ServerError
from ollama_chat_tui.schemas.short_form import read_short_form
from ollama_chat_tui.turn import take_turn
from tests.chat.scripted_backend import END, Reply, ScriptedBackend
from tests.chat.scripted_tools import Tools
from tests.turns import conversation_with

SCHEMA = read_short_form("age:int")
WRONG, RIGHT = [Delta('{"age": "x"}'), END], [Delta('{"age": 3}'), END]


@dataclass
class Noted:
    """Fits `turn.Notes`."""

    sent: ChatRequest | None = None
    costs: list[Metrics] = field(default_factory=list)


async def take(
    settings: Settings, *replies: Reply, tools: ToolUse | None = None
) -> tuple[list[Event], Noted]:
    noted, conversation = Noted(), conversation_with("How old?")
    turn = take_turn(conversation, settings, ScriptedBackend(*replies), tools=tools, notes=noted)
    return [event async for event in turn], noted


async def test_without_a_format_nothing_is_judged() -> None:
    events, _ = await take(Settings("m"), WRONG)
    assert not any(isinstance(event, JsonDue | Judged) for event in events)


async def test_with_a_format_every_try_is_announced_and_judged() -> None:
    events, _ = await take(Settings("m", format=SCHEMA, format_retries=1), WRONG, RIGHT)
    assert [event for event in events if isinstance(event, JsonDue)] == [JsonDue()] * 2
    assert [event.next_try for event in events if isinstance(event, Judged)] == [2, 0]


async def test_any_object_will_do_for_json_and_nothing_else() -> None:
    events, _ = await take(Settings("m", format="json"), [Delta("[]"), END])
    verdict = events[-1]
    assert isinstance(verdict, Judged)
    assert verdict.faults
    assert not verdict.is_schema


async def test_what_was_sent_last_and_what_every_answer_cost_is_noted() -> None:
    _, noted = await take(Settings("m", format=SCHEMA, format_retries=1), WRONG, RIGHT)
    assert noted.sent is not None
    assert "does not fit" in noted.sent.messages[-1].content
    assert len(noted.costs) == 2


async def test_a_reply_after_whose_calls_the_turn_ends_is_counted_once() -> None:
    calling: Reply = [Delta(tool_calls=(ToolCall("echo", {"text": "a"}),)), END]
    events, noted = await take(Settings("m"), calling, tools=ToolUse(Tools(), limits=Limits(rounds=1)))
    assert isinstance(events[-1], Failed)
    assert len(noted.costs) == 1


async def test_an_answer_that_never_began_cost_nothing() -> None:
    events, noted = await take(Settings("m"), [ServerError("It fell.")])
    assert isinstance(events[-1], Failed)
    assert noted.costs == []
    _, noted = await take(Settings("m"), [Delta("Hi"), ServerError("It fell.")])
    assert len(noted.costs) == 1


async def test_a_schema_that_is_none_fails_the_turn_before_anything_is_sent() -> None:
    events, noted = await take(Settings("m", format={"type": "nonsense"}))
    (failed,) = events
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, BadSchema)
    assert failed.message.is_empty
    assert noted.sent is None


async def test_the_last_event_of_a_plain_turn_is_its_end() -> None:
    events, _ = await take(Settings("m"), RIGHT)
    assert isinstance(events[-1], Finished)
