"""Plays the documents named on the command line to the terminal it runs in, then says BYE."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from ollama_chat_tui.chat.events import TextDelta
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.region import LiveRegion
from ollama_chat_tui.terminal.theme import make_theme
from tests.terminal.played import pieces


def play(text: str, rng: random.Random) -> None:
    size = os.get_terminal_size(1)
    region = LiveRegion(sys.stdout, size)
    rows = TurnRows(make_theme("dark"), size.columns, lambda: ThinkingView.FOLD)
    for piece in pieces(text, rng):
        rows.take(TextDelta(piece))
        frame = rows.render()
        live = [*frame.tail, rows.status(), "› typed"]
        region.draw(frame.finished, live, (len(live) - 1, 7))
    region.draw(rows.finish().finished, [])
    region.close()


if __name__ == "__main__":
    for name in sys.argv[1:]:
        play(Path(name).read_text("utf-8"), random.Random(name))
    print("BYE", flush=True)  # noqa: T201
