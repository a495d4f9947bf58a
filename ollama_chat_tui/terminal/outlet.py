"""Where the program's own texts go, whatever stands on the screen: a prompt, an answer, or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, TextIO

from prompt_toolkit.application import Application, get_app_or_none, in_terminal

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.terminal.answers import Answers


class Outlet:
    """Writes whole lines above the prompt or between the rows of an answer; fits `notices.TextSink`."""

    def __init__(self, stream: TextIO, answers: Answers) -> None:
        self._stream = stream
        self._answers = answers
        self._one_by_one = asyncio.Lock()
        self._printing: set[asyncio.Future[None]] = set()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str, /, picture: str = "") -> None:
        """Show `text`, which ends with a newline; it is on the screen at the latest with the next frame.

        A `picture` comes below it, but not between the rows of an answer, which are counted.
        """
        if self._answers.say(text):
            return
        text += picture
        if app := get_app_or_none():
            printing = asyncio.ensure_future(self._print_above(app, text))
            self._printing.add(printing)
            printing.add_done_callback(self._printing.discard)
        else:
            self._write(text)

    def replay(self, conversation: Conversation, pictures: Mapping[str, str]) -> None:
        """Show the last turns of a conversation as they looked, with the pictures of images by SHA-256."""
        if text := self._answers.replayed(conversation, pictures):
            self.write(text)

    def flush(self) -> None:
        """Nothing is held back."""

    async def _print_above(self, app: Application[Any], text: str) -> None:
        """Print above the prompt of `app`.

        prompt_toolkit would go back to the tty's line mode meanwhile, where a key typed in that moment is
        echoed and Enter is another key: its raw mode stays.
        """
        async with self._one_by_one:
            keyboard = app.input
            keyboard.cooked_mode = keyboard.raw_mode  # type: ignore[method-assign]
            try:
                async with in_terminal():
                    self._write(text)
            finally:
                del keyboard.cooked_mode

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
