"""An answer without a renderer: numbered words, laid out to a width, final from the front."""

from __future__ import annotations

import os
import random

import pyte

from ollama_chat_tui.terminal.frame import Frame
from ollama_chat_tui.terminal.region import LiveRegion
from tests.pty_terminal import StrictScreen

STATUS = "writing · 12 s · Esc stops"
TYPED = "› typed"


class ScriptedAnswer:
    """A `RowSource` over words that are all different, so that a lost or doubled one is seen."""

    def __init__(self, words: list[str], width: int) -> None:
        self.words = words
        self.width = width
        self.given = 0  # words that have arrived
        self.final = 0  # words in finished rows
        self.tail_rows = 12
        self.finished: list[str] = []

    def render(self) -> Frame:
        rows, ends = self._rows(self.words[self.final : self.given])
        done = max(0, len(rows) - self.tail_rows)
        if done:
            self.final += ends[done - 1]
        self.finished += rows[:done]
        return Frame(rows[:done], rows[done:])

    def finish(self) -> Frame:
        rows, _ = self._rows(self.words[self.final : self.given])
        self.final = self.given
        self.finished += rows
        return Frame(rows, [])

    def resize(self, width: int) -> None:
        self.width = width

    def _rows(self, words: list[str]) -> tuple[list[str], list[int]]:
        rows: list[str] = []
        ends: list[int] = []
        for i, word in enumerate(words, 1):
            if rows and len(rows[-1]) + 1 + len(word) <= self.width:
                rows[-1] += " " + word
                ends[-1] = i
            else:
                rows.append(word)
                ends.append(i)
        return rows, ends


class Recorder:
    """An output that keeps every write."""

    def __init__(self, screen: StrictScreen | None = None) -> None:
        self.writes: list[str] = []
        self.stream = pyte.Stream(screen) if screen else None

    def write(self, text: str) -> None:
        self.writes.append(text)
        if self.stream:
            self.stream.feed(text)

    def flush(self) -> None:
        pass


def numbered_words(count: int, rng: random.Random) -> list[str]:
    return [f"{i}{'abcdefghijklmnop'[: rng.randrange(1, 12)]}" for i in range(count)]


class Stage:
    """A region on a strict screen, fed by a scripted answer."""

    def __init__(self, columns: int, lines: int, *, words: list[str], **screen: bool) -> None:
        self.screen = StrictScreen(columns, lines, **screen)
        self.output = Recorder(self.screen)
        self.region = LiveRegion(self.output, os.terminal_size((columns, lines)), reflows=self.screen.reflows)
        self.answer = ScriptedAnswer(words, columns)
        self.live_words = 0  # on the screen when the last resize began

    def frame(self, new_words: int) -> None:
        self.answer.given = min(len(self.answer.words), self.answer.given + new_words)
        if self.answer.width != self.region.size.columns and not self.region.has_spilled:
            self.answer.resize(self.region.size.columns)  # as the drawer does
        frame = self.answer.render()
        live = [*frame.tail, STATUS[: self.screen.columns], TYPED]
        self.region.draw(frame.finished, live, (len(live) - 1, len(TYPED)))

    def resize(self, columns: int, lines: int) -> None:
        self.resize_terminal(columns, lines)
        self.region.resize(os.terminal_size((columns, lines)))

    def resize_terminal(self, columns: int, lines: int) -> None:
        self.live_words = sum(len(row.split()) for row in self.region._rows)
        self.screen.resize(lines, columns)

    def finish(self) -> None:
        self.answer.given = len(self.answer.words)
        self.region.draw(self.answer.finish().finished, [])
        self.region.close()

    def seen_words(self) -> list[str]:
        return " ".join(self.screen.logical_rows()).split()
