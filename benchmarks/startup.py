"""How long until one can type, against what Python and the libraries cost alone; idleness and memory.

    python -m benchmarks.startup [--runs 15] [--idle-s 60] [--official PYTHON]

All commands take turns, so that a machine that slows down slows them all; minimum and median are printed, and
the ratio of the medians. The chat talks to a server with 200 models, which it lists while keys are typed.
`--official` names a Python that has the `ollama` package. Linux only.
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.scripted_replies import installed
from tests.scripted_server import ScriptedServer

LIBRARIES = "import typer, rich.console, prompt_toolkit, httpx"
IMPORTS = "import typer, rich, prompt_toolkit, httpx"
CHAT = [sys.executable, "-m", "ollama_chat_tui"]
ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62c"}
"""What a terminal says when it is asked for the cursor, and for what it is."""
MARK = b">>> "
REAL_PROMPT = b"\x1b[?2004h"
"""prompt_toolkit asks for pastes in brackets when it draws."""
MODELS = 200
KEYS = "@" + "".join(map(chr, [*range(0x3B1, 0x3CA), *range(0x410, 0x450), *range(0x561, 0x587)]))
"""Each is pressed once, and stands in no escape sequence and in nothing the program says."""
CHAT_TIMES = ("prompt seen", "key echoed (typed at once)", "prompt drawn by prompt_toolkit")
BUSY_KEYS, BETWEEN_KEYS_S = 60, 0.01
"""While they are typed, the rest is imported, and the models are listed and loaded."""


@dataclass
class Terminal:
    """The chat in a pty, read as bytes."""

    home: str
    host: str
    output: bytes = b""
    began_s: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (24, 80))
        variables = {
            "HOME": self.home,
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "OLLAMA_HOST": self.host,
        }
        self.process = subprocess.Popen(
            CHAT, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
        )
        self.keys = iter(KEYS)
        os.close(slave)

    def since_start_s(self) -> float:
        return time.perf_counter() - self.began_s

    def read_until(self, mark: bytes, after: int = 0) -> float:
        """Read until `mark` is there; returns seconds since the start of the process."""
        while mark not in self.output[after:]:
            self.read(10)
        return self.since_start_s()

    def read(self, timeout_s: float) -> int:
        """Read what is there within a time, answering as a terminal does; returns the number of bytes."""
        if not select.select([self.master], [], [], timeout_s)[0]:
            return 0
        data = os.read(self.master, 65536)
        for question, answer in ANSWERS.items():
            os.write(self.master, answer * data.count(question))
        self.output += data
        return len(data)

    def echo_s(self) -> float:
        """Seconds from a key to its echo."""
        began_s, place, key = time.perf_counter(), len(self.output), next(self.keys).encode()
        os.write(self.master, key)
        self.read_until(key, place)
        return time.perf_counter() - began_s

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def settle(self) -> None:
        """Read until nothing has come for a while."""
        while self.read(2):
            pass

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


@dataclass
class Figures:
    """What was measured over all runs."""

    seconds: dict[str, list[float]]
    busy_echoes: list[float] = field(default_factory=list)
    idle_echoes: list[float] = field(default_factory=list)
    prompt_mb: list[float] = field(default_factory=list)
    idle_mb: list[float] = field(default_factory=list)


def time_command(argv: list[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def time_chat(home: str, host: str, figures: Figures) -> None:
    """Type as soon as the mark is seen, go on while everything else is loaded, and when all is quiet."""
    terminal = Terminal(home, host)
    figures.seconds["prompt seen"].append(terminal.read_until(MARK))
    terminal.echo_s()
    figures.seconds["key echoed (typed at once)"].append(terminal.since_start_s())
    figures.seconds["prompt drawn by prompt_toolkit"].append(terminal.read_until(REAL_PROMPT))
    figures.prompt_mb.append(terminal.memory_mb())
    for _ in range(BUSY_KEYS):
        figures.busy_echoes.append(terminal.echo_s())
        terminal.read(BETWEEN_KEYS_S)
    terminal.settle()
    figures.idle_mb.append(terminal.memory_mb())
    figures.idle_echoes += [terminal.echo_s() for _ in range(20)]
    terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--idle-s", type=float, default=60)
    parser.add_argument("--official", default="")
    arguments = parser.parse_args()
    commands = {"python -c pass": [sys.executable, "-c", "pass"], IMPORTS: [sys.executable, "-c", LIBRARIES]}
    if arguments.official:
        commands["import ollama (official package)"] = [arguments.official, "-c", "import ollama"]
    figures = Figures({name: [] for name in [*commands, *CHAT_TIMES]})
    with tempfile.TemporaryDirectory() as home, ScriptedServer() as server:
        server.models = [installed(f"model{number}:latest", "completion") for number in range(MODELS)]
        server.answers_loads = True
        for _ in range(arguments.runs):
            for name, argv in commands.items():
                figures.seconds[name].append(time_command(argv))
            time_chat(home, server.url, figures)
        report(figures)
        idle(Terminal(home, server.url), arguments.idle_s)


def report(figures: Figures) -> None:
    base = statistics.median(figures.seconds[IMPORTS])
    print(f"{'milliseconds':45} {'min':>7} {'median':>7} {'ratio to the imports':>21}")
    for name, values in figures.seconds.items():
        median = statistics.median(values)
        print(f"{name:45} {1000 * min(values):7.0f} {1000 * median:7.0f} {median / base:21.2f}")
    for name, echoes in (
        ("while all is loaded and listed", figures.busy_echoes),
        ("when all is quiet", figures.idle_echoes),
    ):
        print(f"{'key to echo ' + name:45} {percentiles(echoes)}")
    for name, megabytes in (("at the first prompt", figures.prompt_mb), ("idle", figures.idle_mb)):
        print(f"{'memory ' + name:45} {statistics.median(megabytes):15.1f} MB")


def percentiles(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    median, high = ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]
    return (
        f"{1000 * median:15.1f} median, {1000 * high:.1f} 95th percentile, "
        f"{1000 * ordered[-1]:.1f} at most, of {len(ordered)}"
    )


def idle(terminal: Terminal, seconds: float) -> None:
    terminal.read_until(MARK)
    terminal.settle()
    cpu_s = terminal.cpu_s()
    end_s, written = time.perf_counter() + seconds, 0
    while (left_s := end_s - time.perf_counter()) > 0:
        written += terminal.read(left_s)
    print(f"idle for {seconds:.0f} s: {written} bytes, {terminal.cpu_s() - cpu_s:.2f} CPU s")
    terminal.close()


if __name__ == "__main__":
    main()
