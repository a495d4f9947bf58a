"""Random bytes on their way to the terminal: no control byte of theirs may arrive, no row may be too wide.

    python -m benchmarks.fuzzing [--count 1000000] [--seed 0] [--pairs]

Every text goes through the renderer in two pieces, and in up to four through one of the other ways in turn:
reasoning, plain turns, tools, errors, names, typed text, stored sessions. With --pairs the texts are ESC
before each two bytes, through all ways.

Bytes are read as UTF-8 where they are, the rest as C0, C1 and Latin-1, which is worse than anything a decoder
lets through; half of them are drawn from what drives terminals and Markdown. Prints what it found; exit code
1 if there was anything.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections.abc import Iterator

from ollama_chat_tui.terminal.markdown import MarkdownStream, render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from tests.terminal.whole_path import SOURCES, foreign_control

_PARTS = [
    *(bytes([byte]) for byte in b"\x00\x07\x08\r\x1b\x7f\n\n\n  \t`*_~[]()<>#-+|$\\!&:;1.abc"),
    *(
        text.encode()
        for text in ("\x85", "\x90", "\x9b", "\x9d", "\u202e", "\u200d", "\ufeff", "中", "👩🏽", "\u0301")
    ),
    *(
        b"```",
        b"\n- ",
        b"\n> ",
        b"| a | b |\n|---|---|\n",
        b"\x1b]8;;",
        b"\x1b[2J",
        b"&#x202e;",
        b"](http://a.b/)",
        b"$$",
    ),
]
_OURS = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;(?:(?:https?://|mailto:)[!-~]+)?\x1b\\")
_FOREIGN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b\ufeff\ud800-\udfff]")
_THEME = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)
_WAYS = [[source] for source in SOURCES]


def hostile(rng: random.Random) -> str:
    """Return a text of random bytes."""
    length = rng.randint(1, 60)
    if rng.random() < 0.5:
        return rng.randbytes(length).decode("latin-1")
    return b"".join(rng.choices(_PARTS, k=length)).decode("utf-8", "replace")


def fault(text: str, width: int, rng: random.Random) -> str:
    """Return what is wrong with the rows of a text, or nothing."""
    stream = MarkdownStream(_THEME, width)
    cut = rng.randint(0, len(text))
    stream.feed(text[:cut])
    frame = stream.render()
    stream.feed(text[cut:])
    rows = frame.finished + stream.finish().finished
    if rows != render_markdown(text, _THEME, width):
        return "differs from the whole"
    for row in [*frame.tail, *rows]:
        shown = _OURS.sub("", row)
        if _FOREIGN.search(shown):
            return "control byte"
        if cells(shown) > width:
            return "too wide"
    return ""


def random_faults(count: int, rng: random.Random) -> Iterator[str]:
    """Yield what is wrong with random texts."""
    for number in range(count):
        text, width = hostile(rng), rng.randint(20, 100)
        if found := fault(text, width, rng):
            yield f"{found} {width} {text!a}"
        way = _WAYS[number % len(_WAYS)]
        if foreign_control(_cut(text, rng), way):
            yield f"control byte, {way[0]}: {text!a}"


def pair_faults(rng: random.Random) -> Iterator[str]:
    """Yield what is wrong with ESC before each two bytes."""
    for first in range(256):
        for second in range(256):
            text = f"\x1b{chr(first)}{chr(second)}"
            if fault(text, 40, rng) or foreign_control(_cut(text, rng)):
                yield ascii(text)


def _cut(text: str, rng: random.Random) -> list[str]:
    places = sorted(rng.choices(range(len(text) + 1), k=rng.randint(0, 3)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pairs", action="store_true")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    start = time.monotonic()
    faults = 0
    for found in pair_faults(rng) if arguments.pairs else random_faults(arguments.count, rng):
        faults += 1
        print(found, flush=True)
    count = 256 * 256 if arguments.pairs else arguments.count
    print(f"{count} texts, {faults} faults, {time.monotonic() - start:.0f} s")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
