"""The documents the renderer is tested on, and how they are cut into chunks."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from ollama_chat_tui.terminal.markdown import MarkdownStream
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import Theme

CORPUS = Path(__file__).parents[1] / "corpus"
WIDTHS = (20, 40, 80, 100, 200)


def specification_examples() -> list[str]:
    """The examples of the CommonMark specification."""
    return [example["markdown"] for example in _load("commonmark-0.31.2.json")]


def extension_examples() -> list[str]:
    """Examples of what GFM adds."""
    return [example["markdown"] for example in _load("markdown-it.json")]


def answers() -> list[str]:
    """Answers in the style of models."""
    return [path.read_text("utf-8") for path in sorted(CORPUS.glob("answers/*.md"))]


def generated(count: int) -> Iterator[str]:
    """Documents put together from the others, some of their words made long."""
    rng = random.Random(4)
    parts = [*specification_examples(), *extension_examples(), *answers()]
    for _ in range(count):
        text = rng.choice(["\n", "\n\n"]).join(rng.choices(parts, k=rng.randint(2, 5)))
        if rng.random() < 0.4:
            text = text.replace(" ", " word" * rng.randint(1, 60) + " ", 3)
        yield text


def streamed(text: str, theme: Theme, width: int, rng: random.Random) -> list[str]:
    """Render a text in random chunks with a frame now and then, and check each tail on the way."""
    tail_rows = rng.choice([3, 5, 12])
    stream = MarkdownStream(theme, width, tail_rows=tail_rows)
    rows: list[str] = []
    longest = rng.choice([1, 4, 20, 300])
    start = 0
    while start < len(text):
        size = rng.randint(1, longest)
        stream.feed(text[start : start + size])
        start += size
        if rng.random() < 0.6:
            frame = stream.render()
            rows += frame.finished
            assert len(frame.tail) <= tail_rows
            if theme.name == "none":
                assert all(cells(row) <= width for row in frame.tail)
    return rows + stream.finish().finished


def _load(name: str) -> list[dict[str, str]]:
    loaded: list[dict[str, str]] = json.loads((CORPUS / name).read_text("utf-8"))
    return loaded
