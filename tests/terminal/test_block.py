from __future__ import annotations

import pytest

from ollama_chat_tui.terminal.block import is_open, without_marks
from tests.terminal.typing_line import typing_line


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ('"""one"""', "one"),
        ('"""\none\ntwo\n"""', "one\ntwo"),
        ('"""one\ntwo"""', "one\ntwo"),
        ('"""one\ntwo"""  ', "one\ntwo"),
        ('Look:\n"""\ncode\n"""', "Look:\ncode"),
        ('Look:\n"""\ncode\n"""\nand say', "Look:\ncode\nand say"),
        ('/set system """You are\na pirate"""', "/set system You are\na pirate"),
        ('a """word""" in a line', 'a """word""" in a line'),
        ('""""""', ""),
        ('"""\n"""', ""),
        ('"""\n\n\n"""', "\n"),
        ("plain", "plain"),
        ('"""a""" b"""', 'a""" b'),
    ],
)
def test_the_marks_are_not_sent(typed: str, sent: str) -> None:
    assert not is_open(typed)
    assert without_marks(typed) == sent


@pytest.mark.parametrize("typed", ['"""', '"""one', '"""\none """ two', '/set system """a', 'x\n"""', '""""'])
def test_an_open_block_is_known(typed: str) -> None:
    assert is_open(typed)
    assert without_marks(typed) == typed
    assert '"""' not in without_marks(typed, also_open=True).partition("one")[0]


async def test_enter_makes_lines_until_a_line_ends_with_the_mark() -> None:
    async with typing_line() as line:
        assert await line.gives('"""\rone\\\r\rtwo\r"""\r') == "one\\\n\ntwo"
        assert await line.gives('"""one"""\r') == "one"


async def test_an_empty_block_is_not_sent() -> None:
    async with typing_line("") as line:
        await line.press_until('"""\r"""\r!', '"""\n"""!')


async def test_pasted_quotes_are_the_texts_own() -> None:
    code = '"""Doc."""\nimport this'
    async with typing_line("") as line:
        line.paste(code)
        line.press("\r")
        assert await line.sent() == code


async def test_a_pasted_mark_alone_opens_a_block() -> None:
    async with typing_line("") as line:
        line.paste('"')
        await line.press_until('\x7f"""\ra\r', '"""\na\n')
        line.paste('"""')
        line.press("\r")
        assert await line.sent() == "a"


async def test_an_earlier_question_is_sent_as_it_was() -> None:
    async with typing_line() as line:
        line.prompt.history.add('"""Doc."""\nx')
        assert await line.gives("\x1b[A\r") == '"""Doc."""\nx'
        assert await line.gives("\r", default='"""a"""') == '"""a"""'
