"""What an answer on the screen costs, against plain text, rich's Live, and rendering all again.

    python -m benchmarks.rendering [--tokens 1000 4000 …] [--constructs mixed …] [--live 16000] [--sampled]

CPU seconds of this process, which writes into a pty of 100 x 30 that another process reads, each the best
of the repeats; and as ratios to the plain writing of the same text in the same run, since seconds of two
machines cannot be compared. The clock is virtual: at 100 tokens/s and 25 frames/s a frame comes every 4
tokens, whatever it costs. With --real-time the whole drawer runs, event loop and all, for so many seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from prompt_toolkit.input import create_pipe_input
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown

from benchmarks.corpus import CONSTRUCTS, answer, tokens_of
from benchmarks.sink import drained_pty
from ollama_chat_tui.chat.events import TextDelta
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.drawer import AnswerDrawer, Tty
from ollama_chat_tui.terminal.markdown import preload
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.region import LiveRegion
from ollama_chat_tui.terminal.theme import make_theme

WIDTH, HEIGHT = 100, 30
SIZE = os.terminal_size((WIDTH, HEIGHT))
TOKENS_PER_S = 100
SAMPLED_FRAMES = 50
THEME = make_theme("dark", hyperlinks=True)

HEADER = (
    f"{'':12}{'tokens':>8}{'plain s':>9}{'at once s':>11}{'ratio':>7}{'100 tok/s s':>13}{'ratio':>7}"
    f"{'% of core':>11}{'ms/1k tok':>11}{'memory':>8}{'allocated':>11}"
    f"{'Live s':>9}{'ratio':>7}{'per token s':>13}{'ratio':>7}"
)

Method = Callable[[Sequence[str], TextIO], None]


def write_plain(tokens: Sequence[str], out: TextIO) -> None:
    for token in tokens:
        out.write(token)
        out.flush()


def new_rows() -> TurnRows:
    return TurnRows(THEME, WIDTH, lambda: ThinkingView.FOLD)


def draw(rows: TurnRows, region: LiveRegion) -> None:
    frame = rows.render()
    live = [*frame.tail, rows.status(), "› typed"]
    region.draw(frame.finished, live, (len(live) - 1, 7))


def finish(rows: TurnRows, region: LiveRegion) -> None:
    region.draw(rows.finish().finished, [])
    region.close()


def stream(tokens: Sequence[str], out: TextIO, tokens_per_frame: int) -> None:
    rows, region = new_rows(), LiveRegion(out, SIZE)
    for number, token in enumerate(tokens):
        rows.take(TextDelta(token))
        if number % tokens_per_frame == 0:
            draw(rows, region)
    finish(rows, region)


def at_once(tokens: Sequence[str], out: TextIO) -> None:
    """As fast as possible: the text is there before the next frame is due."""
    stream(tokens, out, 1000)


def with_frames(tokens: Sequence[str], out: TextIO) -> None:
    """At 100 tokens/s and 25 frames/s."""
    stream(tokens, out, TOKENS_PER_S // 25)


def live(tokens: Sequence[str], out: TextIO, frames_per_s: int = 10, every: int = 1) -> None:
    """Render all again for each frame, or for one of so many."""
    console = Console(file=out, force_terminal=True, width=WIDTH, height=HEIGHT)
    text, step = "", every * TOKENS_PER_S // frames_per_s
    with Live(console=console, auto_refresh=False) as display:
        for number, token in enumerate(tokens):
            text += token
            if number % step == step // 2:
                display.update(Markdown(text), refresh=True)
        if every == 1:
            display.update(Markdown(text), refresh=True)


def live_cost(tokens: Sequence[str], frames_per_s: int, *, whole: bool) -> float:
    """Return the CPU seconds of rendering all again, or an estimate from some of its frames.


    No frame builds upon another, so those left out cost what their neighbours do.
    """
    frames = len(tokens) * frames_per_s // TOKENS_PER_S
    every = 1 if whole else max(1, frames // SAMPLED_FRAMES)
    return every * measure(lambda tokens, out: live(tokens, out, frames_per_s, every), tokens, 1)


def measure(method: Method, tokens: Sequence[str], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        with drained_pty(WIDTH, HEIGHT) as out:
            start = time.process_time()
            method(tokens, out)
            best = min(best, time.process_time() - start)
    return best


def allocated(tokens: Sequence[str]) -> float:
    """Return how much Python had allocated at once, as a multiple of the answer's size."""
    with drained_pty(WIDTH, HEIGHT) as out:
        tracemalloc.start()
        at_once(tokens, out)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / sum(map(len, tokens))


def growth(construct: str, count: int) -> float:
    """Return by how much a process grew at most, as a multiple of the answer's size.

    A process of its own, which has shown answers of other texts before: what is built once is there.
    """
    command = [sys.executable, "-m", "benchmarks.rendering", "--grow", construct, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def grow(construct: str, count: int) -> None:
    """Print what `growth` asks for; only Linux tells."""
    preload()
    tokens = tokens_of(answer(construct, count))
    with drained_pty(WIDTH, HEIGHT) as out:
        for earlier in ("mixed", construct):
            at_once(tokens_of(answer(earlier, 2000, "earlier")), out)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before_kb = resident_peak_kb()
        at_once(tokens, out)
        print(1024 * (resident_peak_kb() - before_kb) / sum(map(len, tokens)))


def resident_peak_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def share_of_core(seconds: float) -> float:
    """Return the share that the whole drawer takes in real time, at 100 tokens/s."""
    tokens = tokens_of(answer("mixed", int(seconds * TOKENS_PER_S)))

    async def show(out: TextIO) -> float:
        rows = new_rows()
        with create_pipe_input() as keyboard:
            async with AnswerDrawer(
                Tty(out, keyboard, lambda: SIZE), rows, rows.status, lambda: None
            ) as drawer:
                start_s, cpu_s = time.monotonic(), time.process_time()
                for number, token in enumerate(tokens):
                    rows.take(TextDelta(token))
                    drawer.touch()
                    await asyncio.sleep(start_s + (number + 1) / TOKENS_PER_S - time.monotonic())
                return (time.process_time() - cpu_s) / (time.monotonic() - start_s)

    with drained_pty(WIDTH, HEIGHT) as out:
        return asyncio.run(show(out))


def python_start() -> float:
    """Return the CPU seconds of `python -c pass`: what a second is worth on this machine."""
    best = float("inf")
    for _ in range(10):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, nargs="+", default=[1000, 4000, 16000, 64000])
    parser.add_argument("--constructs", nargs="+", default=list(CONSTRUCTS), choices=list(CONSTRUCTS))
    parser.add_argument("--live", type=int, default=1000, help="run rich's Live whole up to so many tokens")
    parser.add_argument(
        "--per-token", type=int, default=1000, help="render all again per token up to so many"
    )
    parser.add_argument("--sampled", action="store_true", help="beyond that, estimate from some frames: ~")
    parser.add_argument("--grow", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--real-time", type=float, default=0, help="run the whole drawer for so many seconds")
    arguments = parser.parse_args()
    if arguments.grow:
        grow(arguments.grow[0], int(arguments.grow[1]))
        return
    preload()
    with drained_pty(WIDTH, HEIGHT) as out:
        at_once(tokens_of(answer("mixed", 2000)), out)
    print(f"python -c pass: {1000 * python_start():.0f} ms of CPU")
    if arguments.real_time:
        share = share_of_core(arguments.real_time)
        print(f"the whole drawer, {arguments.real_time:.0f} s at 100 tokens/s: {100 * share:.2f} % of a core")
    print(HEADER)
    for construct in arguments.constructs:
        costs = [print_line(construct, count, arguments) for count in arguments.tokens]
        print(f"{construct:12}ms per 1,000 tokens, last to first: {costs[-1] / costs[0]:.2f}", flush=True)


def print_line(construct: str, count: int, arguments: argparse.Namespace) -> float:
    """Print one row, and return the CPU milliseconds of 1,000 tokens at 100 tokens/s."""
    tokens = tokens_of(answer(construct, count))
    repeats = 5 if count <= 4000 else 2
    plain = measure(write_plain, tokens, repeats)
    at_a_go = measure(at_once, tokens, repeats)
    framed = measure(with_frames, tokens, repeats)
    ms_per_1k = 1e6 * framed / len(tokens)
    print(f"{construct:12}{len(tokens):8}{plain:9.4f}{at_a_go:11.3f}{at_a_go / plain:7.1f}", end="")
    print(f"{framed:13.3f}{framed / plain:7.1f}{100 * framed * TOKENS_PER_S / len(tokens):11.2f}", end="")
    print(f"{ms_per_1k:11.1f}{growth(construct, count):8.2f}{allocated(tokens):11.2f}", end="", flush=True)
    for most, frames_per_s, width in ((arguments.live, 10, 9), (arguments.per_token, TOKENS_PER_S, 13)):
        whole = count <= most
        if whole or arguments.sampled:
            taken = live_cost(tokens, frames_per_s, whole=whole)
            print(f"{'' if whole else '~'}{taken:.2f}".rjust(width), end="")
            print(f"{taken / framed:7.0f}", end="", flush=True)
    print(flush=True)
    return ms_per_1k


if __name__ == "__main__":
    main()
