"""What is left on the screen and in the scrollback is the whole answer rendered at once, cell by cell."""

from __future__ import annotations

import random

import pytest

from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from tests.terminal.markdown.corpus import WIDTHS
from tests.terminal.played import HEIGHTS, documents, play, visible_cells, write_whole

DARK = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)
DOCUMENTS = 320


@pytest.mark.parametrize("width", WIDTHS)
def test_screen_and_scrollback_are_those_of_the_whole(width: int) -> None:
    """Each document at one of the widths; `benchmarks.equality` has them all at all."""
    rng = random.Random(width)
    for text in documents(DOCUMENTS, 0)[WIDTHS.index(width) :: len(WIDTHS)]:
        lines = rng.choice(HEIGHTS)
        whole = write_whole(text, DARK, width, lines)
        assert visible_cells(play(text, DARK, width, lines, rng)) == visible_cells(whole), (lines, text)
