"""A turn on the screen: events in; rows, a status row and what was typed meanwhile out.

One reader of the engine's events. It decides how things look and nothing else.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from itertools import islice

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    Event,
    Failed,
    Finished,
    Interrupted,
    JsonDue,
    Judged,
    Metrics,
    Phase,
    TextDelta,
    ThinkingDelta,
    ToolAsked,
    ToolDone,
    ToolStarted,
    Waiting,
)
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.terminal.drawer import AnswerDrawer, Tty
from ollama_chat_tui.terminal.fill import Gutter, WordFill
from ollama_chat_tui.terminal.frame import Frame
from ollama_chat_tui.terminal.json_stream import JsonStream
from ollama_chat_tui.terminal.markdown.stream import MarkdownStream, render_markdown
from ollama_chat_tui.terminal.reasoning import ReasoningRows, ThinkingView
from ollama_chat_tui.terminal.replay import BROKEN_OFF, STOPPED, replayed_rows
from ollama_chat_tui.terminal.rows import ansi_row, shortened
from ollama_chat_tui.terminal.sanitize import sanitize_line
from ollama_chat_tui.terminal.theme import PLAIN, Theme
from ollama_chat_tui.terminal.tool_lines import asked_line, done_line
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.verdict import room_hint, verdict_lines

End = Finished | Interrupted | Failed

REPLAYED_TURNS = 3
SET_OPTION = "/set {name} {value}"
SLOW_CALL_S = 0.1
MOST_RUNNING = 5
UNREADABLE_CALL = "The model called a tool in a way that cannot be read; it is told so."


class AnswerScreen:
    """Shows turns on a terminal."""

    def __init__(self, tty: Tty, theme: Theme, view: Callable[[], ThinkingView]) -> None:
        """Ask `view` how reasoning is to be shown whenever some begins."""
        self._tty = tty
        self._theme = theme
        self._view = view
        self._showing: tuple[TurnRows, AnswerDrawer] | None = None

    def say(self, text: str) -> bool:
        """Put lines of our own between the rows of the answer that is being shown; False when none is."""
        if self._showing is None:
            return False
        rows, drawer = self._showing
        rows.add(text.splitlines())
        drawer.touch()
        return True

    def replayed(self, conversation: Conversation, pictures: Mapping[str, str]) -> str:
        """The last turns of a conversation as they looked, as lines; with pictures of images by SHA-256."""
        width = self._tty.size().columns
        turns, view = REPLAYED_TURNS, self._view()
        rows = replayed_rows(conversation, self._theme, width, turns=turns, view=view, pictures=pictures)
        return "".join(f"{row}\n" for row in rows)

    def rendered(self, markdown: str) -> str:
        """Markdown of our own as rows for this terminal."""
        return "\n".join(render_markdown(markdown, self._theme, self._tty.size().columns))

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Leave the terminal to a question while a turn goes on."""
        if self._showing is None:
            yield
            return
        _, drawer = self._showing
        async with drawer.aside():
            yield

    async def show(self, turn: AsyncGenerator[Event, None], typed: TypeAhead) -> End | None:
        """Show a turn until it ends, and return its last event; Esc and Ctrl-C stop it.

        What is typed meanwhile is in `typed` afterwards.
        """
        rows = TurnRows(self._theme, self._tty.size().columns, self._view)
        rows.add([""])  # a heading must not stick to the question
        try:
            # Ctrl-C is a key here; the signal comes from elsewhere and means the same.
            with cancelled_by_ctrl_c() as interruption:
                async with AnswerDrawer(self._tty, rows, rows.status, interruption.press, typed) as drawer:
                    self._showing = rows, drawer
                    async with aclosing(turn) as events:
                        async for event in events:
                            rows.take(event)
                            drawer.touch()
        except asyncio.CancelledError:
            interruption.absorb()
        finally:
            self._showing = None
        return rows.end


class TurnRows:
    """The rows of one turn: reasoning, answer, and how it ended. Fits `RowSource`."""

    def __init__(self, theme: Theme, width: int, view: Callable[[], ThinkingView]) -> None:
        self.end: End | None = None
        self._theme = theme
        self._width = width
        self._view = view
        self._finished: list[str] = []
        self._running: dict[int, tuple[str, float]] = {}
        self._reasoning: ReasoningRows | None = None
        self._answer: MarkdownStream | None = None
        self._is_json = False
        self._phase = "waiting"
        self._tokens = 0
        self._began = self._phase_began = time.monotonic()

    def take(self, event: Event) -> None:
        """Note what happened; drawing comes later."""
        match event:
            case Waiting(phase):
                self._enter("writing" if phase is Phase.ANSWERING else phase.value)
            case ThinkingDelta(text):
                self._think(text)
            case TextDelta(text):
                self._write(text)
            case ToolAsked() | ToolStarted() | ToolDone() | CallUnreadable():
                self._take_call(event)
            case JsonDue():
                self._is_json = True
            case Judged():
                self._finished += [*self._verdict(event), ""]
                self._enter("waiting")
            case Finished() | Interrupted() | Failed():
                self._close()
                self.end = event
                is_finished, line = isinstance(event, Finished), closing_line(event)
                if is_finished or line:
                    self._finished += [self._dim(line), *([] if is_finished and self._is_json else [""])]

    def _take_call(self, event: ToolAsked | ToolStarted | ToolDone | CallUnreadable) -> None:
        match event:
            case ToolAsked(call, number):
                self._close()
                self._finished.append(self._dim(asked_line(call, number)))
                self._enter("asking")
            case ToolStarted(call, number):
                self._running[number] = sanitize_line(call.name), time.monotonic()
                self._enter("running")
            case ToolDone(_, result, seconds, number):
                self._running.pop(number, None)
                took = f" · {seconds:.1f} s" if seconds >= SLOW_CALL_S else ""
                self._finished += [self._dim(done_line(result, number) + took), ""]
                self._enter("running" if self._running else "waiting")
            case CallUnreadable():
                self._close()
                self._finished += [self._dim(UNREADABLE_CALL), ""]

    def add(self, rows: list[str]) -> None:
        """Add finished rows that are not the model's; styled, and made harmless by who made them."""
        self._finished += rows

    def status(self, hint: str = "Esc stops") -> str:
        """What happens, for how long, how fast, and how to stop it: a row, or one for each running call."""
        lines = self._calls() if self._running else [self._progress()]
        lines[-1] += f" · {hint}"
        return "\n".join(map(self._dim, lines))

    def _calls(self) -> list[str]:
        now, lines = time.monotonic(), list[str]()
        for number, (name, began) in islice(self._running.items(), MOST_RUNNING):
            seconds = f" {now - began:.0f} s"
            lines.append(shortened(f"{number} running {name}", self._width - len(seconds)) + seconds)
        more = len(self._running) - len(lines)
        return [*lines, f"and {more} more"] if more else lines

    def _progress(self) -> str:
        elapsed_s = time.monotonic() - self._phase_began
        parts = [f"{self._phase} {elapsed_s:.0f} s"]
        if self._tokens:
            parts.append(f"{self._tokens} tokens")
            if elapsed_s >= 1:
                parts.append(f"{self._tokens / elapsed_s:.0f}/s")
        return " · ".join(parts)

    def render(self) -> Frame:
        finished, self._finished = self._finished, []
        live = self._reasoning or self._answer
        if live is None:
            return Frame(finished, [])
        frame = live.render()
        return Frame(finished + frame.finished, frame.tail)

    def finish(self) -> Frame:
        self._close()
        finished, self._finished = self._finished, []
        return Frame(finished, [])

    def resize(self, width: int) -> None:
        self._width = width
        if live := self._reasoning or self._answer:
            live.resize(width)

    def _think(self, text: str) -> None:
        if self._reasoning is None:
            self._close()
            self._reasoning = ReasoningRows(self._theme, self._width, self._view())
            self._enter("thinking")
        self._tokens += 1
        self._reasoning.feed(text)

    def _write(self, text: str) -> None:
        if self._answer is None:
            self._close()
            self._answer = (JsonStream if self._is_json else MarkdownStream)(self._theme, self._width)
            self._enter("writing")
        self._tokens += 1
        self._answer.feed(text)

    def _close(self) -> None:
        if self._reasoning:
            self._finished += self._reasoning.finish(time.monotonic() - self._phase_began)
            self._reasoning = None
        if self._answer:
            self._finished += self._answer.finish().finished
            self._answer = None

    def _verdict(self, verdict: Judged) -> list[str]:
        rows: list[str] = []
        mark, *lines = verdict_lines(verdict)
        if self.end and verdict.faults:
            lines += filter(None, [room_hint(self.end.metrics, SET_OPTION)])
        for number, line in enumerate([mark, *lines]):
            text = line.lstrip()
            indent, deeper = line[: len(line) - len(text)], " " * 4
            gutter = Gutter(((indent, PLAIN),), ((deeper, PLAIN),), max(1, self._width - len(deeper)))
            ink = self._theme.ink("dim" if number else "bad" if verdict.faults else "good")
            fill = WordFill(gutter, rows)
            fill.feed([(text, ink)])
            fill.close()
        return rows

    def _enter(self, phase: str) -> None:
        if phase != self._phase:
            self._phase, self._phase_began = phase, time.monotonic()
            self._tokens = 0

    def _dim(self, text: str) -> str:
        return ansi_row([(shortened(text, self._width), self._theme.ink("dim"))])


def closing_line(end: End) -> str:
    """How a turn ended, and what it cost; empty where nothing had begun that could break off."""
    words = STOPPED if isinstance(end, Interrupted) else None
    if isinstance(end, Failed) and (end.message.content or end.message.thinking):
        words = BROKEN_OFF
    cut = f"cut by {end.metrics.cut_by}" if end.metrics.cut_by else None
    return " · ".join(part for part in (words, cut, *describe(end.metrics)) if part)


def describe(metrics: Metrics) -> list[str]:
    """The figures of an answer that are known."""
    parts = []
    if metrics.answer_tokens is not None:
        parts.append(f"{metrics.answer_tokens} tokens")
    if metrics.tokens_per_s is not None:
        parts.append(f"{metrics.tokens_per_s:.1f} tokens/s")
    if metrics.first_token_s is not None:
        parts.append(f"first after {metrics.first_token_s:.2f} s")
    return parts
