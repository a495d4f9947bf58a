"""A turn as a test runs it: a question in, the events out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, TextDelta, ThinkingDelta
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import Backend
from ollama_chat_tui.chat.settings import Settings
from tests.scripted_replies import PATIENCE_S

SETTINGS = Settings("m")


def conversation_of(*messages: Message) -> Conversation:
    conversation = Conversation()
    for message in messages:
        conversation.append(message)
    return conversation


def conversation_with(*questions: str) -> Conversation:
    return conversation_of(*(Message(Role.USER, question) for question in questions))


async def take_turn(
    backend: Backend,
    conversation: Conversation | None = None,
    settings: Settings = SETTINGS,
    **kwargs: Any,
) -> list[Event]:
    """Ask and collect the events."""
    conversation = conversation or conversation_with("Hello?")
    turn = run_turn(conversation, settings, backend, **kwargs)
    async with asyncio.timeout(PATIENCE_S), aclosing(turn) as events:
        return [event async for event in events]


def last(events: Sequence[Event]) -> Finished | Interrupted | Failed:
    """How a turn ended."""
    event = events[-1]
    assert isinstance(event, Finished | Interrupted | Failed)
    return event


def failure(events: Sequence[Event]) -> Failed:
    event = events[-1]
    assert isinstance(event, Failed)
    return event


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thinking_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


class RunningTurn:
    """A turn in a task of its own, to be watched and cancelled."""

    def __init__(
        self,
        backend: Backend,
        conversation: Conversation | None = None,
        settings: Settings = SETTINGS,
        **kwargs: Any,
    ) -> None:
        self.conversation = conversation or conversation_with("Hello?")
        self.events: list[Event] = []
        self._turn = run_turn(self.conversation, settings, backend, **kwargs)
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self._read())

    async def until(self, is_it: Callable[[Event], bool]) -> None:
        """Wait for an event of that kind."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(is_it(event) for event in self.events):
                assert not self.task.done(), self.events
                self._news.clear()
                await self._news.wait()

    async def cancel(self, times: int = 1) -> None:
        """Cancel the task, as Ctrl-C does, and see that the cancellation went on its way."""
        for _ in range(times):
            self.task.cancel()
            await asyncio.sleep(0)
        with suppress(asyncio.CancelledError):
            await self.task
        assert self.task.cancelled()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), aclosing(self._turn) as events:
                async for event in events:
                    self.events.append(event)
                    self._news.set()
        finally:
            self._news.set()
