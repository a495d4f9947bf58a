"""The terminal's window beside its text: its title, and a call for somebody who looks elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from ollama_chat_tui.environment import APP_NAME
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.focus import Focus
from ollama_chat_tui.terminal.sanitize import sanitize_line

_SAVE_TITLE, _GET_TITLE_BACK = "\x1b[22;2t", "\x1b[23;2t"


class Window:
    """Writes nothing to a terminal that would show it as text.

    Attributes:
        focus: what the terminal tells of it; None when nobody has to know.
    """

    def __init__(self, output: TextIO, variables: Mapping[str, str], *, has_title: bool, calls: bool) -> None:
        self._output = output
        self._variables = variables
        self._has_title = has_title and not is_dumb(variables)
        self._title = ""
        self.focus = Focus() if calls and not is_dumb(variables) else None

    @contextmanager
    def titled(self) -> Iterator[None]:
        """While inside the title is ours; afterwards it is what it was, where the terminal remembers it."""
        self._write(_SAVE_TITLE, self._has_title)
        try:
            yield
        finally:
            self._write(_GET_TITLE_BACK, self._has_title)

    def name(self, text: str) -> None:
        """Give the window a title, unless it has it."""
        if text != self._title:
            self._title = text
            self._write(f"\x1b]2;{sanitize_line(text)}\x1b\\", self._has_title)

    def call(self, text: str) -> None:
        """Ring, and show a notification where the terminal has them, unless somebody is seen to look."""
        if self.focus and not self.focus.is_here:
            self._write(f"{notification(text, self._variables)}\a", True)

    def _write(self, sequence: str, is_wanted: bool) -> None:
        if is_wanted:
            self._output.write(sequence)
            self._output.flush()


def notification_code(variables: Mapping[str, str]) -> int:
    """The operating system command (OSC) that notifies in this terminal; those that have none swallow it.

    kitty has its own (99); rxvt, foot and those of VTE have urxvt's (777); the rest that have any know
    iTerm2's (9).
    """
    term, in_tmux = variables.get("TERM", ""), "TMUX" in variables  # it hands on what it was started from
    if term.startswith("xterm-kitty") or ("KITTY_WINDOW_ID" in variables and not in_tmux):
        return 99
    if term.startswith(("rxvt", "foot")) or ("VTE_VERSION" in variables and not in_tmux):
        return 777
    return 9


def notification(text: str, variables: Mapping[str, str]) -> str:
    """The sequence that shows `text` in the way of this terminal."""
    said = {
        99: f";{APP_NAME}: ",
        777: f"notify;{APP_NAME};",
        9: f"{APP_NAME}: ",  # a text that begins with a number is a command to ConEmu
    }
    code = notification_code(variables)
    return f"\x1b]{code};{said[code]}{sanitize_line(text)}\x1b\\"
