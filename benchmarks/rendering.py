"""What rendering an answer costs: this renderer against plain text, rich's Live, and rendering all again.

    python -m benchmarks.rendering [--tokens 1000 4000 16000 64000] [--constructs mixed fence …] [--live 4000]

CPU seconds of this process, each the best of the repeats, and as ratios to the plain writing of the same
text in the same run: seconds of two machines cannot be compared, ratios can. The clock is virtual: at 100
tokens/s and 25 frames/s a frame comes every 4 tokens, whatever it costs.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown

from benchmarks.corpus import CONSTRUCTS, answer, tokens_of
from ollama_chat_tui.terminal.markdown import MarkdownStream, preload
from ollama_chat_tui.terminal.theme import make_theme

WIDTH, HEIGHT = 100, 30
TOKENS_PER_S = 100
THEME = make_theme("dark")


def write_plain(tokens: Sequence[str]) -> None:
    out = io.StringIO()
    for token in tokens:
        out.write(token)
        out.flush()


def stream_at_once(tokens: Sequence[str]) -> None:
    """As fast as possible: the text is there before the next frame is due."""
    stream = MarkdownStream(THEME, WIDTH)
    out = io.StringIO()
    for place in range(0, len(tokens), 1000):
        for token in tokens[place : place + 1000]:
            stream.feed(token)
        out.writelines(stream.render().finished)
    out.writelines(stream.finish().finished)


def stream_with_frames(tokens: Sequence[str], frames_per_s: int = 25) -> None:
    stream = MarkdownStream(THEME, WIDTH)
    out = io.StringIO()
    for number, token in enumerate(tokens):
        stream.feed(token)
        if number % (TOKENS_PER_S // frames_per_s) == 0:
            frame = stream.render()
            out.writelines(frame.finished)
            out.writelines(frame.tail)
    out.writelines(stream.finish().finished)


def live(tokens: Sequence[str], frames_per_s: int = 10) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=WIDTH, height=HEIGHT)
    text = ""
    with Live(console=console, auto_refresh=False) as display:
        for number, token in enumerate(tokens):
            text += token
            if number % (TOKENS_PER_S // frames_per_s) == 0:
                display.update(Markdown(text), refresh=True)
        display.update(Markdown(text), refresh=True)


def live_per_token(tokens: Sequence[str]) -> None:
    live(tokens, TOKENS_PER_S)


def measure(method: Callable[[Sequence[str]], None], tokens: Sequence[str], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        method(tokens)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, nargs="+", default=[1000, 4000, 16000, 64000])
    parser.add_argument("--constructs", nargs="+", default=list(CONSTRUCTS), choices=list(CONSTRUCTS))
    parser.add_argument("--live", type=int, default=1000, help="run rich's Live up to so many tokens")
    arguments = parser.parse_args()
    preload()
    stream_at_once(tokens_of(answer("mixed", 2000)))
    print(f"{'':12}{'tokens':>8}{'plain s':>9}{'at once s':>11}{'ratio':>7}", end="")
    print(
        f"{'100 tok/s s':>13}{'ratio':>7}{'% of core':>11}{'ms/1k tok':>11}{'Live s':>9}{'per token s':>13}"
    )
    for construct in arguments.constructs:
        for count in arguments.tokens:
            print_line(construct, count, with_live=count <= arguments.live)


def print_line(construct: str, count: int, *, with_live: bool) -> None:
    tokens = tokens_of(answer(construct, count))
    repeats = 5 if count <= 4000 else 2
    plain = measure(write_plain, tokens, 5)
    at_once = measure(stream_at_once, tokens, repeats)
    framed = measure(stream_with_frames, tokens, repeats)
    seconds = len(tokens) / TOKENS_PER_S
    print(f"{construct:12}{len(tokens):8}{plain:9.4f}{at_once:11.3f}{at_once / plain:7.0f}", end="")
    print(f"{framed:13.3f}{framed / plain:7.0f}{100 * framed / seconds:11.2f}", end="")
    print(f"{1e6 * framed / len(tokens):11.1f}", end="")
    if with_live:
        print(f"{measure(live, tokens, 1):9.2f}", end="", flush=True)
    if with_live and count <= 1000:
        print(f"{measure(live_per_token, tokens, 1):13.2f}", end="")
    print(flush=True)


if __name__ == "__main__":
    main()
