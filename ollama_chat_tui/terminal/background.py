"""Is the terminal dark or light? Asked once, and the answer never reaches the prompt, however late."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TextIO

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead

if TYPE_CHECKING:
    from ollama_chat_tui.terminal.theme import ThemeName

TIMEOUT_S = 0.05

# OSC 11 asks for the background; DA1, which every terminal answers, tells that no answer will follow.
_QUESTION = "\x1b]11;?\x1b\\\x1b[c"
_ANSWER = re.compile(
    r"\x1b\]11;(?:rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4}))?[^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b\[\?[\d;]*c"
)
# What may be the beginning of an answer whose rest has not been read yet. A lone escape is a key.
_BEGUN = re.compile(r"\x1b(?:\]1?1?[^\x07\x1b]*\x1b?|\[(?:\?[\d;]*)?)\Z")


class StdinReader(Protocol):
    """What is needed of prompt_toolkit's reader of the tty."""

    @property
    def closed(self) -> bool: ...

    def read(self, count: int = 1024) -> str: ...


class _Answers:
    """Stands before prompt_toolkit's reader of the tty and keeps the terminal's answers to itself."""

    def __init__(self, reader: StdinReader) -> None:
        self._reader = reader
        self._held = ""
        self.luminance: float | None = None
        self.is_answered = False

    @property
    def closed(self) -> bool:
        return self._reader.closed

    def read(self, count: int = 1024) -> str:
        text = self._held + self._reader.read(count)
        begun = _BEGUN.search(text)
        self._held = begun[0] if begun else ""
        return _ANSWER.sub(self._note, text[: begun.start()] if begun else text)

    def _note(self, answer: re.Match[str]) -> str:
        if answer[1]:
            red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in answer.groups())
            self.luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        elif "?" in answer[0]:
            self.is_answered = True
        return ""


class Background:
    """What the terminal says of its background, as far as it has been read.

    The answer is kept from whoever reads the keyboard: a prompt, an answer's keys, or `listen`.
    """

    def __init__(self, keyboard: Input, answers: _Answers | None = None) -> None:
        self._keyboard = keyboard
        self._answers = answers
        self._patience_ends_s = time.monotonic() + TIMEOUT_S

    @property
    def name(self) -> ThemeName:
        """Dark as long as nothing else is known."""
        return "light" if self._answers and (self._answers.luminance or 0) > 0.5 else "dark"

    def listen(self) -> None:
        """Read what is there, and wait until 50 ms after the question; keys wait for the prompt.

        To be called when nobody else reads.
        """
        answers, keyboard = self._answers, self._keyboard
        if answers is None:
            return
        with keyboard.raw_mode():
            left_s = TIMEOUT_S
            while not answers.is_answered and left_s >= 0:
                left_s = self._patience_ends_s - time.monotonic()
                if select.select([keyboard.fileno()], [], [], max(0, left_s))[0]:
                    store_typeahead(keyboard, keyboard.read_keys())


def ask_background(keyboard: Input, output: TextIO, variables: Mapping[str, str]) -> Background:
    """Ask the terminal, without waiting for the answer.

    Not asked where an answer would take longer than we wait: over SSH, and from a console that has none.
    """
    reader = getattr(keyboard, "stdin_reader", None)
    if (
        reader is None
        or variables.get("SSH_CONNECTION")
        or variables.get("TERM", "dumb") in ("dumb", "linux")
    ):
        return Background(keyboard)
    answers = _Answers(reader)
    keyboard.stdin_reader = answers  # type: ignore[attr-defined]
    output.write(_QUESTION)
    output.flush()
    return Background(keyboard, answers)
