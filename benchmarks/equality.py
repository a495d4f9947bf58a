"""Every document of the tests at every width: is what is left on a strict screen the whole text's rendering?

    python -m benchmarks.equality [--rounds 3] [--seed 0]

Each is cut at other places and shown on a screen of another height in every round. Prints what differs; exit
code 1 if anything does.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from tests.terminal.markdown.corpus import WIDTHS
from tests.terminal.played import HEIGHTS, documents, play, visible_cells, write_whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    theme = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)
    start_s = time.monotonic()
    texts = documents(10_000, arguments.seed)
    played = differing = 0
    for _ in range(arguments.rounds):
        for text in texts:
            for width in WIDTHS:
                lines = rng.choice(HEIGHTS)
                screen = play(text, theme, width, lines, rng)
                played += 1
                if visible_cells(screen) != visible_cells(write_whole(text, theme, width, lines)):
                    differing += 1
                    print(f"{width} x {lines}: {text!a}", flush=True)
    print(f"{len(texts)} documents, {played} played, {differing} differ, {time.monotonic() - start_s:.0f} s")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
