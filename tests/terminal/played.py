"""A document played to a strict screen as an answer is, and the same document written in one piece."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

import pyte

from ollama_chat_tui.chat.events import Finished, Metrics, TextDelta
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.region import LiveRegion
from ollama_chat_tui.terminal.theme import Theme
from tests.pty_terminal import StrictScreen
from tests.terminal.markdown.corpus import answers, extension_examples, generated, specification_examples
from tests.terminal.scripted_rows import Recorder

HEIGHTS = range(5, 51)

Cell = tuple[Any, ...]


def documents(count: int, seed: int) -> list[str]:
    """Every real answer and generated ones, filled up with examples of the specifications."""
    rng = random.Random(seed)
    fixed = [*answers(), *generated(40)]
    examples = [*specification_examples(), *extension_examples()]
    return [*fixed, *rng.sample(examples, min(len(examples), count - len(fixed)))]


def pieces(text: str, rng: random.Random) -> Iterator[str]:
    """Cut a text at random places."""
    longest = rng.choice([2, 8, 40, 400])
    start = 0
    while start < len(text):
        end = start + rng.randint(1, longest)
        yield text[start:end]
        start = end


def play(text: str, theme: Theme, columns: int, lines: int, rng: random.Random) -> StrictScreen:
    """Show a text piece by piece, a frame now and then, and return the screen that is left."""
    screen = StrictScreen(columns, lines)
    region = LiveRegion(Recorder(screen), os.terminal_size((columns, lines)))
    rows = TurnRows(theme, columns, lambda: ThinkingView.FOLD)
    for number, piece in enumerate(pieces(text, rng)):
        rows.take(TextDelta(piece))
        if rng.random() < 0.5:
            frame = rows.render()
            live = [*frame.tail, f"writing {number} s", "› typed"]
            region.draw(frame.finished, live, (len(live) - 1, 7))
    rows.take(Finished(Message(Role.ASSISTANT, text), Metrics()))
    region.draw(rows.finish().finished, [])
    region.close()
    return screen


def write_whole(text: str, theme: Theme, columns: int, lines: int) -> StrictScreen:
    """Write the rows of the whole text one after the other, as any program would."""
    screen = StrictScreen(columns, lines)
    stream = pyte.Stream(screen)
    for row in render_markdown(text, theme, columns):
        stream.feed(f"{row}\r\n")
    return screen


def visible_cells(screen: StrictScreen) -> list[list[Cell]]:
    """Scrollback and screen, cell by cell with their styles, without blanks at the ends."""
    blank = tuple(screen.default_char)
    rows = []
    for row in [*screen.history.top, *(screen.buffer[y] for y in range(screen.lines))]:
        cells = [tuple(row[x]) for x in range(max(row, default=-1) + 1)]
        while cells and cells[-1] == blank:
            cells.pop()
        rows.append(cells)
    while rows and not rows[-1]:
        rows.pop()
    return rows
