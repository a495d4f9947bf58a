"""Turns with tools: what is run, what is asked, and what is kept of it, whatever happens."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from ollama_chat_tui.chat.calls import MOST_AT_ONCE, SAME_CALL, STOPPED_CALL, ToolUse
from ollama_chat_tui.chat.conversation import SKIPPED_CALL
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    Event,
    Failed,
    Finished,
    Interrupted,
    TextDelta,
    ThinkingDelta,
    ToolAsked,
    ToolDone,
    ToolStarted,
)
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import Delta, Effect
from ollama_chat_tui.errors import BadToolCall, ServerError
from tests.chat.scripted_backend import END, ScriptedBackend
from tests.chat.scripted_tools import ANSWER, Deciding, Tools, call, calling, results
from tests.turns import SETTINGS, RunningTurn, conversation_with, failure, last, take_turn


def is_started(event: Event) -> bool:
    return isinstance(event, ToolStarted)


class TestACall:
    @pytest.mark.parametrize("number", ["call_1", ""])
    @pytest.mark.parametrize("is_last", [True, False])
    async def test_is_run_and_its_result_sent_back(self, is_last: bool, number: str) -> None:
        """The native path calls in the last line, the rendered one in a line before it."""
        asked = call("hi", number)
        first = calling(asked) if is_last else [Delta("", "Hm", (asked,)), END]
        backend, tools, conversation = ScriptedBackend(first, ANSWER), Tools(), conversation_with("Say hi.")
        events = await take_turn(backend, conversation, tools=ToolUse(tools, Deciding()), clock=lambda: 1.0)
        assert [event for event in events if not isinstance(event, TextDelta | ThinkingDelta)][1:4] == [
            ToolAsked(asked, 1),
            ToolStarted(asked, 1),
            ToolDone(asked, "said hi", 0.0, 1, "said hi"),
        ]
        assert isinstance(last(events), Finished)
        assert tools.ran == [asked]
        second = backend.requests[1].messages
        assert second[1].tool_calls == (asked,)
        assert second[1].thinking == ("" if is_last else "Hm")
        assert second[2] == Message(Role.TOOL, "said hi", tool_name="echo", tool_call_id=number)

    async def test_that_is_refused_is_not_run_and_the_model_is_told(self) -> None:
        asked = [call("ls", "1"), call("rm", "2")]
        tools = Tools()
        backend = ScriptedBackend([Delta(tool_calls=tuple(asked[:1])), *calling(asked[1])], ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools, Deciding()))
        assert results(events) == ["said ls", "The user refused."]
        assert tools.ran == asked[:1]

    async def test_with_changed_arguments_runs_so_and_the_model_is_told(self) -> None:
        tools, backend = Tools(), ScriptedBackend(calling(call("sharp", "1")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools, Deciding()))
        assert tools.ran == [call("blunt", "1")]
        assert results(events) == ['The user changed the arguments to {"text": "blunt"}.\nsaid blunt']
        assert backend.requests[1].messages[1].tool_calls == (call("sharp", "1"),)

    async def test_at_which_the_user_stops_ends_the_turn_with_a_valid_history(self) -> None:
        tools, conversation = Tools(), conversation_with("Go.")
        backend = ScriptedBackend(calling(call("a", "1"), call("stop", "2"), call("c", "3")))
        events = await take_turn(backend, conversation, tools=ToolUse(tools, Deciding()))
        assert isinstance(last(events), Interrupted)
        sent = conversation.for_request()[2:]
        assert [(message.tool_call_id, message.content) for message in sent] == [
            ("1", "said a"),
            ("2", "The user refused."),
            ("3", SKIPPED_CALL),
        ]

    async def test_without_an_approver_is_run(self) -> None:
        tools = Tools()
        await take_turn(ScriptedBackend(calling(call("rm")), ANSWER), tools=ToolUse(tools))
        assert tools.ran == [call("rm")]

    async def test_without_a_toolbox_ends_the_turn(self) -> None:
        conversation = conversation_with("Say hi.")
        assert isinstance(last(await take_turn(ScriptedBackend(calling(call("hi"))), conversation)), Finished)
        assert conversation.for_request()[-1].content == SKIPPED_CALL

    async def test_of_a_broken_answer_is_not_run(self) -> None:
        tools = Tools()
        backend = ScriptedBackend([Delta(tool_calls=(call("hi"),)), ServerError("boom")])
        assert isinstance(last(await take_turn(backend, tools=ToolUse(tools))), Failed)
        assert tools.ran == []

    async def test_of_an_unknown_tool_gets_the_list_of_known_ones_and_nobody_is_asked(self) -> None:
        tools, approver = Tools(), Deciding()
        backend = ScriptedBackend(calling(call("x", name="no_such")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools, approver))
        assert results(events) == ["There is no tool of that name. The tools are: echo, write."]
        assert (tools.ran, approver.asked) == ([], [])

    async def test_that_raises_is_a_result_like_any_other(self) -> None:
        tools = Tools()
        tools.result = lambda _: str(1 // 0)
        events = await take_turn(ScriptedBackend(calling(call("x")), ANSWER), tools=ToolUse(tools))
        assert results(events) == ["The tool failed: ZeroDivisionError: integer division or modulo by zero"]
        assert isinstance(last(events), Finished)

    async def test_that_cancels_itself_is_not_said_to_be_stopped_by_the_user(self) -> None:
        def gives_up(_: ToolCall) -> str:
            raise asyncio.CancelledError("lost")

        tools = Tools(Effect.READS)
        tools.result = gives_up
        backend = ScriptedBackend(calling(call("x", "1"), call("x", "2")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools))
        failed = "The tool failed: CancelledError: lost"
        assert results(events) == [failed, f"{SAME_CALL}\n{failed}"]
        assert [message.content for message in backend.requests[1].messages[2:]] == results(events)


class TestSeveralCalls:
    async def test_that_only_read_run_together_and_their_results_stand_in_order(self) -> None:
        tools = Tools(Effect.READS)
        tools.meeting = asyncio.Barrier(3)  # nobody goes on before all three are there
        backend = ScriptedBackend(calling(call("a", "1"), call("b", "2"), call("c", "3")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools))
        assert sorted(results(events)) == ["said a", "said b", "said c"]
        assert sorted(event.number for event in events if isinstance(event, ToolDone)) == [1, 2, 3]
        sent = backend.requests[1].messages[2:]
        assert [(message.content, message.tool_call_id) for message in sent] == [
            ("said a", "1"),
            ("said b", "2"),
            ("said c", "3"),
        ]

    async def test_that_end_in_another_order_are_kept_in_their_own_with_their_ids(self) -> None:
        class Backwards(Tools):
            async def run(self, call: ToolCall) -> str:
                if call.id == "1":
                    await second_is_done.wait()
                return await super().run(call)

        second_is_done = asyncio.Event()
        asked = [call("a", "1"), call("b", "2")]
        tools = ToolUse(Backwards(Effect.READS))
        turn = RunningTurn(ScriptedBackend(calling(*asked), ANSWER), tools=tools)
        await turn.until(lambda event: isinstance(event, ToolDone))
        second_is_done.set()
        await turn.until(lambda event: isinstance(event, TextDelta))
        assert results(turn.events) == ["said b", "said a"]
        kept = [node.message for node in turn.conversation.nodes if node.message.role is Role.TOOL]
        assert [(each.content, each.tool_call_id) for each in kept] == [("said a", "1"), ("said b", "2")]
        await turn.task

    async def test_in_any_number_do_not_run_all_at_once(self) -> None:
        tools = Tools(Effect.READS)
        tools.meeting = asyncio.Barrier(MOST_AT_ONCE)
        asked = [call(str(number), str(number)) for number in range(MOST_AT_ONCE * 5)]
        backend = ScriptedBackend(calling(*asked), ANSWER)
        await take_turn(backend, tools=ToolUse(tools))
        assert tools.most_at_once == MOST_AT_ONCE
        sent = backend.requests[1].messages[2:]
        assert [message.tool_call_id for message in sent] == [each.id for each in asked]

    async def test_that_may_change_something_run_one_by_one(self) -> None:
        tools = Tools()
        backend = ScriptedBackend(calling(call("a"), call("b")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools))
        kinds = [type(event) for event in events if isinstance(event, ToolAsked | ToolStarted | ToolDone)]
        assert kinds == [ToolAsked, ToolStarted, ToolDone] * 2

    async def test_stopped_in_the_middle_keep_what_is_known_in_order(self) -> None:
        tools = Tools(Effect.READS)
        asked = [call("stuck", "1"), call("b", "2"), call("c", "3", "write")]
        turn = RunningTurn(ScriptedBackend(calling(*asked)), tools=ToolUse(tools))
        await turn.until(lambda event: isinstance(event, ToolDone))
        await turn.cancel()
        assert tools.stopped == asked[:1]
        assert isinstance(last(turn.events), Interrupted)
        turn.conversation.append(Message(Role.USER, "On."))
        messages = turn.conversation.for_request()
        assert [message.role.value for message in messages] == [
            *("user", "assistant", "tool", "tool", "tool", "assistant", "user")
        ]
        assert [(message.tool_call_id, message.content) for message in messages[2:5]] == [
            ("1", STOPPED_CALL),
            ("2", "said b"),
            ("3", SKIPPED_CALL),
        ]

    async def test_ctrl_c_while_a_turn_that_nobody_reads_any_more_ends_its_calls_is_no_error(self) -> None:
        class Slow(Tools):
            async def run(self, call: ToolCall) -> str:
                try:
                    return await super().run(call)
                except asyncio.CancelledError:
                    is_ending.set()
                    await asyncio.Event().wait()
                    raise

        async def read_one_result() -> None:
            async with aclosing(turn):
                async for event in turn:
                    if isinstance(event, ToolDone):
                        return

        is_ending, conversation = asyncio.Event(), conversation_with("Go.")
        backend = ScriptedBackend(calling(call("stuck", "1"), call("b", "2")))
        turn = run_turn(conversation, SETTINGS, backend, tools=ToolUse(Slow(Effect.READS)))
        reading = asyncio.create_task(read_one_result())
        await is_ending.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert [message.content for message in conversation.for_request()[2:]] == [STOPPED_CALL, "said b"]

    async def test_a_second_ctrl_c_loses_nothing(self) -> None:
        tools = Tools()
        turn = RunningTurn(ScriptedBackend(calling(call("stuck", "1"))), tools=ToolUse(tools))
        await turn.until(is_started)
        await turn.cancel(times=3)
        assert turn.conversation.for_request()[-1].content in (STOPPED_CALL, SKIPPED_CALL)


class TestAMalformedCall:
    ERROR = BadToolCall("m called a tool in a way that localhost cannot read.", "", "invalid character 'c'")

    async def test_is_told_to_the_model_once(self) -> None:
        backend, conversation = ScriptedBackend([Delta("Let"), self.ERROR], ANSWER), conversation_with("Go.")
        events = await take_turn(backend, conversation, tools=ToolUse(Tools()))
        assert [type(event) for event in events if not isinstance(event, TextDelta)] == [
            CallUnreadable,
            Finished,
        ]
        told = backend.requests[1].messages[-1]
        assert told.role is Role.USER
        assert "could not be read (invalid character 'c')" in told.content
        assert "could not be read" not in str(conversation.for_request())

    async def test_after_a_result_leaves_roles_in_turn(self) -> None:
        backend = ScriptedBackend(calling(call("a")), [self.ERROR], ANSWER)
        await take_turn(backend, tools=ToolUse(Tools()))
        told = backend.requests[2].messages
        assert [message.role for message in told] == [Role.USER, Role.ASSISTANT, Role.TOOL]
        assert told[-1].content.startswith("said a\n\n[Your last tool call")

    async def test_for_the_second_time_ends_the_turn(self) -> None:
        backend = ScriptedBackend([self.ERROR], [self.ERROR])
        assert failure(await take_turn(backend, tools=ToolUse(Tools()))).error is self.ERROR

    async def test_without_tools_is_an_error_like_any_other(self) -> None:
        assert failure(await take_turn(ScriptedBackend([self.ERROR]))).error is self.ERROR
