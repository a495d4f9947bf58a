"""What the table of commands offers to complete."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import MOST_ENTRIES, file_names
from ollama_chat_tui.commands.registry import Typed


def words(context: Context, line: str) -> list[str]:
    return [word for word, _ in context.registry.complete(context, line)[1]]


@pytest.mark.parametrize(
    ("line", "start", "offered"),
    [
        ("/", 0, "/help"),
        ("/se", 0, "/seed"),
        ("/set te", 5, "temperature"),
        ("/help mo", 6, "models"),
        ("/model q", 7, "qwen3:8b"),
        ("/show qwen3:8b te", 15, "template"),
        ("/think h", 7, "high"),
        ("/unset ", 7, "all"),
        ("/set parameter te", 15, "temperature"),
        ("/set no", 5, "nohistory"),
        ("/format r", 8, "rivers"),
        ("/help all", 6, "all"),
    ],
)
def test_a_word_is_offered_where_it_may_stand(context: Context, line: str, start: int, offered: str) -> None:
    context.model_names = ["qwen3:8b"]
    schemas = context.preferences.folder / "schemas"
    schemas.mkdir(parents=True)
    (schemas / "rivers.json").touch()
    assert context.registry.complete(context, line)[0] == start
    assert offered in words(context, line)


@pytest.mark.parametrize("line", ["", "hello /", "//help", "/etc/ho", "/quit ", "/nonsense x", "/set top_k "])
def test_nothing_is_offered_where_no_word_is_known(context: Context, line: str) -> None:
    assert words(context, line) == []


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the user works in, and a home."""
    home, work = tmp_path / "home", tmp_path / "work"
    (home / "notes").mkdir(parents=True)
    (work / "my files").mkdir(parents=True)
    names = ["a.json", ".hidden", "b c.json", "my files/d.json"]
    for name in names if sys.platform == "win32" else [*names, 'q".x']:
        (work / name).touch()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(home))
    return work


OF_FORMAT = {"json", "off", "save", "retries", "prompt"}


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("", ["a.json", '"b c.json"', '"my files/']),
        ("a", ["a.json", '"b c.json"', '"my files/']),
        (".", [".hidden", "a.json", '"b c.json"', '"my files/']),
        ("./", ["./a.json", '"./b c.json"', '"./my files/']),
        ('"my files/', ['"my files/d.json"']),
        ('"a', ['"a.json"', '"b c.json"', '"my files/']),
        ("~", ["~/"]),
        ("~/", ["~/notes/"]),
        ("none/", []),
        ("~nobody-of-that-name/", []),
        ("a\0/", []),
    ],
)
def test_files_are_offered_as_they_are_typed(
    context: Context, place: Path, begun: str, offered: list[str]
) -> None:
    line = f"/format {begun}"
    start, found = context.registry.complete(context, line)
    assert start == len("/format ")
    assert [word for word, _ in found if word not in OF_FORMAT] == offered


def test_a_file_is_offered_behind_its_mark(context: Context, place: Path) -> None:
    assert words(context, "/system @") == ["edit", "off", "@a.json", '@"b c.json"', '@"my files/']
    assert words(context, "/system ") == ["edit", "off"]
    assert words(context, "/system Be @") == []


def test_a_huge_folder_is_looked_at_in_part(context: Context, place: Path) -> None:
    for number in range(MOST_ENTRIES + 5):
        (place / "my files" / f"{number}").touch()
    typed = Typed()
    typed.begun = '"my files/'
    assert len(list(file_names()(context, typed))) == MOST_ENTRIES
