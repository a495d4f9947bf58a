"""Where the program's own texts go, whatever stands on the screen: a prompt, an answer, or neither."""

from __future__ import annotations

from typing import TextIO

from prompt_toolkit.application import get_app_or_none, run_in_terminal

from ollama_chat_tui.terminal.answers import Answers


class Outlet:
    """Writes whole lines above the prompt or between the rows of an answer; fits `notices.TextSink`."""

    def __init__(self, stream: TextIO, answers: Answers) -> None:
        self._stream = stream
        self._answers = answers

    def isatty(self) -> bool:
        return self._stream.isatty()

    def write(self, text: str, /) -> None:
        """Show `text`, which ends with a newline; it is on the screen at the latest with the next frame."""
        if self._answers.say(text):
            return
        if get_app_or_none():
            run_in_terminal(lambda: self._write(text))
        else:
            self._write(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
