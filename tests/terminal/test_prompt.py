"""What a caller of the prompt relies on, beside its keys."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from ollama_chat_tui.interrupt import ended_in_order
from ollama_chat_tui.terminal.hints import hints
from ollama_chat_tui.terminal.keymap import Keymap
from ollama_chat_tui.terminal.prompt import Prompt, PromptOptions
from tests.terminal.typing_line import typing_line


def test_the_prompt_imports_nothing_heavy_but_prompt_toolkit() -> None:
    code = "import sys; import ollama_chat_tui.terminal.prompt; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {
        "rich",
        "httpx",
        "typer",
        "pydantic",
        "msgspec",
        "platformdirs",
        "pygments",
        "markdown_it",
        "sqlite3",
    }
    assert "prompt_toolkit" in modules
    assert not heavy & set(modules)


def test_what_keeps_early_keys_imports_not_even_that() -> None:
    code = "import sys; import ollama_chat_tui.terminal.early_keys; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"prompt_toolkit", "asyncio"} & set(modules)


async def test_a_text_given_back_can_be_edited() -> None:
    async with typing_line() as line:
        assert await line.gives("!\r", default="one\ntwo") == "one\ntwo!"


async def test_keys_after_enter_wait_for_the_next_reading() -> None:
    async with typing_line() as line:
        assert await line.gives("one\rtwo\r") == "one"
        assert await line.gives("") == "two"


async def test_keys_after_enter_can_be_taken_instead() -> None:
    async with typing_line() as line:
        assert await line.gives("one\rab") == "one"
        assert [press.data for press in line.prompt.take_typeahead()] == ["a", "b"]
        assert await line.gives("c\r") == "c"


class Presser:
    """Another process that presses Ctrl-C, as fast as it can for 10 ms."""

    CODE = f"""
import os, sys, time
for _ in sys.stdin:
    until_s = time.monotonic() + 0.01
    while time.monotonic() < until_s:
        os.kill({os.getpid()}, {signal.SIGINT.value})
    print(flush=True)
"""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self._begin, self._ended = process.stdin, process.stdout

    def press(self) -> None:
        os.write(self._begin.fileno(), b"\n")

    async def wait(self) -> None:
        await asyncio.to_thread(self._ended.readline)


@pytest.fixture
def presser() -> Iterator[Presser]:
    command = [sys.executable, "-c", Presser.CODE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Presser(process)
        process.communicate()


async def test_ctrl_c_behind_enter_takes_nothing_away(presser: Presser) -> None:
    with ended_in_order():
        for _ in range(20):
            async with typing_line("") as line:
                line.when_ended(presser.press)
                line.press("a word\r")
                end = await line.end()
                await presser.wait()
                assert end == "a word"


async def test_stop_ends_a_reading_and_those_to_come() -> None:
    async with typing_line("") as line:
        line.prompt.stop()
        await line.ends_with(EOFError)
        line.start()
        await line.ends_with(EOFError)
        line.prompt.stop()


async def test_a_closed_input_ends_the_reading() -> None:
    async with typing_line("") as line:
        line.prompt.input.close()
        await line.ends_with(EOFError)


async def test_refresh_asks_the_bar_again() -> None:
    asked: list[str] = []

    def bar() -> str:
        asked.append("bar")
        return "the bar"

    async with typing_line("", bar=bar) as line:
        await line.until(lambda: bool(asked))
        before = len(asked)
        line.prompt.refresh()
        await line.until(lambda: len(asked) > before)


def test_refresh_without_a_reading_does_nothing() -> None:
    with create_pipe_input() as keys:
        Prompt(PromptOptions(input=keys, output=Vt100_Output(io.StringIO(), lambda: Size(24, 80)))).refresh()


def test_an_echo_is_sanitised_folded_and_in_the_history() -> None:
    screen = io.StringIO()
    with create_pipe_input() as keys:
        output = Vt100_Output(screen, lambda: Size(24, 80))
        prompt = Prompt(
            PromptOptions(input=keys, output=output, sanitize=lambda text: text.replace("\x9b", ""))
        )
        long = "x\n" * 20
        prompt._pastes.take(long)
        prompt.echo(f"one\x9b31m\n{long}")
    shown = screen.getvalue()
    assert "\x9b" not in shown
    assert "one31m" in shown
    assert "[pasted text #1, 20 lines]" in shown
    assert prompt.history.get_strings() == [f"one\x9b31m\n{long}"]


def test_hints_name_the_keys_in_force() -> None:
    several = hints(Keymap({"new-line": "f2", "open-editor": []}))
    shown = [next(several) for _ in range(7)]
    assert shown[:2] == ["Ask something, or /help", "F2 makes a new line"]
    assert not any("editor" in hint for hint in shown)


@pytest.mark.parametrize("is_recording", [True, False])
async def test_the_history_can_be_switched_off(is_recording: bool) -> None:
    async with typing_line() as line:
        line.prompt.history.is_recording = is_recording
        await line.gives("one\r")
        assert await line.gives("\x1b[A\r") == "one"
