"""Turns of a model that calls anything, with tools that fail and a user who stops at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.chat.brakes import Limits
from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Metrics, Phase, TextDelta, ToolDone
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta, Effect, Refused, ToolFacts
from ollama_chat_tui.errors import BadToolCall, ServerError
from tests.chat.scripted_tools import Deciding, Tools
from tests.chat.test_conversation import accept
from tests.turns import SETTINGS

KNOWN = {
    "read": ToolFacts(Effect.READS),
    "now": ToolFacts(Effect.READS, is_repeatable=True),
    "any": ToolFacts(),
    "write": ToolFacts(Effect.CHANGES),
}


async def wait_a_little(chance: Random) -> None:
    for _ in range(chance.choice([0, 0, 1, 4])):
        await asyncio.sleep(0)


class AnyModel:
    """Says, calls and breaks; looks at what it is sent as the strictest template does."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._said = 0

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        accept(list(request.messages))
        yield Phase.WAITING
        for _ in range(self._chance.choice([0, 1, 1, 3])):
            await wait_a_little(self._chance)
            yield self._piece()
        yield Delta(metrics=Metrics(answer_tokens=5, prompt_tokens=self._chance.choice([None, 900])))

    def _piece(self) -> Delta:
        self._said += 1
        match self._chance.randrange(10):
            case 0:
                raise self._chance.choice([BadToolCall("It cannot be read."), ServerError("It fell.")])
            case 1 | 2:
                return Delta(f"said {self._said}. ")
            case 3:
                return Delta(thinking="Hm")
        return Delta(tool_calls=tuple(self._call() for _ in range(self._chance.choice([1, 1, 3]))))

    def _call(self) -> ToolCall:
        name = self._chance.choice([*KNOWN, "read", "no_such"])
        text = self._chance.choice(["a", "a", "b", "rm", "sharp", "stop", str(self._said)])
        return ToolCall(name, {"text": text}, self._chance.choice(["", "same", f"call {self._said}"]))


class AnyTools(Tools):
    """Takes a while, fails, has long results."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self.known = KNOWN
        self.now_running: list[str] = []
        self._chance = chance

    async def run(self, call: ToolCall) -> str:
        self.now_running.append(call.name)
        assert len(self.now_running) == 1 or not {"any", "write"} & set(self.now_running)
        try:
            await wait_a_little(self._chance)
            if not self._chance.randrange(8):
                raise self._chance.choice([ValueError("no"), asyncio.CancelledError()])
            return await super().run(call) + "." * self._chance.choice([0, 90_000])
        finally:
            self.now_running.remove(call.name)


class AnyUser(Deciding):
    """Takes a while to answer."""

    def __init__(self, chance: Random) -> None:
        super().__init__()
        self._chance = chance

    async def decide(self, call: ToolCall) -> ToolCall | Refused:
        await wait_a_little(self._chance)
        return await super().decide(call)

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        await wait_a_little(self._chance)
        return self._chance.random() < 0.5


async def talk(chance: Random) -> None:
    conversation, model, tools = Conversation(), AnyModel(chance), AnyTools(chance)
    use = ToolUse(tools, AnyUser(chance), Limits(rounds=chance.choice([1, 5])))
    for number in range(3):
        conversation.append(Message(Role.USER, f"question {number}"))
        events: list[Event] = []
        reading = asyncio.create_task(
            read(run_turn(conversation, SETTINGS, model, tools=use), events, chance)
        )
        for _ in range(chance.choice([0, 1])):
            await asyncio.wait([reading], timeout=0)
            for _ in range(chance.randrange(60)):
                await asyncio.sleep(0)
            reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        assert tools.now_running == []
        accept(conversation.for_request())
        kept = [node.message for node in conversation.nodes]
        said = "".join(message.content for message in kept)
        gave = [message for message in kept if message.role is Role.TOOL]
        for event in events:
            if isinstance(event, TextDelta):
                assert event.text in said
            if isinstance(event, ToolDone):
                message = gave[event.number - 1]
                assert (message.tool_name, message.whole or message.content) == (event.call.name, event.whole)
        if chance.random() < 0.3:
            conversation.move_head(chance.choice(conversation.nodes).id)


async def read(turn: AsyncGenerator[Event, None], events: list[Event], chance: Random) -> None:
    left = chance.choice([3, 9, 10_000])
    async with aclosing(turn):
        async for event in turn:
            events.append(event)
            if len(events) == left:
                return


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_whatever_happens_in_a_turn_the_history_is_valid_and_nothing_said_is_lost(seed: int) -> None:
    asyncio.run(talk(Random(seed)))
