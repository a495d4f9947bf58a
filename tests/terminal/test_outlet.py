"""The program's own texts reach the terminal whatever stands on it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from ollama_chat_tui.terminal.outlet import Outlet
from tests.terminal.whole_path import TtyIO
from tests.waiting import until


class Answers:
    """Shows an answer, or none."""

    def __init__(self, *, is_showing: bool) -> None:
        self.is_showing = is_showing
        self.said: list[str] = []

    def say(self, text: str) -> bool:
        if self.is_showing:
            self.said.append(text)
        return self.is_showing

    def replayed(self, conversation: object, pictures: object) -> str:
        raise NotImplementedError

    def rendered(self, markdown: str) -> str:
        raise NotImplementedError

    def aside(self) -> AbstractAsyncContextManager[None]:
        raise NotImplementedError

    async def show(self, turn: object, typed: object) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("is_showing", [True, False])
def test_an_answer_has_it_between_its_rows_and_nothing_else_has_it(is_showing: bool) -> None:
    stream, answers = TtyIO(), Answers(is_showing=is_showing)
    outlet = Outlet(stream, answers)
    assert outlet.isatty()
    outlet.write("news\n")
    outlet.flush()
    assert (answers.said, stream.getvalue()) == ((["news\n"], "") if is_showing else ([], "news\n"))


@pytest.mark.parametrize("is_showing", [True, False])
def test_a_picture_does_not_come_between_the_rows_of_an_answer(is_showing: bool) -> None:
    stream, answers = TtyIO(), Answers(is_showing=is_showing)
    Outlet(stream, answers).write("news\n", "picture")
    assert (answers.said, stream.getvalue()) == ((["news\n"], "") if is_showing else ([], "news\npicture"))


async def test_it_stands_above_a_prompt_that_goes_on() -> None:
    stream = TtyIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        session: PromptSession[str] = PromptSession()
        reading = asyncio.create_task(session.prompt_async(">>> "))
        await until(lambda: session.app.is_running)
        keyboard.send_text("half")
        await until(lambda: session.default_buffer.text == "half")
        Outlet(stream, Answers(is_showing=False)).write("news\n")
        await until(lambda: stream.getvalue() == "news\n")
        keyboard.send_text(" whole\r")
        assert await asyncio.wait_for(reading, 20) == "half whole"
