"""A toolbox and an approver that a test feeds, and replies that call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ollama_chat_tui.chat.events import Event, Metrics, ToolDone
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Approver, Delta, Effect, Refused, Toolbox, ToolFacts
from tests.chat.scripted_backend import END


class Tools:
    """Answers an argument, or never when the argument is `stuck`; `meet` waits until so many run at once."""

    def __init__(self, effect: Effect = Effect.UNKNOWN, *, is_repeatable: bool = False) -> None:
        self.ran: list[ToolCall] = []
        self.stopped: list[ToolCall] = []
        self.known = {"echo": ToolFacts(effect, is_repeatable), "write": ToolFacts(Effect.CHANGES)}
        self.result: Callable[[ToolCall], str] = lambda call: f"said {call.arguments.get('text')}"
        self.meeting = asyncio.Barrier(1)
        self.most_at_once = self._running = 0

    def declarations(self) -> Sequence[Mapping[str, object]]:
        return [{"type": "function", "function": {"name": name}} for name in self.known]

    def facts(self) -> Mapping[str, ToolFacts]:
        return self.known

    async def run(self, call: ToolCall) -> str:
        self.ran.append(call)
        self._running += 1
        self.most_at_once = max(self.most_at_once, self._running)
        await self.meeting.wait()
        self._running -= 1
        if call.arguments.get("text") == "stuck":
            try:
                await asyncio.Event().wait()
            finally:
                self.stopped.append(call)
        return self.result(call)


@dataclass
class Deciding:
    """An approver that lets through what is harmless and may change or stop what is not."""

    goes_on_answer: bool = False
    asked: list[ToolCall] = field(default_factory=list)
    asked_again: list[int] = field(default_factory=list)

    async def decide(self, call: ToolCall) -> ToolCall | Refused:
        self.asked.append(call)
        match call.arguments.get("text"):
            case "rm":
                return Refused("The user refused.")
            case "stop":
                return Refused("The user refused.", ends_turn=True)
            case "sharp":
                return ToolCall(call.name, {"text": "blunt"}, call.id)
        return call

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        self.asked_again.append(times)
        return self.goes_on_answer


def call(text: str, number: str = "", name: str = "echo") -> ToolCall:
    return ToolCall(name, {"text": text}, number)


def calling(*calls: ToolCall, tokens: int = 2) -> list[Delta]:
    return [Delta(tool_calls=calls, metrics=Metrics(model="m", done_reason="stop", answer_tokens=tokens))]


ANSWER = [Delta("Fine."), END]


async def of_4096(_: str) -> int:
    return 4096


def results(events: list[Event]) -> list[str]:
    return [event.result for event in events if isinstance(event, ToolDone)]


def _fits(toolbox: Tools, approver: Deciding) -> tuple[Toolbox, Approver]:
    """Checked by mypy: they are what the engine asks for."""
    return toolbox, approver
