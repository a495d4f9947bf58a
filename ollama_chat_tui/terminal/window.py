"""The terminal's window beside its text: its title, and a call for somebody who looks elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.sanitize import sanitize_line

_SAVE_TITLE, _GET_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"


class Window:
    """Writes nothing to a terminal that would show it as text."""

    def __init__(self, output: TextIO, variables: Mapping[str, str], *, has_title: bool, calls: bool) -> None:
        self._output = output
        self._has_title = has_title and not is_dumb(variables)
        self._calls = calls and not is_dumb(variables)

    @contextmanager
    def titled(self) -> Iterator[None]:
        """While inside the title is ours; afterwards it is what it was, where the terminal remembers it."""
        self._write(_SAVE_TITLE, self._has_title)
        try:
            yield
        finally:
            self._write(_GET_TITLE_BACK, self._has_title)

    def name(self, text: str) -> None:
        """Give the window a title."""
        self._write(f"\x1b]2;{sanitize_line(text)}\x1b\\", self._has_title)

    def call(self, text: str) -> None:
        """Ring, and show a notification where the terminal has them (OSC 9)."""
        self._write(f"\x1b]9;{sanitize_line(text)}\x1b\\\a", self._calls)

    def _write(self, sequence: str, is_wanted: bool) -> None:
        if is_wanted:
            self._output.write(sequence)
            self._output.flush()
