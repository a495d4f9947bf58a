"""What the terminal tells of itself: asked once, and the answer never reaches the prompt, however late."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import store_typeahead

TIMEOUT_S: Final = 0.05

_BACKGROUND: Final = "\x1b]11;?\x1b\\"
# A picture of one pixel, which is not to be shown (a=q). A terminal that knows no such sequences may write
# it out: so the cursor goes back to where it was and wipes the rest of its row.
_KITTY_GRAPHICS: Final = "\x1b7\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b8\x1b[K"
_CELL_SIZE: Final = "\x1b[16t"
# DA1, which every terminal answers, tells that no answer will follow, and whether sixels are understood (4).
_ATTRIBUTES: Final = "\x1b[c"
_ANSWER: Final = re.compile(
    r"\x1b\]11;(?:rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4}))?[^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b_G(?P<kitty>[^\x1b]*)\x1b\\"
    r"|\x1b\[6;(?P<height>\d{1,4});(?P<width>\d{1,4})t"
    r"|\x1b\[\?(?P<attributes>[\d;]*)c"
)
# What may be the beginning of an answer whose rest has not been read yet. A lone escape is a key.
_BEGUN: Final = re.compile(
    r"\x1b(?:\]1?1?[^\x07\x1b]*\x1b?|_(?:G[^\x1b]*\x1b?)?|\[(?:\?[\d;]*|6(?:;[\d;]*)?)?)\Z"
)
_WITHOUT_PICTURES: Final = frozenset({"Apple_Terminal"})
_SIXEL: Final = "4"


@dataclass
class Told:
    """What is known of the terminal so far: an answer that comes late is still noted.

    Attributes:
        luminance: of the background, 0 to 1.
        is_answered: whether it said anything at all.
        cell_px: width and height of a character cell.
    """

    luminance: float | None = None
    is_answered: bool = False
    has_kitty_graphics: bool = False
    has_sixel: bool = False
    cell_px: tuple[int, int] | None = None

    def note(self, answer: re.Match[str]) -> str:
        """Take one answer out of what was read."""
        if answer[1]:
            red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in answer.groups()[:3])
            self.luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        elif answer["kitty"]:
            self.has_kitty_graphics = answer["kitty"] == "i=31;OK"
        elif answer["height"]:
            size = int(answer["width"]), int(answer["height"])
            self.cell_px = size if min(size) > 0 else None
        elif answer["attributes"] is not None:
            self.is_answered = True
            self.has_sixel = _SIXEL in answer["attributes"].split(";")[1:]
        return ""


class StdinReader(Protocol):
    """What is needed of prompt_toolkit's reader of the tty."""

    @property
    def closed(self) -> bool: ...

    def read(self, count: int = 1024) -> str: ...


class _AnswerFilter:
    """Stands before prompt_toolkit's reader of the tty and keeps the terminal's answers to itself."""

    def __init__(self, reader: StdinReader) -> None:
        self._reader = reader
        self._held = ""
        self.told = Told()

    @property
    def closed(self) -> bool:
        return self._reader.closed

    def read(self, count: int = 1024) -> str:
        text = self._held + self._reader.read(count)
        begun = _BEGUN.search(text)
        self._held = begun[0] if begun else ""
        return _ANSWER.sub(self.told.note, text[: begun.start()] if begun else text)


class Query:
    """What the terminal has told, as far as it has been read.

    The answer is kept from whoever reads the keyboard: a prompt, an answer's keys, or `listen`.
    """

    def __init__(self, keyboard: Input, answers: _AnswerFilter | None = None) -> None:
        self._keyboard = keyboard
        self._is_asked = answers is not None
        self._patience_ends_s = time.monotonic() + TIMEOUT_S
        self.told = answers.told if answers else Told()

    def listen(self) -> None:
        """Read what is there, and wait until 50 ms after the question; keys wait for the prompt.

        To be called when nobody else reads.
        """
        if not self._is_asked:
            return
        keyboard = self._keyboard
        with keyboard.raw_mode():
            left_s = TIMEOUT_S
            while not self.told.is_answered and left_s >= 0:
                left_s = self._patience_ends_s - time.monotonic()
                if select.select([keyboard.fileno()], [], [], max(0, left_s))[0]:
                    store_typeahead(keyboard, keyboard.read_keys())


def ask_terminal(keyboard: Input, output: TextIO, variables: Mapping[str, str]) -> Query:
    """Ask, without waiting for the answer; where it was asked before, not again.

    Not asked where an answer would take longer than we wait: over SSH, and from a console that has none.
    """
    reader = getattr(keyboard, "stdin_reader", None)
    if isinstance(reader, _AnswerFilter):
        return Query(keyboard, reader)
    if (
        reader is None
        or variables.get("SSH_CONNECTION")
        or variables.get("TERM", "dumb") in ("dumb", "linux")
    ):
        return Query(keyboard)
    answers = _AnswerFilter(reader)
    keyboard.stdin_reader = answers  # type: ignore[attr-defined]
    output.write(_question(variables))
    output.flush()
    return Query(keyboard, answers)


def _question(variables: Mapping[str, str]) -> str:
    # GNU screen hands such a sequence on to whatever terminal it is in, and keeps no picture.
    if variables.get("STY") or variables.get("TERM_PROGRAM") in _WITHOUT_PICTURES:
        return _BACKGROUND + _ATTRIBUTES
    return _BACKGROUND + _KITTY_GRAPHICS + _CELL_SIZE + _ATTRIBUTES
