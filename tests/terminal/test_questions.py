"""Lists to choose from and questions, through the keys that a person presses."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from ollama_chat_tui.terminal.confirm import confirm
from ollama_chat_tui.terminal.picker import VISIBLE_ROWS, Picker, pick_by_number

ROWS = ["qwen3:8b  5 GB", "smollm2:latest", "llama3:8b \x1b[2J"]
UP, DOWN, PAGE_UP, PAGE_DOWN = "\x1b[A", "\x1b[B", "\x1b[5~", "\x1b[6~"


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


@pytest.mark.parametrize(
    ("keys", "chosen"),
    [
        ("\r", 0),
        (f"{DOWN}\r", 1),
        (f"{DOWN}{DOWN}{DOWN}\r", 2),
        (f"{DOWN}{UP}{UP}\r", 0),
        ("\x0e\x0e\x10\r", 1),
        (f"{PAGE_DOWN}\r", 2),
        (f"{PAGE_DOWN}{PAGE_UP}\r", 0),
        ("8B lLa\r", 2),
        ("smolx\x7f\r", 1),
        ("nothing\r\x7f\x7f\x7f\x7f\x7f\x7f\x7f\r", 0),
        ("\x03", None),
        ("\x04", None),
        ("\x1b", None),
    ],
)
async def test_a_row_is_chosen_by_its_keys(keyboard: PipeInput, keys: str, chosen: int | None) -> None:
    keyboard.send_text(keys)
    assert await Picker("Model", ROWS).pick(keyboard, DummyOutput()) == chosen


def test_the_list_shows_where_the_mark_is_and_nothing_foreign() -> None:
    picker = Picker("Model", [*ROWS, *(f"row {number}" for number in range(40))])
    picker.type("row")
    picker.move(30)
    text = picker._text()
    assert len([part for part in text if part[1].startswith(("› ", "  "))]) == VISIBLE_ROWS
    assert ("reverse", "› row 30\n") in text
    picker.type("\x07 no such")
    assert picker.chosen is None
    assert picker._text()[-1][1].startswith("0 of 43")
    shown = "".join(part[1] for part in Picker("Model", ROWS)._text())
    assert "llama3:8b ␛[2J" in shown


@pytest.mark.parametrize(
    ("keys", "chosen"), [("2\r", 1), (" 3 \r", 2), ("\r", None), ("0\r", None), ("4\r", None), ("x\r", None)]
)
async def test_a_row_is_chosen_by_its_number(keyboard: PipeInput, keys: str, chosen: int | None) -> None:
    output = io.StringIO()
    keyboard.send_text(keys)
    assert await pick_by_number("Model", ROWS, keyboard, output) == chosen
    assert output.getvalue() == "Model:\n  1  qwen3:8b  5 GB\n  2  smollm2:latest\n  3  llama3:8b ␛[2J\n"


@pytest.mark.parametrize("key", ["\x03", "\x04"])
async def test_leaving_the_numbers_chooses_nothing(keyboard: PipeInput, key: str) -> None:
    keyboard.send_text(key)
    assert await pick_by_number("Model", ROWS, keyboard, io.StringIO()) is None


@pytest.mark.parametrize(
    ("keys", "default", "is_yes"),
    [
        ("y\r", False, True),
        (" YES \r", False, True),
        ("\r", False, False),
        ("\r", True, True),
        ("n\r", True, False),
        ("whatever\r", True, False),
        ("\x03", True, False),
        ("\x04", True, False),
    ],
)
async def test_only_a_yes_is_one(keyboard: PipeInput, keys: str, default: bool, is_yes: bool) -> None:
    keyboard.send_text(keys)
    assert await confirm("Remove \x1b[2J?", default=default, keyboard=keyboard) is is_yes
