"""`ollama-chat ask`: one question, one answer. The answer to stdout, everything else to stderr.

One of several readers of the engine's events; it decides nothing that the engine decides.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Protocol, TextIO

import msgspec

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.capability import CapableBackend
from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    Event,
    Failed,
    Finished,
    Interrupted,
    Judged,
    Metrics,
    TextDelta,
    ToolDone,
)
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import Backend, Window
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadAnswer, ChatError, OutputFailed, UsageError
from ollama_chat_tui.interrupt import ended_by_ctrl_c, ended_in_order
from ollama_chat_tui.preferences import Preferences
from ollama_chat_tui.schemas.check import limit_lines
from ollama_chat_tui.startup import Opening, make_ready
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.sanitize import Sanitizer
from ollama_chat_tui.terminal.verdict import room_hint, verdict_lines
from ollama_chat_tui.tools.bench import Bench, ToolsGiven
from ollama_chat_tui.turn import take_turn

if TYPE_CHECKING:
    from ollama_chat_tui.media.attachments import Attachments


class Output(StrEnum):
    """What goes to stdout."""

    TEXT = "text"
    RAW = "raw"
    JSON = "json"
    EVENTS = "events"


@dataclass(frozen=True)
class Question:
    """What is asked, and how the answer is wanted.

    Attributes:
        text: the question, whole.
        images: pictures and sounds to send with it: files, addresses, or `clipboard`.
    """

    text: str
    images: tuple[str, ...] = ()
    output: Output = Output.TEXT
    stream: bool = True


class Reader(Protocol):
    """Shows a turn while it runs."""

    def take(self, event: Event) -> None:
        """Show one event."""
        ...

    def go_on(self, event: Finished) -> None:
        """Show a reply that calls tools: the answer comes after them."""
        ...


async def run_ask(
    environment: Environment,
    wanted: Wanted,
    preferences: Preferences,
    question: Question,
    given: ToolsGiven,
    *,
    may_fetch: bool,
) -> None:
    """Find who answers, ask, and print.

    Raises:
        ChatError: the answer failed, it does not fit its format, or a tool was not allowed.
        KeyboardInterrupt: it was stopped.
    """
    settings = preferences.settings()
    notices = Notices(environment.stderr, environment.variables)
    for limit in limit_lines(settings.format):
        notices.whisper(limit)
    with ended_in_order(), ended_by_ctrl_c():
        conversation = Conversation()
        images: tuple[Image, ...] = ()
        if question.images:
            from ollama_chat_tui.media.attachments import Attachments  # which other questions do not pay

            attachments = Attachments(environment.variables, preferences.config.image_side)
            await _attach(question.images, attachments, notices)
            images = attachments.take(conversation.images)
        conversation.append(Message(Role.USER, question.text, images=images))
        await make_ready(environment, wanted, notices, may_fetch=may_fetch)
        async with Opening(environment, wanted, settings.model) as opening:
            found = await opening.answerer()
            settings = replace(settings, model=found.model)
            if found.notice:
                notices.whisper(found.notice)
            reader = _reader(question.output, environment, settings, preferences.config.theme)
            backend = CapableBackend(found.client, opening.answerer)
            async with _tools(preferences, given, found.client.window_tokens) as tools:
                await ask(conversation, settings, backend, reader, notices, tools, stream=question.stream)


async def _attach(sources: Sequence[str], attachments: Attachments, notices: Notices) -> None:
    """Attach, and say what was done to each."""
    for source in sources:
        attached = await attachments.add(source)
        if attached.changes:
            notices.whisper(attached.sentence)


@asynccontextmanager
async def _tools(
    preferences: Preferences, given: ToolsGiven, window: Window
) -> AsyncIterator[ToolUse | None]:
    """The tools that the model may call.

    Raises:
        BadTools: one that was to be on is not there.
        ToolNotAllowed: at the end: one was called that is not allowed.
    """
    bench = Bench(preferences.config.tools, given, preferences.variables)
    try:
        tools = await bench.use(window)
        for trouble in bench.take_troubles():
            raise trouble
        yield tools
        bench.check()
    finally:
        await bench.aclose()


async def ask(
    conversation: Conversation,
    settings: Settings,
    backend: Backend,
    reader: Reader,
    notices: Notices,
    tools: ToolUse | None = None,
    *,
    stream: bool = True,
) -> None:
    """Ask the last question of `conversation` and let `reader` show the answer.

    Raises:
        ChatError: the answer failed, cannot be written, or does not fit its format.
    """
    turn = take_turn(conversation, settings, backend, tools=tools, stream=stream)
    end: Finished | Interrupted | Failed | None = None
    verdict: Judged | None = None
    async with aclosing(turn) as events:
        async for event in events:
            with _writing():
                if tools and isinstance(event, Finished) and event.message.tool_calls:
                    reader.go_on(event)
                else:
                    reader.take(event)
            if isinstance(event, Finished | Interrupted | Failed):
                end = event
            elif isinstance(event, Judged):
                verdict = event
                if not event.faults or event.next_try:
                    notices.whisper("\n".join(verdict_lines(event)))
    if isinstance(end, Failed):
        raise end.error
    if isinstance(end, Finished):
        if end.metrics.cut_by:
            notices.whisper(room_hint(end.metrics, "-o {name}={value}"))
        if verdict and verdict.faults:
            raise BadAnswer("\n".join(verdict_lines(verdict)))


class TextReader:
    """Writes the answer as it comes, and a line end after it; what goes to a terminal is made harmless."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout
        self._sanitizer = Sanitizer() if stdout.isatty() else None
        self._last = "\n"

    def take(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self._write(self._sanitizer.feed(event.text) if self._sanitizer else event.text)
        elif isinstance(event, Finished | Interrupted | Failed | CallUnreadable):
            self._write(self._sanitizer.flush() if self._sanitizer else "")
            self._write("" if self._last.endswith("\n") else "\n")

    def go_on(self, event: Finished) -> None:
        self.take(event)

    def _write(self, text: str) -> None:
        if text:
            self._stdout.write(text)
            self._stdout.flush()
            self._last = text


class LastTryReader:
    """Holds the events of a try back until it is known to be the last; shows nothing of the others."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._held: list[Callable[[], None]] = []

    def take(self, event: Event) -> None:
        if isinstance(event, Judged) and event.next_try:
            self._held.clear()
            return
        self._held.append(partial(self._reader.take, event))
        if isinstance(event, Judged | Interrupted | Failed):
            for show in self._held:
                show()

    def go_on(self, event: Finished) -> None:
        self._held.append(partial(self._reader.go_on, event))


class JsonReader:
    """Writes one object when the answer is over, however it ended, and judged, if it is to be."""

    def __init__(self, stdout: TextIO, settings: Settings) -> None:
        self._stdout = stdout
        self._settings = settings
        self._end: Finished | None = None
        self._calls: list[dict[str, object]] = []

    def go_on(self, event: Finished) -> None:
        pass

    def take(self, event: Event) -> None:
        if isinstance(event, ToolDone):
            call = event.call
            self._calls.append({"name": call.name, "arguments": call.arguments, "result": event.result})
        elif isinstance(event, Finished) and self._settings.format:
            self._end = event
        elif isinstance(event, Finished | Interrupted | Failed):
            self._write(event)
        elif isinstance(event, Judged) and self._end and not event.next_try:
            self._write(self._end, event)

    def _write(self, end: Finished | Interrupted | Failed, verdict: Judged | None = None) -> None:
        message, metrics = end.message, end.metrics
        _write_line(
            self._stdout,
            {
                "model": metrics.model,
                "content": message.content,
                "thinking": message.thinking,
                "tool_calls": message.tool_calls,
                "tools": self._calls,
                "ending": message.ending,
                "done_reason": metrics.done_reason,
                "error": end.error if isinstance(end, Failed) else None,
                "valid": not verdict.faults if verdict else None,
                "faults": verdict.faults if verdict else (),
                "metrics": _with_rate(metrics),
                "options": self._settings.options,
            },
        )


class EventsReader:
    """Writes every event as a line of JSON; its field `type` names it."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def take(self, event: Event) -> None:
        _write_line(self._stdout, event)

    def go_on(self, event: Finished) -> None:
        self.take(event)


def _reader(output: Output, environment: Environment, settings: Settings, theme: str) -> Reader:
    stdout = environment.stdout
    if output is Output.JSON:
        return JsonReader(stdout, settings)
    if output is Output.EVENTS:
        return EventsReader(stdout)
    reader = _text_reader(output, environment, theme)
    return LastTryReader(reader) if settings.format and settings.format_retries else reader


def _text_reader(output: Output, environment: Environment, theme: str) -> Reader:
    stdout = environment.stdout
    if output is Output.RAW or not stdout.isatty() or is_dumb(environment.variables):
        return TextReader(stdout)
    from ollama_chat_tui.terminal.reader import MarkdownReader  # the renderer, which a pipe does not pay for

    return MarkdownReader(stdout, environment.variables, theme)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise OutputFailed(f"The answer cannot be written: {exc.strerror}.") from exc


def question_text(words: str, stdin: TextIO) -> str:
    """The words, then what stands in standard input.

    Raises:
        UsageError: there is nothing, or it cannot be read.
    """
    try:
        piped = "" if stdin.isatty() else stdin.buffer.read().decode("utf-8", "replace").strip()
    except OSError as exc:
        raise UsageError(f"Standard input cannot be read: {exc.strerror}.") from exc
    text = "\n\n".join(part for part in (words.strip(), piped) if part)
    if not text:
        raise UsageError("There is nothing to ask.", "Give a question as words or through a pipe.")
    return text


def _write_line(stdout: TextIO, value: object) -> None:
    stdout.write(msgspec.json.encode(value, enc_hook=_encode_error).decode() + "\n")
    stdout.flush()


def _encode_error(value: object) -> object:
    if isinstance(value, ChatError):
        return {"kind": type(value).__name__, "sentence": value.sentence, "hint": value.hint}
    raise TypeError(type(value))


def _with_rate(metrics: Metrics) -> dict[str, object]:
    return {**msgspec.structs.asdict(metrics), "tokens_per_s": metrics.tokens_per_s}
