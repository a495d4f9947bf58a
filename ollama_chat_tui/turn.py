"""A turn as the chat and `ask` take it: the engine's, held against a format where one is set.

Notes by the way what was sent and what answers cost, for those who ask later.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, Metrics, Phase
from ollama_chat_tui.chat.judging import judged
from ollama_chat_tui.chat.message import Ending, Message, Role
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.check import AnswerCheck


class Notes(Protocol):
    """Who wants to know it afterwards.

    Attributes:
        sent: the last question as it was sent.
        costs: of every answer, the oldest first.
    """

    sent: ChatRequest | None
    costs: list[Metrics]


async def take_turn(
    conversation: Conversation,
    settings: Settings,
    backend: Backend,
    *,
    tools: ToolUse | None = None,
    notes: Notes | None = None,
    stream: bool = True,
) -> AsyncGenerator[Event, None]:
    """Let the model answer the conversation; see `chat.engine.run_turn` and `chat.judging.judged`."""
    heard = _NotedBackend(backend, notes) if notes else backend
    try:
        turn = _turn(conversation, settings, heard, tools, stream=stream)
    except BadSchema as error:  # such as of a session that is somebody else's
        yield Failed(Message(Role.ASSISTANT, ending=Ending.FAILED), Metrics(model=settings.model), error)
        return
    noted: Message | None = None  # a turn that ends at a call ends with a reply that was noted before
    async with aclosing(turn) as events:
        async for event in events:
            if notes and isinstance(event, Finished | Interrupted | Failed) and event.message is not noted:
                noted = event.message
                if _cost_anything(event):
                    notes.costs.append(event.metrics)
            yield event


def _turn(
    conversation: Conversation, settings: Settings, backend: Backend, tools: ToolUse | None, *, stream: bool
) -> AsyncGenerator[Event, None]:
    def reply() -> AsyncGenerator[Event, None]:
        return run_turn(conversation, settings, backend, tools=tools, stream=stream)

    if not settings.format:
        return reply()
    return judged(reply, conversation, AnswerCheck(settings.format), retries=settings.format_retries)


def _cost_anything(end: Finished | Interrupted | Failed) -> bool:
    return isinstance(end, Finished) or end.metrics.first_token_s is not None


class _NotedBackend:
    """Remembers what is asked of another one."""

    def __init__(self, backend: Backend, notes: Notes) -> None:
        self._backend = backend
        self._notes = notes

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        """See `chat.protocols.Backend`."""
        self._notes.sent = request
        async with aclosing(self._backend.chat(request)) as pieces:
            async for piece in pieces:
                yield piece
