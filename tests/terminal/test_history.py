from __future__ import annotations

import json
import multiprocessing
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.terminal import history as history_module
from ollama_chat_tui.terminal.history import PromptHistory

LOAD_LIMIT_S = 0.05


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "history.jsonl"


def entries(path: Path) -> list[str]:
    return PromptHistory(path).get_strings()


def test_entries_come_back_whole_in_the_next_run(path: Path) -> None:
    history = PromptHistory(path)
    for text in ("one", "two\nlines \\n and “quotes”\t", "日本語 🙂"):
        history.add(text)
    assert entries(path) == ["one", "two\nlines \\n and “quotes”\t", "日本語 🙂"]


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    history = PromptHistory(path)
    for text in texts:
        history.add(text)
    assert entries(path) == list(dict.fromkeys(reversed(texts)))[::-1]


def test_of_equal_entries_the_newest_stays(path: Path) -> None:
    history = PromptHistory(path)
    for text in ("one", "two", "one", "one"):
        history.add(text)
    assert history.get_strings() == entries(path) == ["two", "one"]
    assert len(path.read_text().splitlines()) == 3


def test_only_the_owner_can_read(path: Path) -> None:
    PromptHistory(path).add("secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('"old"\n')
    path.chmod(0o644)
    PromptHistory(path).add("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_incognito_writes_nothing_reads_all_and_keeps_this_run_in_memory(path: Path) -> None:
    PromptHistory(path).add("before")
    history = PromptHistory(path, is_recording=False)
    history.add("secret")
    assert history.get_strings() == ["before", "secret"]
    history.is_recording = True
    history.add("after")
    assert entries(path) == ["before", "after"]


def test_incognito_touches_no_disk(path: Path) -> None:
    history = PromptHistory(path, is_recording=False)
    history.add("secret")
    assert not path.parent.exists()


def test_without_a_place_the_history_is_in_memory() -> None:
    history = PromptHistory(None)
    history.add("one")
    assert history.get_strings() == ["one"]
    assert history.trouble == ""


def test_a_blank_is_no_entry(path: Path) -> None:
    PromptHistory(path).add(" \n")
    assert not path.exists()


def test_a_torn_line_costs_itself(path: Path) -> None:
    PromptHistory(path).add("one")
    with path.open("a") as file:
        file.write('"torn in the mid')
    PromptHistory(path).add("two")
    assert entries(path) == ["one", "two"]


@pytest.mark.parametrize(
    "damage",
    [
        b"\xff\xfe\x00\n",
        b"[1, 2]\n",
        b"{}\n",
        b'"\n',
        b"null\n",
        b"[" * 100_000 + b"\n",
        b"\n\n",
        b'1,"x"\n',
        b'""\n',
    ],
)
def test_damage_costs_itself(path: Path, damage: bytes) -> None:
    PromptHistory(path).add("one")
    with path.open("ab") as file:
        file.write(damage)
    PromptHistory(path).add("two")
    assert entries(path) == ["one", "two"]


@given(st.binary(max_size=300))
def test_no_bytes_stop_it(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    path.write_bytes(data)
    PromptHistory(path).add("new entry")
    assert entries(path)[-1] == "new entry"


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)


def make_pipe(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)


def make_parent_a_file(path: Path) -> None:
    path.parent.write_text("")


@pytest.mark.parametrize("spoil", [make_folder, make_pipe, make_parent_a_file])
def test_a_place_that_cannot_be_used_is_said_and_stops_nothing(path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(path)
    history = PromptHistory(path)
    history.add("one")
    history.add("two")
    assert history.get_strings() == ["one", "two"]
    assert str(path) in history.trouble


def test_ten_thousand_entries_load_at_once(path: Path) -> None:
    path.parent.mkdir()
    lines = [
        json.dumps(f"question {number}: why is the sky blue?\nsay it in a line") for number in range(10_000)
    ]
    path.write_text("\n".join(lines) + "\n")

    def load_s() -> float:
        start = time.perf_counter()
        assert PromptHistory(path).count == 10_000
        return time.perf_counter() - start

    assert min(load_s() for _ in range(5)) < LOAD_LIMIT_S


def test_an_overgrown_file_is_written_anew_with_the_newest(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "MAX_ENTRIES", 10)
    path.parent.mkdir()
    path.write_text("".join(f'"{number}"\n' for number in range(25)))
    assert entries(path) == [str(number) for number in range(15, 25)]
    assert path.read_text() == "".join(f'"{number}"\n' for number in range(15, 25))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_of_giants_is_read_from_its_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MAX_BYTES", 1000)
    path.parent.mkdir()
    path.write_text("".join(f'"{number}{"x" * 90}"\n' for number in range(100, 200)))
    known = entries(path)
    assert known[-1].startswith("199x")
    assert len(known) == 10
    assert path.stat().st_size <= 500


def write_entries(path: Path, writer: int, start: object) -> None:
    assert hasattr(start, "wait")
    history = PromptHistory(path)
    start.wait()
    for number in range(200):
        history.add(f"{writer}: {number}\n" + "x" * (number * 50))


def test_programs_that_write_at_once_lose_nothing(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(3)
    writers = [spawn.Process(target=write_entries, args=(path, writer, start)) for writer in range(3)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
        assert each.exitcode == 0
    heads = {entry.partition("\n")[0] for entry in entries(path)}
    assert heads == {f"{writer}: {number}" for writer in range(3) for number in range(200)}
