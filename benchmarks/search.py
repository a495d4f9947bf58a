"""What listing and searching ten thousand sessions costs, and building what that needs.

    python -m benchmarks.search [--sessions 10000] [--messages 100] [--keep DIRECTORY]
    python -m benchmarks.search --tokenizers

Sessions are made up: words drawn by Zipf's law from sixty thousand, one session in ten of Chinese characters,
messages of 350 bytes on average, a fixed seed. `--tokenizers` compares ways to build the index instead.
Disk caches are warm, as they are right after writing.

Last measured on two cores that others used, too, so the work of the process is the figure that holds; the
clock said up to twice as much, for a search 75 to 141 and 128 to 261 ms (470 MB, caches of 281 MB):

    list, all read for the first time    2.9 s       160 MB/s
    list again                           median 83 ms, 95th percentile 95 ms
    index, all read for the first time   23.5 s      20 MB/s
    search                               median 57 ms, 95th percentile 87 ms, slowest 122 ms
    search, of a role, a model, a tag    median 56 to 62 ms, 95th percentile 80 to 100 ms

Half of a search is the look at ten thousand files.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Self

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.catalog import Catalog
from ollama_chat_tui.sessions.search import Filter, Search
from ollama_chat_tui.sessions.tokens import set_apart

QUERIES = 400
GROWN = (
    b'{"kind":"message","id":"new","parent":null,"at":"2026-02-01T00:00:00Z","role":"user",'
    b'"content":"something new"}\n'
)
LETTERS = "etaoinshrdlucmfwypvbgkjqxz"


class Author:
    """Makes up messages."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        weights = range(len(LETTERS), 0, -1)
        self.words = [
            "".join(self.random.choices(LETTERS, weights, k=self.random.randint(2, 10)))
            for _ in range(60_000)
        ]
        self.signs = [chr(code) for code in range(0x4E00, 0x4E00 + 5000)]
        self._word_odds = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(self.words))))
        self._sign_odds = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(self.signs))))

    def message(self, is_chinese: bool) -> str:
        length = max(3, int(self.random.lognormvariate(3.5, 0.9)))
        if is_chinese:
            return "".join(self.random.choices(self.signs, cum_weights=self._sign_odds, k=2 * length))
        return " ".join(self.random.choices(self.words, cum_weights=self._word_odds, k=length))

    def query(self) -> str:
        """What people type: a word or two, rarely a phrase, a beginning, an exclusion or Chinese."""
        kind = self.random.random()
        text = self.message(is_chinese=kind < 0.1)
        if kind < 0.1:
            return text[:2]
        words = text.split()
        if kind < 0.2:
            return f'"{words[0]} {words[1]}"'
        if kind < 0.3:
            return f"{words[0][:4]}*"
        if kind < 0.35:
            return f"{words[0]} -{words[1]}"
        return " ".join(words[: self.random.randint(1, 3)])


def write_sessions(directory: Path, sessions: int, messages: int) -> int:
    """Write session files; returns their bytes."""
    author = Author(1)
    size = 0
    for session in range(sessions):
        time_of_day = f"2026-01-{session % 28 + 1:02}T{session % 24:02}:00:00Z"
        name = f"{session:08x}"
        lines = [
            f'{{"kind":"opened","version":1,"id":"{name}","at":"{time_of_day}"}}',
            f'{{"kind":"settings","at":"{time_of_day}","model":"model-{session % 7}:8b"}}',
        ]
        parent = "null"
        for place in range(messages):
            role = "assistant" if place % 2 else "user"
            lines.append(
                f'{{"kind":"message","id":"{place:016x}","parent":{parent},"at":"{time_of_day}",'
                f'"role":"{role}","content":"{author.message(session % 10 == 0)}"}}'
            )
            parent = f'"{place:016x}"'
        data = "\n".join([*lines, ""]).encode()
        (directory / f"{name}.jsonl").write_bytes(data)
        size += len(data)
    return size


class Time:
    """Seconds on the clock, and of this process's work; on a busy machine they differ."""

    def __enter__(self) -> Self:
        self._clock, self._work = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.clock = time.perf_counter() - self._clock
        self.work = time.process_time() - self._work


def measure(root: Path, sessions: int, messages: int) -> None:
    directory, cache = root / "sessions", root / "cache"
    directory.mkdir(parents=True)
    size = write_sessions(directory, sessions, messages)
    print(f"{sessions} sessions, {sessions * messages} messages, {size / 1e6:.0f} MB")
    with Catalog(directory, cache) as catalog, Time() as took:
        catalog.sessions()
    print_build("list, all read for the first time", took, size)
    listings = []
    for _ in range(9):
        with Catalog(directory, cache) as catalog, Time() as took:
            catalog.sessions()
        listings.append(took)
    print_times("list again", listings)
    with Search(directory, cache) as search:
        with Time() as took:
            search.find("zzzz")
        print_build("index, all read for the first time", took, size)
        with (directory / "00000000.jsonl").open("ab") as file:
            file.write(GROWN)
        with Time() as took:
            search.find("something new")
        print_times("search after a session has grown", [took])
    report(directory, cache)
    index = sum(path.stat().st_size for path in cache.iterdir())
    print(f"{'caches':36} {index / 1e6:.0f} MB")


def report(directory: Path, cache: Path) -> None:
    author = Author(1)
    author.random.seed(2)
    filters = {
        "search": Filter(),
        "search, of a role": Filter(role=Role.USER),
        "search, of a model": Filter(model="model-3"),
        "search, of a tag that nothing has": Filter(tag="none"),
    }
    for name, wanted in filters.items():
        took = []
        for _ in range(QUERIES):
            query = author.query()
            with Search(directory, cache) as search, Time() as one:  # as a command does, that runs once
                search.find(query, wanted)
            took.append(one)
        print_times(name, took)


def print_build(name: str, took: Time, size: int) -> None:
    print(
        f"{name:36} {took.clock:.1f} s, {took.work:.1f} s of work; {size / 1e6 / took.clock:.0f} MB/s, "
        f"{size / 1e6 / took.work:.0f} MB/s of work"
    )


def print_times(name: str, took: list[Time]) -> None:
    clock, work = (
        sorted(1000 * value for value in values)
        for values in zip(*((one.clock, one.work) for one in took), strict=True)
    )
    at = int(0.95 * len(took))
    print(
        f"{name:36} median {statistics.median(clock):.0f} ms, 95th percentile {clock[at]:.0f} ms, "
        f"slowest {clock[-1]:.0f} ms; "
        f"of work {statistics.median(work):.0f}, {work[at]:.0f}, {work[-1]:.0f} ms"
    )


def compare_tokenizers(root: Path) -> None:
    author = Author(1)
    texts = [author.message(place % 10 == 0) for place in range(60_000)]
    size = sum(len(text.encode()) for text in texts)
    print(f"{size / 1e6:.0f} MB of messages")
    unicode61 = "tokenize='unicode61 remove_diacritics 2'"
    ways = {
        "unicode61, the text not kept": (f"content='', {unicode61}", set_apart, True),
        "the same, sorted in small pieces": (f"content='', {unicode61}", set_apart, False),
        "the same, the text kept": (unicode61, set_apart, True),
        "trigram, the text not kept": ("content='', tokenize='trigram'", str, True),
    }
    for name, (options, prepare, is_large) in ways.items():
        path = root / "words.sqlite"
        db = sqlite3.connect(path, isolation_level=None)
        db.execute(f"CREATE VIRTUAL TABLE words USING fts5(text, {options})")
        if is_large:
            db.execute("INSERT INTO words(words, rank) VALUES ('hashsize', 67108864)")
        rows = [(number, prepare(text)) for number, text in enumerate(texts)]
        with Time() as built:
            db.execute("BEGIN")
            db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", rows)
            db.execute("COMMIT")
        with Time() as common:
            db.execute(
                "SELECT rowid, bm25(words) FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 2000",
                (f'"{author.words[0]}"',),
            ).fetchall()
        db.close()
        print(
            f"{name:36} {size / 1e6 / built.work:6.1f} MB/s of work, {path.stat().st_size / 1e6:4.0f} MB, "
            f"a common word in {1000 * common.work:.0f} ms"
        )
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--messages", type=int, default=100)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--tokenizers", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or Path(scratch)
        if arguments.tokenizers:
            compare_tokenizers(root)
        else:
            measure(root, arguments.sessions, arguments.messages)


if __name__ == "__main__":
    main()
