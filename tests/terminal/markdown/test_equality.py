"""A stream leaves the rows of the whole text, and the whole text has the structure markdown-it finds."""

from __future__ import annotations

import random
import re

import pytest

from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from tests.terminal.markdown.corpus import (
    WIDTHS,
    answers,
    extension_examples,
    generated,
    specification_examples,
    streamed,
)
from tests.terminal.markdown.reference import FRAME, reference_rows

PLAIN = make_theme("none")
DARK = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_streamed_rows_are_those_of_the_whole(width: int) -> None:
    rng = random.Random(width)
    documents = [*specification_examples(), *extension_examples(), *answers(), *generated(60)]
    assert len(documents) > 800
    for text in documents:
        whole = render_markdown(text, PLAIN, width)
        assert streamed(text, PLAIN, width, rng) == whole, text
        assert max(map(cells, whole), default=0) <= width, text


@pytest.mark.parametrize("text", answers())
def test_colours_and_links_are_those_of_the_whole_too(text: str) -> None:
    rng = random.Random(1)
    for width in WIDTHS:
        assert streamed(text, DARK, width, rng) == render_markdown(text, DARK, width)


def test_one_character_at_a_time_with_a_frame_after_each() -> None:
    for text in answers():
        rng = random.Random(2)
        rng.choice = lambda options: options[0]  # type: ignore[method-assign,assignment]
        rng.random = lambda: 0.0  # type: ignore[method-assign]
        assert streamed(text[:1500], PLAIN, 40, rng) == render_markdown(text[:1500], PLAIN, 40)


# Where this renderer differs from markdown-it on purpose: see docs/rendering.md, "Tables".
DIFFERENT = {
    "-   foo|foo\n---|---\nbar|bar\n": "what begins a list is one",
    "# | 1 | 2\n--|--|--\nx | `\\` | `x`\n": "what begins a heading is one",
    "# | 1 | 2\n--|--|--\nx | \\`\\` | `x`\n": "what begins a heading is one",
    "| Heading 1 | Heading 2\n| --------- | ---------\n| `Cell\\|1` | Cell 2\n| `Cell|3` | Cell 4\n": "kept",
    "| 1 | 2 |\n| :-----: |  :-----: |\n| 3 | 4 | 5 | 6 |\n": "cells beyond the header are kept",
    "| abc | def |\n| --- | --- |\n| bar |\n| bar | baz | boo |\n": "cells beyond the header are kept",
}
STRUCTURES = [
    text
    for text in [*specification_examples(), *extension_examples()]
    # Definitions are shown, and count only from where they stand.
    if "]:" not in text and text not in DIFFERENT
]


@pytest.mark.parametrize("text", STRUCTURES, ids=range(len(STRUCTURES)))
def test_blocks_are_those_markdown_it_finds(text: str) -> None:
    assert len(STRUCTURES) > 700
    assert comparable(render_markdown(text, PLAIN, 2000)) == comparable(reference_rows(text))


def comparable(rows: list[str]) -> list[str]:
    """Take off what the two may differ in: blank rows, padding of cells, the frames of code."""
    result = []
    for row in rows:
        clean = row.replace("\xa0", "_").expandtabs(4)
        if clean.strip(" ▌"):
            clean = re.sub("─ .* ─+$|─[─┼]*$", FRAME, clean)
            clean = clean.lstrip() if " │ " in clean else clean
            result.append(re.sub(r"(?<=\S) +", " ", clean).rstrip())
    return result
