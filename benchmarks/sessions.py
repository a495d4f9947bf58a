"""What sessions cost: opening a long one, adding to it, and what of the disk the stream feels.

    python -m benchmarks.sessions [--messages 10000] [--megabytes 20]

Opening is measured in a process of its own, against one that imports the same and opens nothing. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Event, TextDelta
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.recorder import SessionRecorder
from ollama_chat_tui.sessions.records import Item, Said, StoredMetrics
from ollama_chat_tui.sessions.session import SUFFIX
from ollama_chat_tui.sessions.store import Store

RUNS = 7
OPENING = """
import sys, time
from pathlib import Path
from ollama_chat_tui.sessions.loading import load
began_s = time.perf_counter()
loaded = load(Path(sys.argv[1])) if sys.argv[1:] else None
opened_s = time.perf_counter() - began_s
peak_kb = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(opened_s, int(peak_kb) / 1024)
"""
SETTINGS = Settings("m")


def make_session(directory: Path, messages: int, size: int) -> Path:
    metrics = StoredMetrics(model="m", answer_tokens=100, answer_s=2.5)
    text = "The quick brown fox jumps over the lazy dog.\n" * (size // max(messages, 1) // 46 + 1)
    items = [
        Item(
            Said(
                f"{n:016x}",
                f"{n - 1:016x}" if n else None,
                datetime.now(UTC),
                Role.ASSISTANT if n % 2 else Role.USER,
                text,
                metrics=metrics if n % 2 else None,
            )
        )
        for n in range(messages)
    ]
    return directory / (Store(directory).create(items) + SUFFIX)


def open_in_a_process(*path: Path) -> tuple[float, float, float]:
    """Seconds to open and of the whole process, megabytes at the peak: medians."""
    runs = []
    for _ in range(RUNS):
        began_s = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-c", OPENING, *map(str, path)], capture_output=True, text=True, check=True
        )
        opening_s, peak_mb = map(float, run.stdout.split())
        runs.append((opening_s, time.perf_counter() - began_s, peak_mb))
    return tuple(map(statistics.median, zip(*runs, strict=True)))  # type: ignore[return-value]


async def adding(path: Path, count: int = 200) -> float:
    """Milliseconds of the processor that a message costs until it is on disk: the median."""
    recorder = SessionRecorder(path.parent)
    conversation = (await recorder.resume(path)).conversation
    costs = []
    for n in range(count):
        conversation.append(Message(Role.USER, f"Question {n}"))
        began_s = time.process_time()
        await recorder.save(conversation, SETTINGS)
        costs.append(time.process_time() - began_s)
    await recorder.close()
    return statistics.median(costs) * 1000


class SlowDisk(Disk):
    """Takes half a second to sync, as a busy hard drive does."""

    def sync(self, fd: int) -> None:
        super().sync(fd)
        time.sleep(0.5)


async def longest_wait(directory: Path, disk: Disk, seconds: float = 4) -> float:
    """Milliseconds by which the worst word of a stream is late behind the recorder."""
    recorder, conversation = SessionRecorder(directory, disk), Conversation()
    conversation.append(Message(Role.USER, "Go on!"))
    await recorder.save(conversation, SETTINGS)

    async def stream() -> AsyncGenerator[Event, None]:
        due_s = time.perf_counter()
        while time.perf_counter() < end_s:
            due_s += 0.01
            await asyncio.sleep(max(0, due_s - time.perf_counter()))
            waits.append(time.perf_counter() - due_s)
            yield TextDelta("word " * 5)

    waits: list[float] = []
    end_s = time.perf_counter() + seconds
    async for _ in recorder.follow(stream()):
        pass
    await recorder.close()
    return max(waits) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=20)
    chosen = parser.parse_args()
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        long = make_session(directory, chosen.messages, chosen.megabytes * 1_000_000)
        short = make_session(directory, 10, 20_000)
        _, bare_s, bare_mb = open_in_a_process()
        opening_s, whole_s, peak_mb = open_in_a_process(long)
        print(f"{chosen.messages} messages, {long.stat().st_size / 1e6:.1f} MB:")
        print(
            f"  opened in {opening_s * 1000:.0f} ms ({(whole_s - bare_s) * 1000:.0f} ms over bare start-up)"
        )
        print(f"  {peak_mb:.0f} MB of memory at the peak, {peak_mb - bare_mb:.0f} MB over bare start-up")
        for path, count in ((short, 10), (long, chosen.messages)):
            cost_ms = asyncio.run(adding(path))
            print(f"  a message more in a session of {count}: {cost_ms:.2f} ms of the processor")
        for disk, kind in ((Disk(), "this disk"), (SlowDisk(), "a disk that syncs in 0.5 s")):
            wait_ms = asyncio.run(longest_wait(directory, disk))
            print(f"  the latest word of a stream onto {kind}: {wait_ms:.1f} ms")


if __name__ == "__main__":
    main()
