from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.terminal.paste import Pastes
from tests.terminal.test_prompt_keys import every_key
from tests.terminal.typing_line import typing_line

LONG = "\n".join(f"line {number}" for number in range(42))
MARK = "[pasted text #1, 42 lines]"


@pytest.mark.parametrize(
    ("pasted", "stands"),
    [
        ("\n".join("12345678"), "\n".join("12345678")),
        ("\n".join("12345678") + "\n", "\n".join("12345678") + "\n"),
        ("\n".join("123456789"), "[pasted text #1, 9 lines]"),
        ("x" * 1000, "x" * 1000),
        ("x" * 1001, "[pasted text #1, 1,001 characters]"),
        ("a\r\nb\rc", "a\nb\nc"),
    ],
)
async def test_a_long_paste_folds_and_none_is_sent(pasted: str, stands: str) -> None:
    async with typing_line("") as line:
        line.paste(pasted)
        await line.until(lambda: line.text == stands)
        line.press("!\r")
        assert await line.sent() == pasted.replace("\r\n", "\n").replace("\r", "\n") + "!"


async def test_several_pastes_are_numbered_and_sent_whole_in_their_places() -> None:
    async with typing_line("") as line:
        line.press("a ")
        line.paste(LONG)
        line.press(" b ")
        line.paste("y" * 2000)
        line.press(" c\r")
        assert await line.sent() == f"a {LONG} b {'y' * 2000} c"
        assert next(line.prompt.history.newest_first()) == f"a {LONG} b {'y' * 2000} c"


@pytest.mark.parametrize(("action", "key"), every_key("open-paste"))
async def test_a_key_opens_the_paste_at_the_cursor(action: str, key: str) -> None:
    async with typing_line("") as line:
        line.paste(LONG)
        line.paste("y" * 2000)
        line.press("\x01" + key)
        await line.until(lambda: line.text == f"{LONG}[pasted text #2, 2,000 characters]")
        line.press("\x1f")
        await line.until(lambda: line.text == f"{MARK}[pasted text #2, 2,000 characters]")
        line.press("\r")
        assert await line.sent() == LONG + "y" * 2000


@pytest.mark.parametrize(("action", "key"), every_key("paste"))
async def test_a_key_inserts_the_text_in_the_clipboard(action: str, key: str) -> None:
    held = ["mid"]

    async def read_clipboard() -> str:
        return held.pop() if held else ""

    async with typing_line("ab", read_clipboard=read_clipboard) as line:
        line.press("\x1b[D" + key)
        await line.until(lambda: line.text == "amidb")
        line.press(key + "\r")
        assert await line.sent() == "amidb"


async def test_that_key_reads_the_clipboard_once_at_a_time_and_typing_goes_on() -> None:
    asked, comes = [], asyncio.Event()

    async def read_clipboard() -> str:
        asked.append(True)
        await comes.wait()
        return LONG

    async with typing_line("", read_clipboard=read_clipboard) as line:
        line.press("\x16\x16a")
        await line.until(lambda: line.text == "a")
        comes.set()
        await line.until(lambda: line.text == f"a{MARK}")
        assert len(asked) == 1


async def test_without_a_clipboard_that_key_does_nothing() -> None:
    async with typing_line() as line:
        assert await line.gives("a\x16b\r") == "ab"


async def test_without_a_paste_that_key_does_nothing() -> None:
    async with typing_line() as line:
        assert await line.gives("ab\x0fc\r") == "abc"


@pytest.mark.parametrize(
    "keys",
    [
        "\x7f",
        "\x17",
        "\x1b\x7f",
        "\x1b[D\x1b[3~",
        "\x01\x1b[3~",
        "\x01\x1bd",
        "\x1b[1;2D\x7f",
        "\x02\x04",
        "\x01\x1bc",
    ],
)
async def test_deleting_a_part_deletes_the_whole_and_undo_brings_it_back(keys: str) -> None:
    async with typing_line("") as line:
        line.paste(LONG)
        await line.until(lambda: line.text == MARK)
        line.press(keys)
        await line.until(lambda: "pasted text" not in line.text)
        await line.press_until("\x1f", MARK)
        line.press("\r")
        assert await line.sent() == LONG


async def test_what_is_typed_beside_a_mark_stays() -> None:
    async with typing_line("") as line:
        line.press("]")
        line.paste(LONG)
        line.press("]")
        await line.press_until("\x7f", f"]{MARK}")
        await line.press_until("\x7f", "]")


async def test_the_cursor_steps_over_a_mark() -> None:
    async with typing_line("") as line:
        line.paste(LONG)
        await line.press_until("\x1b[Da\x1b[Cb", f"a{MARK}b")


async def test_a_mark_in_the_text_given_back_is_folded_again() -> None:
    async with typing_line("") as line:
        line.paste(LONG)
        line.press("\r")
        whole = await line.sent()
        line.start(default=whole)
        await line.until(lambda: line.text == MARK)
        line.press("\r")
        assert await line.sent() == LONG


async def test_history_gives_the_whole_text() -> None:
    async with typing_line("") as line:
        line.paste(LONG)
        line.press("\r")
        await line.sent()
        assert await line.gives("\x1b[A\r") == LONG


async def test_going_through_history_and_back_keeps_the_mark() -> None:
    async with typing_line("") as line:
        line.prompt.history.add("earlier")
        line.paste(LONG)
        line.press("\x1b[5~\x1b[6~\r")
        assert await line.sent() == LONG


async def test_bytes_that_are_no_text_are_replaced() -> None:
    async with typing_line() as line:
        line.start()
        line.prompt.input.send_bytes(b"a\xffb\r")  # type: ignore[attr-defined]
        assert await line.sent() == "a\ufffdb"


@given(st.text("ab[]\n", max_size=5), st.text("ab[]\n", max_size=5), st.data())
def test_any_deletion_leaves_a_whole_mark_or_none(before: str, after: str, data: st.DataObject) -> None:
    pastes = Pastes()
    mark = pastes.take(LONG)
    old = before + mark + after
    start = data.draw(st.integers(0, len(old)))
    end = data.draw(st.integers(start, len(old)))
    new = old[:start] + old[end:]
    text = (pastes.mend(old, new, start) or (new, 0))[0]
    outside = [old[:start][: len(before)], old[max(end, len(before) + len(mark)) :]]
    is_hit = start < end and start < len(before) + len(mark) and end > len(before)
    assert text == (outside[0] + outside[1] if is_hit else new)
