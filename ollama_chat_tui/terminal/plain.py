"""A turn where no cursor can be placed: harmless text as it comes, no escape sequence, Ctrl-C stops.

Keys are not read meanwhile: what is typed waits in the tty for the next prompt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TextIO

from prompt_toolkit.application import create_app_session
from prompt_toolkit.output.plain_text import PlainTextOutput

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    Event,
    Failed,
    Finished,
    Interrupted,
    Judged,
    Phase,
    TextDelta,
    ThinkingDelta,
    ToolAsked,
    ToolDone,
    Waiting,
)
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.answer import SET_OPTION, UNREADABLE_CALL, End, closing_line
from ollama_chat_tui.terminal.reasoning import ThinkingView, thought_summary
from ollama_chat_tui.terminal.region import TextOutput
from ollama_chat_tui.terminal.sanitize import Sanitizer, sanitize
from ollama_chat_tui.terminal.tool_lines import asked_line, asked_lines, done_line, with_numbers
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.verdict import room_hint, verdict_lines

REPLAYED_MESSAGES = 6


@contextmanager
def plain_prompts(output: TextIO, variables: Mapping[str, str]) -> Iterator[None]:
    """While inside, prompts write no escape sequences either, if the terminal would show them."""
    if is_dumb(variables):
        with create_app_session(output=PlainTextOutput(output)):
            yield
    else:
        yield


class PlainAnswers:
    """Writes turns, one after the other; fits `answers.Answers`."""

    def __init__(self, output: TextOutput, view: Callable[[], ThinkingView]) -> None:
        self._output = output
        self._view = view
        self._writing: PlainTurn | None = None

    def say(self, text: str) -> bool:
        """Put lines of our own wherever the output is; there is no prompt to be drawn around them."""
        if self._writing:
            self._writing.end_line()
        self._output.write(text)
        self._output.flush()
        return True

    def replayed(self, conversation: Conversation, _pictures: Mapping[str, str]) -> str:
        """What was said, as it was written; of calls and their results a line each."""
        messages = with_numbers(conversation.branch(), conversation.result_numbers())
        said = [_said(*each) for each in messages[-REPLAYED_MESSAGES:]]
        return sanitize("\n".join(said)) + "\n" if said else ""

    def rendered(self, markdown: str) -> str:
        """Markdown as it is written."""
        return sanitize(markdown)

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Leave the terminal to a question while a turn goes on."""
        if self._writing:
            self._writing.end_line()
        yield

    async def show(self, turn: AsyncGenerator[Event, None], _typed: TypeAhead) -> End | None:
        """Write a turn until it ends, and return its last event."""
        self._writing = writing = PlainTurn(self._output, self._view)
        try:
            with cancelled_by_ctrl_c() as interruption:
                async with aclosing(turn) as events:
                    async for event in events:
                        writing.take(event)
        except asyncio.CancelledError:
            interruption.absorb()
        finally:
            self._writing = None
        return writing.end


def _said(message: Message, numbers: Sequence[int]) -> str:
    match message.role:
        case Role.USER:
            return f">>> {message.content}"
        case Role.TOOL:
            return done_line(message.content, *numbers)
    return "\n".join(filter(None, [message.content, *asked_lines(message, numbers)]))


class PlainTurn:
    """The text of one turn: reasoning as it is wanted, the answer, and how it ended."""

    def __init__(self, output: TextOutput, view: Callable[[], ThinkingView]) -> None:
        self.end: End | None = None
        self._output = output
        self._view = view
        self._sanitizer = Sanitizer()
        self._is_line_begun = False
        self._deltas = 0
        self._thinking_since_s: float | None = None

    def take(self, event: Event) -> None:
        """Write what one event adds."""
        match event:
            case Waiting(Phase.LOADING):
                self._write(f"{Phase.LOADING} …\n")
            case ThinkingDelta(text):
                self._think(text)
            case TextDelta(text):
                self._end_thinking()
                self._write(self._sanitizer.feed(text))
            case ToolAsked(call, number):
                self._write(f"{asked_line(call, number)}\n")
            case ToolDone(_, result, _, number):
                self._write(f"{done_line(result, number)}\n\n")
            case CallUnreadable():
                self._end_thinking()
                self._end_text()
                self._write(f"{UNREADABLE_CALL}\n\n")
            case Judged():
                hint = room_hint(self.end.metrics, SET_OPTION) if self.end and event.faults else ""
                self._write("\n".join(filter(None, [*verdict_lines(event), hint])) + "\n\n")
            case Finished() | Interrupted() | Failed():
                self._end_thinking()
                self._end_text()
                self.end = event
                if line := closing_line(event):
                    self._write(f"{line}\n\n")
            case _:
                pass

    def end_line(self) -> None:
        """Begin a new line unless one is begun."""
        if self._is_line_begun:
            self._write("\n")

    def _think(self, text: str) -> None:
        if self._thinking_since_s is None:
            self._end_text()
            self._thinking_since_s, self._deltas = time.monotonic(), 0
        self._deltas += 1
        if self._view() is ThinkingView.FULL:
            self._write(self._sanitizer.feed(text))

    def _end_thinking(self) -> None:
        if self._thinking_since_s is None:
            return
        self._end_text()
        if self._view() is not ThinkingView.HIDE:
            self._write(thought_summary(time.monotonic() - self._thinking_since_s, self._deltas) + "\n\n")
        self._thinking_since_s = None

    def _end_text(self) -> None:
        self._write(self._sanitizer.flush())
        self._sanitizer = Sanitizer()
        self.end_line()

    def _write(self, text: str) -> None:
        if text:
            self._output.write(text)
            self._output.flush()
            self._is_line_begun = not text.endswith("\n")
