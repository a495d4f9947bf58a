"""What stops a model that does not stop: the same call again, limits, results that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.chat.brakes import Limits, shortened
from ollama_chat_tui.chat.calls import SAME_CALL, ToolUse
from ollama_chat_tui.chat.conversation import SKIPPED_CALL
from ollama_chat_tui.chat.events import (
    Failed,
    Finished,
    ToolDone,
)
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Effect
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.chat.tokens import estimate_tokens
from ollama_chat_tui.errors import ServerError, ToolRoundsExceeded
from tests.chat.scripted_backend import ScriptedBackend
from tests.chat.scripted_tools import ANSWER, Deciding, Tools, call, calling, of_4096, results
from tests.turns import conversation_with, failure, last, take_turn


class TestTheSameCall:
    async def test_is_answered_with_the_first_result_and_a_hint(self) -> None:
        tools = Tools()
        backend = ScriptedBackend(
            calling(call("a", "1")), calling(call("b")), calling(call("a", "9")), ANSWER
        )
        events = await take_turn(backend, tools=ToolUse(tools))
        assert tools.ran == [call("a", "1"), call("b")]
        assert results(events)[2] == f"{SAME_CALL}\nsaid a"

    async def test_is_the_same_in_any_order_of_its_keys(self) -> None:
        one = ToolCall("echo", {"text": "a", "n": {"x": 1, "y": 2}}, "1")
        other = ToolCall("echo", {"n": {"y": 2, "x": 1}, "text": "a"}, "2")
        tools = Tools()
        await take_turn(ScriptedBackend(calling(one), calling(other), ANSWER), tools=ToolUse(tools))
        assert tools.ran == [one]

    async def test_is_another_one_when_an_argument_is_of_another_kind(self) -> None:
        asked = [ToolCall("echo", {"n": value}) for value in (1, 1.0, True, "1", None, [1], {"1": 1})]
        tools = Tools()
        await take_turn(ScriptedBackend(calling(*asked), ANSWER), tools=ToolUse(tools))
        assert [str(call.arguments) for call in tools.ran] == [str(call.arguments) for call in asked]

    @pytest.mark.parametrize("effect", list(Effect))
    async def test_twice_in_one_reply_is_run_once(self, effect: Effect) -> None:
        tools = Tools(effect)
        backend = ScriptedBackend(calling(call("a", "1"), call("a", "2")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(tools))
        assert len(tools.ran) == 1
        assert results(events) == ["said a", f"{SAME_CALL}\nsaid a"]
        assert [message.tool_call_id for message in backend.requests[1].messages[2:]] == ["1", "2"]

    async def test_is_run_again_when_the_tool_says_that_its_answer_changes(self) -> None:
        tools = Tools(is_repeatable=True)
        backend = ScriptedBackend(*[calling(call("a"))] * 4, ANSWER)
        await take_turn(backend, tools=ToolUse(tools))
        assert len(tools.ran) == 4

    async def test_is_run_again_when_another_one_changed_something(self) -> None:
        tools = Tools(Effect.READS)
        backend = ScriptedBackend(
            calling(call("a")), calling(call("b", name="write")), calling(call("a")), ANSWER
        )
        await take_turn(backend, tools=ToolUse(tools))
        assert [each.name for each in tools.ran] == ["echo", "write", "echo"]

    async def test_refused_once_is_not_asked_for_again(self) -> None:
        approver = Deciding()
        backend = ScriptedBackend(calling(call("rm")), calling(call("rm")), ANSWER)
        events = await take_turn(backend, tools=ToolUse(Tools(), approver))
        assert len(approver.asked) == 1
        assert results(events)[1] == f"{SAME_CALL}\nThe user refused."

    @pytest.mark.parametrize("name", ["echo", "write"])
    async def test_for_the_third_time_stops_the_turn_when_nobody_can_be_asked(self, name: str) -> None:
        backend = ScriptedBackend(*[calling(call("a", name=name))] * 5)
        error = failure(await take_turn(backend, tools=ToolUse(Tools()))).error
        assert isinstance(error, ToolRoundsExceeded)
        assert error.sentence == f"The model asked for {name} with the same arguments 3 times."
        assert len(backend.requests) == 3

    async def test_is_counted_anew_when_another_one_changed_something(self) -> None:
        read, write = calling(call("a")), calling(call("b", name="write"))
        tools, approver = Tools(Effect.READS), Deciding()
        await take_turn(
            ScriptedBackend(read, read, write, read, read, ANSWER), tools=ToolUse(tools, approver)
        )
        assert approver.asked_again == []
        assert [each.name for each in tools.ran] == ["echo", "write", "echo"]

    async def test_of_an_unknown_tool_stops_the_turn_as_well(self) -> None:
        backend = ScriptedBackend(*[calling(call("a", name="no_such"))] * 5)
        events = await take_turn(backend, tools=ToolUse(Tools()))
        assert failure(events).error.sentence == (
            "The model asked for no_such with the same arguments 3 times."
        )
        assert len(results(events)) == 2

    @pytest.mark.parametrize("goes_on", [True, False])
    async def test_for_the_third_time_is_the_users_to_decide(self, goes_on: bool) -> None:
        approver = Deciding(goes_on)
        backend = ScriptedBackend(*[calling(call("a"))] * 3, ANSWER)
        events = await take_turn(backend, tools=ToolUse(Tools(), approver))
        assert approver.asked_again == [3]
        assert isinstance(last(events), Finished if goes_on else Failed)


class TestLimits:
    @pytest.mark.parametrize("rounds", [1, 25])
    async def test_of_rounds(self, rounds: int) -> None:
        backend = ScriptedBackend(*[calling(call(str(number))) for number in range(rounds + 1)])
        conversation = conversation_with("Say hi.")
        use = ToolUse(Tools(), limits=Limits(rounds=rounds))
        assert isinstance(
            failure(await take_turn(backend, conversation, tools=use)).error, ToolRoundsExceeded
        )
        assert len(backend.requests) == rounds
        assert conversation.head
        assert conversation.head.message.content == f"said {rounds - 1}"

    async def test_of_tokens(self) -> None:
        backend = ScriptedBackend(*[calling(call(str(number)), tokens=40) for number in range(9)])
        use = ToolUse(Tools(), limits=Limits(tokens=100))
        error = failure(await take_turn(backend, tools=use)).error
        assert error.sentence == "The model wrote 120 tokens around tools and no answer."

    async def test_of_time_in_which_the_user_was_not_asked(self) -> None:
        now = 0.0

        class Slow(Deciding):
            async def decide(self, call: ToolCall) -> ToolCall:
                nonlocal now
                now += 1000
                return call

            async def goes_on(self, call: ToolCall, times: int) -> bool:
                nonlocal now
                now += 1000
                return True

        def works(_: ToolCall) -> str:
            nonlocal now
            now += 30
            return "done"

        tools = Tools()
        tools.result = works
        backend = ScriptedBackend(*[calling(call(text)) for text in ("a", "a", "a", "b", "c")])
        use = ToolUse(tools, Slow(), Limits(time_s=60))
        error = failure(await take_turn(backend, tools=use, clock=lambda: now)).error
        assert error.sentence == "The model called tools for 60 s without an answer."
        assert tools.ran == [call("a"), call("b")]

    async def test_of_time_holds_between_the_calls_of_one_reply(self) -> None:
        now = 0.0

        def works(_: ToolCall) -> str:
            nonlocal now
            now += 30
            return "done"

        tools, conversation = Tools(), conversation_with("Go.")
        tools.result = works
        backend = ScriptedBackend(calling(*(call(str(number)) for number in range(5))))
        use = ToolUse(tools, limits=Limits(time_s=60))
        events = await take_turn(backend, conversation, tools=use, clock=lambda: now)
        assert failure(events).error.sentence == "The model called tools for 60 s without an answer."
        sent = [message.content for message in conversation.for_request()[2:]]
        assert sent == ["done", "done", SKIPPED_CALL, SKIPPED_CALL, SKIPPED_CALL]


class TestResults:
    async def test_are_cut_to_the_window_and_whole_in_the_event(self) -> None:
        tools = Tools()
        tools.result = lambda _: "a" * 50_000 + "b" * 50_000
        backend = ScriptedBackend(calling(call("x")), ANSWER)
        events = await take_turn(
            backend, settings=Settings("m", options={"num_ctx": 2048}), tools=ToolUse(tools)
        )
        done = next(event for event in events if isinstance(event, ToolDone))
        assert len(done.whole) == 100_000
        assert len(done.result) < 2048 * 3
        assert done.result.startswith("aaa")
        assert done.result.endswith("bbb")
        assert "of 100,000 characters are left out here" in done.result
        message = backend.requests[1].messages[2]
        assert (message.content, message.whole) == (done.result, done.whole)

    async def test_that_fit_are_kept_once(self) -> None:
        backend = ScriptedBackend(calling(call("x")), ANSWER)
        await take_turn(backend, tools=ToolUse(Tools()))
        assert backend.requests[1].messages[2].whole == ""

    @pytest.mark.parametrize("letter", ["a", "語"])
    @pytest.mark.parametrize("number", [1, 3, 30])
    async def test_share_the_room_there_is(self, number: int, letter: str) -> None:
        tools = Tools(Effect.READS)
        tools.result = lambda _: letter * 100_000
        backend = ScriptedBackend(calling(*(call(str(place)) for place in range(number))), ANSWER)
        await take_turn(backend, tools=ToolUse(tools, window=of_4096))
        assert sum(estimate_tokens(message.content) for message in backend.requests[1].messages) < 4096

    async def test_have_the_room_of_the_window_that_is_there_not_of_the_one_that_was_wanted(self) -> None:
        tools = Tools()
        tools.result = lambda _: "a" * 100_000
        backend = ScriptedBackend(calling(call("x")), ANSWER)
        wanted = Settings("m", options={"num_ctx": 131_072})
        await take_turn(backend, settings=wanted, tools=ToolUse(tools, window=of_4096))
        assert len(backend.requests[1].messages[2].content) < 4096 * 3

    async def test_are_cut_to_something_when_nobody_knows_the_window(self) -> None:
        async def lost(_: str) -> int:
            raise ServerError("It fell.")

        tools = Tools()
        tools.result = lambda _: "a" * 100_000
        backend = ScriptedBackend(calling(call("x")), ANSWER)
        assert isinstance(last(await take_turn(backend, tools=ToolUse(tools, window=lost))), Finished)
        assert len(backend.requests[1].messages[2].content) < 20_000

    @given(st.text() | st.text("語a\n", max_size=4000), st.integers(min_value=1, max_value=200))
    def test_that_are_short_are_not_touched_and_long_ones_keep_both_ends(self, text: str, most: int) -> None:
        cut = shortened(text, most)
        if estimate_tokens(text) <= most:
            assert cut == text
        elif most >= 40:
            assert estimate_tokens(cut) <= most
            assert (cut[0], cut[-1]) == (text[0], text[-1])
