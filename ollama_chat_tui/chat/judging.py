"""A turn whose answer is held against a format, and asked for again where it does not fit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, JsonDue, Judged
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.schemas.fault import Fault

_MOST_NAMED = 10


class Judge(Protocol):
    """Who knows the format."""

    @property
    def is_schema(self) -> bool:
        """Whether it is a schema; else any JSON object fits."""
        ...

    def faults(self, text: str) -> Sequence[Fault]:
        """What is wrong with an answer; empty: nothing."""
        ...


async def judged(
    turn: Callable[[], AsyncGenerator[Event, None]], conversation: Conversation, judge: Judge, *, retries: int
) -> AsyncGenerator[Event, None]:
    """Run `turn`, judge its answer, and up to `retries` times run it again with the faults as a question.

    Every try stays in the conversation. An answer that was cut is not asked for again: it would be cut again.
    """
    for number in range(1, retries + 2):
        end: Event | None = None
        yield JsonDue()
        async with aclosing(turn()) as events:
            async for event in events:
                if isinstance(event, Finished | Interrupted | Failed):
                    end = event
                yield event
        if not isinstance(end, Finished):
            return
        faults = judge.faults(end.message.content)
        is_last = not faults or end.metrics.cut_by is not None or number > retries
        if not is_last:
            conversation.append(Message(Role.USER, _correction(faults)))
        yield Judged(tuple(faults), 0 if is_last else number + 1, judge.is_schema)
        if is_last:
            return


def _correction(faults: Sequence[Fault]) -> str:
    named = "\n".join(f"- {fault}" for fault in faults[:_MOST_NAMED])
    return f"This answer does not fit the format:\n{named}\nGive the whole answer again, corrected."
