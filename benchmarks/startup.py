"""How long until one can type, against what Python and the libraries cost alone; idleness and memory.

    python -m benchmarks.startup [--runs 15] [--idle-s 10] [--official PYTHON]

All commands take turns, so that a machine that slows down slows them all; minimum and median are printed, and
the ratio of the medians. `--official` names a Python that has the `ollama` package. Linux only.
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
import time
from dataclasses import dataclass, field
from pathlib import Path

LIBRARIES = "import typer, rich.console, prompt_toolkit, httpx"
CHAT = [sys.executable, "-m", "ollama_chat_tui", "--host", "127.0.0.1:9"]
CURSOR_QUESTION, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"
PROMPT = b">>> "


@dataclass
class Terminal:
    """The chat in a pty, read as bytes."""

    home: str
    output: bytes = b""
    began_s: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.master, slave = pty.openpty()
        variables = {
            "HOME": self.home,
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            CHAT, stdin=slave, stdout=slave, stderr=slave, env=variables, start_new_session=True
        )
        os.close(slave)

    def read_until(self, mark: bytes, after: int = 0) -> float:
        """Read until `mark` is there; returns seconds since the start of the process."""
        while mark not in self.output[after:]:
            self.read(10)
        return time.perf_counter() - self.began_s

    def read(self, timeout_s: float) -> int:
        """Read what is there within a time, answering as a terminal does; returns the number of bytes."""
        if not select.select([self.master], [], [], timeout_s)[0]:
            return 0
        data = os.read(self.master, 65536)
        for _ in range(data.count(CURSOR_QUESTION)):
            os.write(self.master, CURSOR_ANSWER)
        self.output += data
        return len(data)

    def echo_s(self, key: bytes) -> float:
        """Seconds from a key to its echo."""
        began_s, place = time.perf_counter(), len(self.output)
        os.write(self.master, key)
        self.read_until(key, place)
        return time.perf_counter() - began_s

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def time_command(argv: list[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--idle-s", type=float, default=10)
    parser.add_argument("--official", default="")
    arguments = parser.parse_args()
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import typer, rich, prompt_toolkit, httpx": [sys.executable, "-c", LIBRARIES],
    }
    if arguments.official:
        commands["import ollama (official package)"] = [arguments.official, "-c", "import ollama"]
    seconds: dict[str, list[float]] = {name: [] for name in [*commands, "prompt seen", "key echoed"]}
    echoes: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(arguments.runs):
            for name, argv in commands.items():
                seconds[name].append(time_command(argv))
            terminal = Terminal(home)
            seconds["prompt seen"].append(terminal.read_until(PROMPT))
            terminal.echo_s(b"x")
            seconds["key echoed"].append(time.perf_counter() - terminal.began_s)
            echoes += [terminal.echo_s(b"abcdefgh"[place : place + 1]) for place in range(8)]
            terminal.close()
        report(seconds, echoes)
        idle(Terminal(home), arguments.idle_s)


def report(seconds: dict[str, list[float]], echoes: list[float]) -> None:
    base = statistics.median(seconds["import typer, rich, prompt_toolkit, httpx"])
    print(f"{'milliseconds':45} {'min':>7} {'median':>7} {'ratio to the imports':>21}")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:45} {1000 * min(values):7.0f} {1000 * median:7.0f} {median / base:21.2f}")
    ordered = sorted(echoes)
    print(f"{'key to echo, 95th percentile':45} {1000 * ordered[int(0.95 * len(ordered))]:15.1f}")


def idle(terminal: Terminal, seconds: float) -> None:
    terminal.read_until(PROMPT)
    while terminal.read(3):
        pass
    memory_mb, cpu_s = terminal.memory_mb(), terminal.cpu_s()
    end_s, written = time.perf_counter() + seconds, 0
    while (left_s := end_s - time.perf_counter()) > 0:
        written += terminal.read(left_s)
    print(
        f"idle for {seconds:.0f} s: {written} bytes, {terminal.cpu_s() - cpu_s:.2f} CPU s; {memory_mb:.0f} MB"
    )
    terminal.close()


if __name__ == "__main__":
    main()
