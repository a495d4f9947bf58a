"""What is typed while the model answers: one line that can be edited, and prompts queued from it.

Turns keys into text, never text into bytes for the tty: `row` shows what is typed with every control
character made visible. Knows no terminal and no clock.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.utils import get_cwidth

DIM, PLAIN = "\x1b[2m", "\x1b[0m"
MARK = "› "
NEWLINE_SIGN = "⏎"
WIDE_ENOUGH_FOR_WORDS = 40

_NEWLINES = re.compile("\r\n?|[\u2028\u2029\x85\v\f]")
_SURROGATES = re.compile(
    "[\ud800-\udfff]"
)  # bytes that are no UTF-8, as prompt_toolkit's reader returns them
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"


class Request(Enum):
    """What a key asks of somebody else than the line."""

    STOP = auto()
    SUSPEND = auto()
    REDRAW = auto()


class EditBuffer:
    """A text and a place in it. Newlines are characters like any other."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0

    def replace(self, text: str) -> None:
        """Edit `text` from its end."""
        self.text, self.cursor = text, len(text)

    def insert(self, text: str) -> None:
        """Put `text` before the cursor, with the newlines of all systems as one kind."""
        text = _SURROGATES.sub("\ufffd", _NEWLINES.sub("\n", text))
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def move_to(self, place: int) -> None:
        """Put the cursor at `place`, or at the nearest end."""
        self.cursor = max(0, min(place, len(self.text)))

    def cut(self, start: int, end: int) -> None:
        """Remove what stands between two places; the cursor is left at the first."""
        self.move_to(start)
        self.text = self.text[: self.cursor] + self.text[end:]

    def left(self) -> None:
        """Go back by a character."""
        self.move_to(self.cursor - 1)

    def right(self) -> None:
        """Go on by a character."""
        self.move_to(self.cursor + 1)

    def home(self) -> None:
        """Go to the beginning."""
        self.move_to(0)

    def end(self) -> None:
        """Go to the end."""
        self.move_to(len(self.text))

    def word_left(self) -> None:
        """Go to the beginning of the word."""
        self.move_to(self._word_start())

    def word_right(self) -> None:
        """Go to the end of the word."""
        self.move_to(self._word_end())

    def backspace(self) -> None:
        """Remove the character before the cursor."""
        self.cut(self.cursor - 1, self.cursor)

    def delete(self) -> None:
        """Remove the character at the cursor."""
        self.cut(self.cursor, self.cursor + 1)

    def delete_word_before(self) -> None:
        """Remove back to the beginning of the word."""
        self.cut(self._word_start(), self.cursor)

    def delete_word_after(self) -> None:
        """Remove on to the end of the word."""
        self.cut(self.cursor, self._word_end())

    def delete_before(self) -> None:
        """Remove all before the cursor."""
        self.cut(0, self.cursor)

    def delete_after(self) -> None:
        """Remove all from the cursor on."""
        self.cut(self.cursor, len(self.text))

    def new_line(self) -> None:
        """Put a newline before the cursor."""
        self.insert("\n")

    def _word_start(self) -> int:
        place = len(self.text[: self.cursor].rstrip())
        while place and not self.text[place - 1].isspace():
            place -= 1
        return place

    def _word_end(self) -> int:
        place = len(self.text) - len(self.text[self.cursor :].lstrip())
        while place < len(self.text) and not self.text[place].isspace():
            place += 1
        return place


Edit = Callable[[EditBuffer], None]

_EDITS: dict[Keys | str, Edit] = {
    Keys.Backspace: EditBuffer.backspace,
    Keys.Delete: EditBuffer.delete,
    Keys.ControlD: EditBuffer.delete,
    Keys.Left: EditBuffer.left,
    Keys.ControlB: EditBuffer.left,
    Keys.Right: EditBuffer.right,
    Keys.ControlF: EditBuffer.right,
    Keys.Home: EditBuffer.home,
    Keys.ControlA: EditBuffer.home,
    Keys.End: EditBuffer.end,
    Keys.ControlE: EditBuffer.end,
    Keys.ControlLeft: EditBuffer.word_left,
    Keys.ControlRight: EditBuffer.word_right,
    Keys.ControlU: EditBuffer.delete_before,
    Keys.ControlK: EditBuffer.delete_after,
    Keys.ControlW: EditBuffer.delete_word_before,
}
_EDITS_WITH_ALT: dict[Keys | str, Edit] = {
    "b": EditBuffer.word_left,
    Keys.Left: EditBuffer.word_left,
    "f": EditBuffer.word_right,
    Keys.Right: EditBuffer.word_right,
    "d": EditBuffer.delete_word_after,
    Keys.Backspace: EditBuffer.delete_word_before,
    Keys.Enter: EditBuffer.new_line,
}
_REQUESTS: dict[Keys | str, Request] = {
    Keys.Escape: Request.STOP,
    Keys.ControlC: Request.STOP,
    Keys.ControlZ: Request.SUSPEND,
    Keys.ControlL: Request.REDRAW,
}


class TypeAhead:
    """The typed line and the prompts queued with Enter.

    Up takes the last queued prompt back into the line, Enter or Down puts it in the queue again. Whatever
    stood in the line meanwhile waits aside and comes back, so that no key loses text.
    """

    def __init__(self) -> None:
        self.buffer = EditBuffer()
        self.queued: list[str] = []
        self._aside: list[str] = []

    @property
    def unfinished_text(self) -> str:
        """What is typed and not entered; more than one line when prompts were taken back."""
        return "\n".join(filter(None, [self.buffer.text, *reversed(self._aside)]))

    def take_unfinished(self) -> str:
        """Empty the line and return what stood in it."""
        text = self.unfinished_text
        self.buffer.replace("")
        self._aside.clear()
        return text

    def press(self, keys: Iterable[KeyPress]) -> list[Request]:
        """Apply `keys`, read in one piece, and return what they ask of others.

        An Escape with another key behind it in the same piece is that key with Alt, not a stop.
        """
        requests: list[Request] = []
        alt = False
        for key in keys:
            if alt and key.key not in _REQUESTS:
                if edit := _EDITS_WITH_ALT.get(key.key):
                    edit(self.buffer)
                alt = False
                continue
            if alt:
                requests.append(Request.STOP)
            alt = key.key == Keys.Escape
            if not alt:
                requests += self._press(key)
        if alt:
            requests.append(Request.STOP)
        return requests

    def row(self, columns: int) -> tuple[str, int]:
        """Return the line as a row of at most `columns` cells, and the cursor's column in it."""
        lead = ""
        if self.queued:
            count = len(self.queued)
            lead = f"{count} queued " if columns >= WIDE_ENOUGH_FOR_WORDS else f"+{count} "
        lead += MARK
        text, cursor = self._window(columns - get_cwidth(lead))
        return f"{DIM}{lead}{PLAIN}{text}", get_cwidth(lead) + cursor

    def _press(self, key: KeyPress) -> Sequence[Request]:
        if request := _REQUESTS.get(key.key):
            return [request]
        if edit := _EDITS.get(key.key):
            edit(self.buffer)
        elif key.key in (Keys.Enter, Keys.ControlJ):
            self._enter()
        elif key.key == Keys.Up:
            self._take_back()
        elif key.key == Keys.Down and self._aside:
            self._enter()
        elif key.key == Keys.BracketedPaste or not isinstance(key.key, Keys):
            self.buffer.insert(key.data)
        return []

    def _enter(self) -> None:
        if self.buffer.text.strip():
            self.queued.append(self.buffer.text)
        self.buffer.replace(self._aside.pop() if self._aside else "")

    def _take_back(self) -> None:
        if self.queued:
            # An empty line waits too: it may be what is left of a prompt taken back before.
            if self.buffer.text or self._aside:
                self._aside.append(self.buffer.text)
            self.buffer.replace(self.queued.pop())

    def _window(self, cells: int) -> tuple[str, int]:
        """Return the part of the text around the cursor that fits, and the cursor's column in it."""
        before, after = self.buffer.text[: self.buffer.cursor], self.buffer.text[self.buffer.cursor :]
        beside = max(1, get_cwidth(_fitting(after, cells // 4)))  # the cursor has a cell at the very end, too
        shown_before = _fitting(reversed(before), cells - beside)[::-1]
        column = get_cwidth(shown_before)
        return shown_before + _fitting(after, cells - column), column


def _fitting(text: Iterable[str], cells: int) -> str:
    return "".join(_take_cells(text, cells))


def _take_cells(text: Iterable[str], cells: int) -> Iterator[str]:
    for char in text:
        sign = _visible(char)
        cells -= get_cwidth(sign)
        if cells < 0:
            return
        yield sign


def _visible(char: str) -> str:
    if " " <= char <= "~" or char in _JOINERS:
        return char
    if char == "\n":
        return NEWLINE_SIGN
    if char < " ":
        return chr(0x2400 + ord(char))  # the block of control pictures
    return "\ufffd" if unicodedata.category(char) in _INVISIBLE else char
