"""Is the terminal dark or light? Asked once, within 50 ms, and a late answer never reaches the prompt."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Mapping
from typing import Protocol, TextIO

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead

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


def ask_background(keyboard: Input, output: TextIO, variables: Mapping[str, str]) -> ThemeName:
    """Ask the terminal; dark when it does not answer. Keys typed meanwhile wait for the prompt.

    Not asked where an answer would take longer than we wait: over SSH, and from a console that has none.
    """
    reader = getattr(keyboard, "stdin_reader", None)
    if (
        reader is None
        or variables.get("SSH_CONNECTION")
        or variables.get("TERM", "dumb") in ("dumb", "linux")
    ):
        return "dark"
    answers = _Answers(reader)
    keyboard.stdin_reader = answers  # type: ignore[attr-defined]
    with keyboard.raw_mode():
        output.write(_QUESTION)
        output.flush()
        end = time.monotonic() + TIMEOUT_S
        while not answers.is_answered and (left := end - time.monotonic()) > 0:
            if select.select([keyboard.fileno()], [], [], left)[0]:
                store_typeahead(keyboard, keyboard.read_keys())
    return "light" if (answers.luminance or 0) > 0.5 else "dark"
