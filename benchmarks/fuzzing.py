"""Random bytes on their way to the terminal: no control byte of theirs may arrive, no row may be too wide.

    python -m benchmarks.fuzzing [--count 1000000] [--seed 0]

Every text goes through the renderer; every tenth through reasoning, errors, names, typed and plain text.

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

from ollama_chat_tui.terminal.markdown import MarkdownStream, render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from tests.terminal.whole_path import foreign_control

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    start = time.monotonic()
    faults = 0
    for number in range(arguments.count):
        text, width = hostile(rng), rng.randint(20, 100)
        cut = rng.randint(0, len(text))
        found = fault(text, width, rng)
        if not found and number % 10 == 0 and foreign_control([text[:cut], text[cut:]]):
            found = "control byte elsewhere"
        if found:
            faults += 1
            print(found, width, ascii(text))
    print(f"{arguments.count} texts, {faults} faults, {time.monotonic() - start:.0f} s")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
