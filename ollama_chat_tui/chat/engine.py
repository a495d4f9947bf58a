"""The turn: a conversation in, a stream of events out, the answer added to the conversation.

Knows neither how a model is reached nor who listens. Whatever ends a turn early, what had arrived is
kept in the conversation before anything else happens.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from msgspec import structs

from ollama_chat_tui.chat.brakes import result_tokens
from ollama_chat_tui.chat.calls import Calls, ToolUse, TurnStopped
from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    CutBy,
    Event,
    Failed,
    Finished,
    Interrupted,
    Metrics,
    Phase,
    TextDelta,
    ThinkingDelta,
    Waiting,
)
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Clock, Delta
from ollama_chat_tui.chat.reasoning import ThinkSplitter
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BackendError, BadToolCall, ChatError, ToolRoundsExceeded

_SAY_IT_AGAIN = (
    "[Your last tool call could not be read ({reason}). Write it again, its arguments as one JSON object.]"
)


async def run_turn(
    conversation: Conversation,
    settings: Settings,
    backend: Backend,
    *,
    tools: ToolUse | None = None,
    stream: bool = True,
    clock: Clock = time.monotonic,
) -> AsyncGenerator[Event, None]:
    """Let the model answer the conversation, running the tools it asks for.

    An answer at the head is gone on with: the whole becomes its sibling.
    Cancelling the task that reads this generator stops the model: one `Interrupted` comes out, then the
    cancellation goes on its way. Closing the generator stops it too, without an event.
    A backend's error comes out as `Failed`; nothing else is raised.
    """
    turn = _Turn(conversation, tools, clock)
    begun = _begun(conversation.head)
    while True:
        messages = turn.with_note(conversation.for_request(settings.system, settings.format_request))
        declared = tools.toolbox.declarations() if tools else ()
        answer = _Answer(conversation, settings, clock, begun)
        begun = None
        request = ChatRequest(settings, messages, declared, stream, conversation.images)
        async with aclosing(answer.read(backend, request)) as events:
            async for event in events:
                yield turn.mended(event)
        if turn.note:
            continue
        if not tools or not answer.is_whole or not answer.calls:
            return
        is_heard = True
        try:
            async with aclosing(turn.run(answer, settings)) as events:
                async for event in events:
                    is_heard = False  # until the next one is asked for: a closed generator may say nothing
                    yield event
                    is_heard = True
        except asyncio.CancelledError:
            if is_heard:
                yield Interrupted(answer.message, answer.metrics)
            raise
        except TurnStopped:
            yield Interrupted(answer.message, answer.metrics)
            return
        except ToolRoundsExceeded as error:
            yield Failed(answer.message, answer.metrics, error)
            return


class _Turn:
    """What goes over several replies: the calls, what they have cost, and what the model is told once.

    Attributes:
        note: stands behind the next request and not in the conversation; empty: nothing.
    """

    def __init__(self, conversation: Conversation, tools: ToolUse | None, clock: Clock) -> None:
        self.note = ""
        self._tools = tools
        self._calls = Calls(conversation, tools, clock) if tools else None
        self._rounds = self._tokens = 0
        self._has_mended = False

    def with_note(self, messages: list[Message]) -> list[Message]:
        note, self.note = self.note, ""
        if not note:
            return messages
        if messages[-1].role in (Role.USER, Role.TOOL):
            # Not a message of its own: strict templates want questions and answers to take turns.
            last = messages[-1]
            return [*messages[:-1], structs.replace(last, content=f"{last.content}\n\n{note}")]
        return [*messages, Message(Role.USER, note)]

    def mended(self, event: Event) -> Event:
        """Turn the first call that nobody could read into another try."""
        if not (self._tools and isinstance(event, Failed) and isinstance(event.error, BadToolCall)):
            return event
        if self._has_mended:
            return event
        self._has_mended = True
        self.note = _SAY_IT_AGAIN.format(reason=event.error.reason)
        return CallUnreadable(event.message, event.metrics, event.error)

    async def run(self, answer: _Answer, settings: Settings) -> AsyncGenerator[Event, None]:
        """Answer the calls of a reply.

        Raises:
            TurnStopped: the user stopped the turn.
            ToolRoundsExceeded: no other reply may be asked for.
        """
        if not self._calls or not self._tools:
            return
        limits = self._tools.limits
        self._rounds += 1
        self._tokens += answer.metrics.answer_tokens or 0
        most_tokens = result_tokens(await self._window(settings), answer.metrics, len(answer.calls))
        async with aclosing(self._calls.run(answer.calls, most_tokens)) as events:
            async for event in events:
                yield event
        limits.check(self._rounds, self._tokens)

    async def _window(self, settings: Settings) -> int | None:
        """What the server says comes first: it may have had to give less than was wanted."""
        known = None
        if self._tools and self._tools.window:
            with suppress(BackendError):
                known = await self._tools.window(settings.model)
        wanted = settings.options.get("num_ctx")
        return known or (wanted if isinstance(wanted, int) and wanted > 0 else None)


class _Answer:
    """One reply as it arrives, and its end as a message of the conversation."""

    def __init__(
        self, conversation: Conversation, settings: Settings, clock: Clock, begun: Node | None
    ) -> None:
        self.message = Message(Role.ASSISTANT)
        self.calls: list[ToolCall] = []
        self.is_whole = False
        self._conversation = conversation
        self._settings = settings
        self._clock = clock
        self._began = clock()
        self._begun = begun
        self._content: list[str] = []
        self._thinking: list[str] = [begun.message.thinking] if begun else []
        self._logprobs: list[object] = []
        self._splitter = ThinkSplitter()
        self._metrics = Metrics(model=settings.model)
        self._header_s: float | None = None
        self._first_s: float | None = None
        self._last_s: float | None = None
        self._is_stored = False

    async def read(self, backend: Backend, request: ChatRequest) -> AsyncGenerator[Event, None]:
        is_heard = True
        try:
            async with aclosing(backend.chat(request)) as pieces:
                async for piece in pieces:
                    is_heard = False
                    for event in self._take(piece) if isinstance(piece, Delta) else [self._wait(piece)]:
                        yield event
                    is_heard = True
            self.is_whole = True
            for event in self._end(Ending.COMPLETE):
                yield event
            yield Finished(self.message, self.metrics, tuple(self._logprobs))
        except asyncio.CancelledError:
            if is_heard:
                for event in self._end(Ending.INTERRUPTED):
                    yield event
                yield Interrupted(self.message, self.metrics)
            raise
        except ChatError as error:
            for event in self._end(Ending.FAILED):
                yield event
            yield Failed(self.message, self.metrics, error)
        finally:
            # A closed generator may not say anything more, but what had arrived is still kept.
            self._end(Ending.INTERRUPTED)

    def _wait(self, phase: Phase) -> Waiting:
        elapsed_s = self._clock() - self._began
        if phase is Phase.ANSWERING:
            self._header_s = elapsed_s
        return Waiting(phase, elapsed_s)

    def _take(self, delta: Delta) -> list[Event]:
        if delta.content or delta.thinking or delta.tool_calls:
            self._last_s = self._clock() - self._began
            if self._first_s is None:
                self._first_s = self._last_s
        self.calls.extend(delta.tool_calls)
        self._logprobs.extend(delta.logprobs)
        if delta.metrics is not None:
            self._metrics = delta.metrics
        events = self._take_up() + self._split(delta.thinking, "")
        return events + self._split(*self._splitter.feed(delta.content)) if delta.content else events

    def _take_up(self) -> list[Event]:
        """Repeat what was said before the first new word, so that the answer is shown and kept whole."""
        if self._begun is None or self._content:
            return []
        return self._split("", self._begun.message.content)

    def _split(self, thinking: str, content: str) -> list[Event]:
        events: list[Event] = []
        if thinking:
            self._thinking.append(thinking)
            events.append(ThinkingDelta(thinking))
        if content:
            self._content.append(content)
            events.append(TextDelta(content))
        return events

    def _end(self, ending: Ending) -> list[Event]:
        """Put the message into the conversation, once; return the text that was held back until now."""
        events = self._split(*self._splitter.flush())
        if not self._is_stored:
            self._is_stored = True
            self.message = Message(
                Role.ASSISTANT,
                "".join(self._content),
                "".join(self._thinking),
                tool_calls=tuple(self.calls),
                ending=ending,
            )
            if self._begun is None:
                self._conversation.append(self.message)
            elif self._content or self.calls:  # else it stands there as it was
                self._conversation.edit(self._begun.id, self.message)
        return events

    @property
    def metrics(self) -> Metrics:
        return structs.replace(
            self._metrics,
            cut_by=_cut_by(self._metrics, self._settings),
            header_s=self._header_s,
            first_token_s=self._first_s,
            last_token_s=self._last_s,
        )


def _begun(head: Node | None) -> Node | None:
    """The answer that is to be gone on with, if that is where the conversation stands."""
    return head if head and head.message.role is Role.ASSISTANT and not head.message.tool_calls else None


def _cut_by(metrics: Metrics, settings: Settings) -> CutBy | None:
    """Tell a limit on the answer from the end of the window: the server says only `length`."""
    if metrics.done_reason != "length":
        return None
    answer, prompt = metrics.answer_tokens or 0, metrics.prompt_tokens or 0
    limit, window = settings.options.get("num_predict"), settings.options.get("num_ctx")
    if isinstance(limit, int) and 0 < limit <= answer:
        return CutBy.NUM_PREDICT
    if isinstance(window, int) and prompt + answer < window:
        return CutBy.NUM_PREDICT  # one that the model brings with it
    return CutBy.WINDOW
