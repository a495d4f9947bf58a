"""Vi mode: vi's keys are vi's, and the prompt's own work in it."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.key_binding.vi_state import InputMode

from ollama_chat_tui.terminal.bindings import ALT_TIMEOUT_S
from tests.terminal.typing_line import TypingLine, typing_line

ESCAPE = "\x1b"


async def leave_insert_mode(line: TypingLine) -> None:
    line.press(ESCAPE)
    await line.until(lambda: line.prompt._session.app.vi_state.input_mode is InputMode.NAVIGATION)


@pytest.mark.parametrize(
    ("default", "keys", "sent"),
    [
        ("one two", "bdw", "one "),
        ("one\ntwo", "ggdd", "two"),
        ("abc", "0x", "bc"),
        ("abc", "0xu", "abc"),
        ("abc", "0xu\x12", "bc"),
        ("abc", "ccnew", "new"),
        ("", "k", "earlier"),
    ],
)
async def test_vi_keys(default: str, keys: str, sent: str) -> None:
    async with typing_line(is_vi=True) as line:
        line.prompt.history.add("earlier")
        line.start(default)
        await leave_insert_mode(line)
        line.press(keys + "\r")
        assert await line.sent() == sent


async def test_escape_does_not_wait_for_an_alt() -> None:
    async with typing_line("", is_vi=True) as line:
        line.press("abc")
        await line.until(lambda: line.text == "abc")
        start = asyncio.get_running_loop().time()
        await leave_insert_mode(line)
        assert asyncio.get_running_loop().time() - start < ALT_TIMEOUT_S / 2


async def test_the_prompts_keys_work_while_inserting() -> None:
    async with typing_line(is_vi=True) as line:
        line.prompt.history.add("earlier")
        assert await line.gives("a\x1b\rb\x1b[13;2uc\nd\\\re\r") == "a\nb\nc\nd\ne"
        assert await line.gives("\x1b[A\r") == "a\nb\nc\nd\ne"
        assert await line.gives("\x12rli\r\r") == "earlier"


async def test_a_paste_is_a_unit_for_vi_too() -> None:
    async with typing_line("", is_vi=True) as line:
        line.press("a")
        line.paste("x\n" * 20)
        await leave_insert_mode(line)
        await line.press_until("x", "a")
        await line.press_until("u", "a[pasted text #1, 20 lines]")
        line.press("\x0f")
        await line.until(lambda: line.text == "a" + "x\n" * 20)


async def test_ctrl_c_and_ctrl_d_leave_vi_too() -> None:
    async with typing_line("", is_vi=True) as line:
        line.press("\x03")
        await line.ends_with(KeyboardInterrupt)
        line.start()
        line.press("\x04")
        await line.ends_with(EOFError)
