from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import (
    CutBy,
    Finished,
    Interrupted,
    Metrics,
    Phase,
    TextDelta,
    ThinkingDelta,
    Waiting,
)
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import ServerError
from tests.chat.scripted_backend import END, Reply, ScriptedBackend
from tests.chat.scripted_tools import Tools
from tests.turns import (
    SETTINGS,
    RunningTurn,
    conversation_with,
    failure,
    last,
    take_turn,
    text_of,
    thinking_of,
)


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(node.message.role.value, node.message.content) for node in conversation.branch()]


class TestAnAnswer:
    async def test_its_pieces_come_out_as_events_and_the_whole_goes_into_the_conversation(self) -> None:
        backend = ScriptedBackend(
            [Phase.CONNECTING, Phase.ANSWERING, Delta("", "Hm."), Delta("Hel"), Delta("lo"), END]
        )
        conversation = conversation_with("Hello?")
        events = await take_turn(backend, conversation)
        assert [type(event) for event in events] == [
            Waiting,
            Waiting,
            ThinkingDelta,
            TextDelta,
            TextDelta,
            Finished,
        ]
        finished = last(events)
        assert finished.message == Message(Role.ASSISTANT, "Hello", "Hm.")
        assert conversation.head
        assert conversation.head.message == finished.message
        assert not backend.is_open

    async def test_system_prompt_tools_and_mode_go_with_the_request(self) -> None:
        backend = ScriptedBackend([END])
        await take_turn(
            backend, settings=Settings("m", system="Brief."), tools=ToolUse(Tools()), stream=False
        )
        request = backend.requests[0]
        assert [message.role for message in request.messages] == [Role.SYSTEM, Role.USER]
        assert request.tools == Tools().declarations()
        assert not request.stream

    async def test_leaked_reasoning_is_reasoning(self) -> None:
        events = await take_turn(
            ScriptedBackend([Delta("<thi"), Delta("nk>Hm.</think>"), Delta("\n\nYes"), END])
        )
        assert thinking_of(events) == "Hm."
        assert text_of(events) == "Yes"

    async def test_what_was_held_back_comes_out_at_the_end(self) -> None:
        events = await take_turn(ScriptedBackend([Delta("<thi"), END]))
        assert text_of(events) == last(events).message.content == "<thi"

    async def test_an_answer_of_reasoning_alone_is_shown_as_such(self) -> None:
        message = last(await take_turn(ScriptedBackend([Delta("<think>Hm, "), Delta("hm"), END]))).message
        assert (message.thinking, message.content) == ("Hm, hm", "")
        assert message.is_empty

    async def test_log_probabilities_are_collected(self) -> None:
        reply = [Delta("a", logprobs=({"token": "a"},)), Delta(logprobs=({"token": "b"},)), END]
        finished = last(await take_turn(ScriptedBackend(reply)))
        assert isinstance(finished, Finished)
        assert finished.logprobs == ({"token": "a"}, {"token": "b"})

    @given(st.lists(st.tuples(st.text(), st.text())))
    async def test_streamed_or_whole_it_is_the_same_message(self, pieces: list[tuple[str, str]]) -> None:
        streamed = ScriptedBackend([*(Delta(content, thinking) for content, thinking in pieces), END])
        content, thinking = ("".join(part) for part in (zip(*pieces, strict=True) if pieces else ("", "")))
        whole = ScriptedBackend([Delta(content, thinking, metrics=END.metrics)])
        one, other = last(await take_turn(streamed)), last(await take_turn(whole))
        assert one.message.content == other.message.content
        assert sorted(one.message.thinking) == sorted(other.message.thinking)


class TestMetrics:
    async def test_times_are_measured_from_the_moment_of_sending(self) -> None:
        ticks = iter(range(100))
        backend = ScriptedBackend(
            [Phase.CONNECTING, Phase.ANSWERING, Delta(), Delta("a"), Delta("", "b"), Delta("c"), END]
        )
        events = await take_turn(backend, clock=lambda: float(next(ticks)))
        assert [event.elapsed_s for event in events if isinstance(event, Waiting)] == [1.0, 2.0]
        metrics = last(events).metrics
        assert (metrics.header_s, metrics.first_token_s, metrics.last_token_s) == (2.0, 3.0, 5.0)
        assert metrics.tokens_per_s == 2.0

    async def test_what_was_not_seen_is_not_made_up(self) -> None:
        metrics = last(await take_turn(ScriptedBackend([ServerError("boom")]))).metrics
        assert metrics == Metrics(model="m")

    @pytest.mark.parametrize(
        ("reason", "options", "answer", "cut_by"),
        [
            ("stop", {"num_predict": 5}, 5, None),
            ("length", {"num_predict": 5}, 5, CutBy.NUM_PREDICT),
            ("length", {"num_predict": 330, "num_ctx": 256}, 234, CutBy.WINDOW),
            ("length", {"num_ctx": 8192}, 128, CutBy.NUM_PREDICT),
            ("length", {"num_predict": -1}, 128, CutBy.WINDOW),
            ("length", {}, None, CutBy.WINDOW),
        ],
    )
    async def test_what_cut_an_answer_is_told_by_the_numbers(
        self, reason: str, options: Mapping[str, object], answer: int | None, cut_by: CutBy | None
    ) -> None:
        end = Delta(metrics=Metrics(done_reason=reason, prompt_tokens=22, answer_tokens=answer))
        events = await take_turn(ScriptedBackend([end]), settings=Settings("m", options=options))
        assert last(events).metrics.cut_by is cut_by


class TestAnEarlyEnd:
    async def test_a_failure_keeps_what_had_arrived(self) -> None:
        conversation = conversation_with("Hello?")
        backend = ScriptedBackend([Delta("Hel", "Hm"), ServerError("boom")])
        failed = failure(await take_turn(backend, conversation))
        assert failed.message == Message(Role.ASSISTANT, "Hel", "Hm", ending=Ending.FAILED)
        assert said(conversation)[-1] == ("assistant", "Hel")

    async def test_a_failure_lets_out_what_was_held_back(self) -> None:
        events = await take_turn(ScriptedBackend([Delta("<thi"), ServerError("boom")]))
        assert text_of(events) == failure(events).message.content == "<thi"

    @pytest.mark.parametrize(
        "reply",
        [
            [None],
            [Phase.CONNECTING, None],
            [Phase.CONNECTING, Phase.WAITING, Phase.LOADING, None],
            [Phase.ANSWERING, None],
            [Phase.ANSWERING, Delta("", "Hm"), None],
            [Phase.ANSWERING, Delta("Hel", "Hm"), None],
            [Phase.ANSWERING, Delta("<thi"), None],
            [Phase.ANSWERING, Delta("Hello"), END, None],
        ],
    )
    async def test_cancelling_at_any_phase_keeps_what_had_arrived_and_goes_on_its_way(
        self, reply: Reply
    ) -> None:
        backend = ScriptedBackend(reply)
        turn = RunningTurn(backend)
        await backend.silent.wait()
        await turn.cancel()
        assert not backend.is_open
        interrupted = last(turn.events)
        assert isinstance(interrupted, Interrupted)
        pieces = [piece for piece in reply if isinstance(piece, Delta)]
        assert (
            interrupted.message.content == "".join(piece.content for piece in pieces) == text_of(turn.events)
        )
        assert interrupted.message.thinking == "".join(piece.thinking for piece in pieces)
        assert interrupted.message.ending is Ending.INTERRUPTED
        assert turn.conversation.head
        assert turn.conversation.head.message == interrupted.message
        turn.conversation.append(Message(Role.USER, "On."))
        roles = [message.role for message in turn.conversation.for_request()]
        assert roles in ([Role.USER], [Role.USER, Role.ASSISTANT, Role.USER])

    async def test_closing_the_generator_stops_the_model_without_an_event(self) -> None:
        backend = ScriptedBackend([Delta("Hel"), Delta("lo"), None])
        conversation = conversation_with("Hello?")
        async with aclosing(run_turn(conversation, SETTINGS, backend)) as events:
            first = await anext(events)
        assert first == TextDelta("Hel")
        assert not backend.is_open
        assert conversation.head
        assert conversation.head.message == Message(Role.ASSISTANT, "Hel", ending=Ending.INTERRUPTED)


class TestGoingOn:
    async def test_an_answer_at_the_head_is_gone_on_with_and_the_whole_becomes_its_sibling(self) -> None:
        conversation = conversation_with("A story!")
        cut = conversation.append(Message(Role.ASSISTANT, "Once upon ", "Hm.", ending=Ending.INTERRUPTED))
        backend = ScriptedBackend([Delta("a time."), END])
        events = await take_turn(backend, conversation)
        assert [message.content for message in backend.requests[0].messages] == ["A story!", "Once upon "]
        assert text_of(events) == "Once upon a time."
        assert last(events).message == Message(Role.ASSISTANT, "Once upon a time.", "Hm.")
        assert conversation.head is not None
        assert (conversation.head.message, conversation.head.parent) == (last(events).message, cut.parent)
        assert cut in conversation.nodes

    async def test_where_nothing_more_comes_it_stands_there_as_it_was(self) -> None:
        conversation = conversation_with("A story!")
        cut = conversation.append(Message(Role.ASSISTANT, "Once upon ", ending=Ending.INTERRUPTED))
        await take_turn(ScriptedBackend([ServerError("It fell.")]), conversation)
        assert conversation.head == cut
        assert len(conversation.nodes) == 2

    async def test_a_call_of_a_tool_is_not_gone_on_with(self) -> None:
        conversation = conversation_with("Look!")
        conversation.append(Message(Role.ASSISTANT, "I look.", tool_calls=(ToolCall("look", {}),)))
        events = await take_turn(ScriptedBackend([Delta("Done."), END]), conversation)
        assert text_of(events) == "Done."
        assert len(conversation.branch()) == 3


async def test_ctrl_c_while_the_connection_of_a_closed_turn_is_hung_up_is_no_error() -> None:
    is_closing, conversation = asyncio.Event(), conversation_with("Hello?")

    class SlowToHangUp(ScriptedBackend):
        async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
            try:
                yield Delta("Hel")
                yield Delta("lo.")
            finally:
                is_closing.set()
                await asyncio.Event().wait()

    async def read_one_event() -> None:
        async with aclosing(run_turn(conversation, SETTINGS, SlowToHangUp())) as turn:
            await anext(turn)

    reading = asyncio.create_task(read_one_event())
    await is_closing.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert conversation.head
    assert (conversation.head.message.content, conversation.head.message.ending) == (
        "Hel",
        Ending.INTERRUPTED,
    )
