"""A prompt whose keys a test presses: prompt_toolkit's pipe input, output to nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

from ollama_chat_tui.terminal.prompt import Prompt, PromptOptions

LIMIT_S = 10


class TypingLine:
    """A prompt that is being read."""

    def __init__(self, prompt: Prompt, keys: PipeInput) -> None:
        self.prompt = prompt
        self._keys = keys
        self._reading: asyncio.Task[str | BaseException] | None = None

    @property
    def buffer(self) -> Buffer:
        return self.prompt._session.default_buffer

    @property
    def text(self) -> str:
        return self.buffer.text

    @property
    def menu(self) -> list[str]:
        state = self.buffer.complete_state
        return [each.text for each in state.completions] if state else []

    def start(self, default: str = "") -> None:
        self._reading = asyncio.create_task(self._read(default))

    async def _read(self, default: str) -> str | BaseException:
        try:
            return await self.prompt.read(default)
        except (KeyboardInterrupt, EOFError) as error:  # out of a task the first would end the loop
            return error

    def press(self, keys: str) -> None:
        self._keys.send_text(keys)

    def paste(self, text: str) -> None:
        self.press(f"\x1b[200~{text}\x1b[201~")

    async def until(self, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not holds():  # noqa: ASYNC110 - no event tells of every state a test asks for
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"in vain; the text is {self.text!r}, the menu {self.menu}") from None

    def when_ended(self, action: Callable[[], None]) -> None:
        """Call `action` as soon as it is decided how the reading ends; it has yet to clear up."""
        future = self.prompt._session.app.future
        assert future
        future.add_done_callback(lambda _: action())

    async def press_until(self, keys: str, text: str) -> None:
        self.press(keys)
        await self.until(lambda: self.text == text)

    async def sent(self) -> str:
        result = await self.end()
        assert isinstance(result, str), result
        return result

    async def end(self) -> str | BaseException:
        """How the reading ended."""
        assert self._reading
        async with asyncio.timeout(LIMIT_S):
            return await self._reading

    async def ends_with(self, error: type[BaseException]) -> None:
        assert isinstance(await self.end(), error)

    async def gives(self, keys: str, default: str = "") -> str:
        """What is sent when these keys are pressed."""
        self.start(default)
        self.press(keys)
        return await self.sent()


@asynccontextmanager
async def typing_line(default: str | None = None, **options: Any) -> AsyncIterator[TypingLine]:
    """Open a prompt; with a `default` it is being read already."""
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    with create_pipe_input() as keys:
        prompt = Prompt(PromptOptions(input=keys, output=DummyOutput(), **options))
        line = TypingLine(prompt, keys)
        if default is not None:
            line.start(default)
            await line.until(lambda: prompt._session.app.is_running)
        try:
            yield line
        finally:
            if line._reading and not line._reading.done():
                prompt.stop()
                await asyncio.wait([line._reading])
    assert failures == []
