"""JSON as it comes, one value a line, so that its lines can be shown while it grows."""

from __future__ import annotations

import re

_INDENT = "  "
_PIECES = re.compile(r'"|[{}\[\],:]|\s+|[^"{}\[\],:\s]+')
_IN_TEXT = re.compile(r'[^"\\]+|\\.?|"', re.DOTALL)


class JsonLines:
    """Feed it text in pieces of any length; what comes out is never taken back. It judges nothing.

    What follows a whole value stays as it is, but for the blanks at its end.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._is_in_text = False
        self._is_escaped = False
        self._is_just_open = False
        self._is_over = False
        self._blanks = ""

    def feed(self, text: str) -> str:
        """The same with new lines and indentation, each character once."""
        out: list[str] = []
        place = 0
        if text and self._is_escaped:  # the other half of an escape that was cut
            self._is_escaped = False
            out.append(text[0])
            place = 1
        while place < len(text) and not self._is_over:
            found = (_IN_TEXT if self._is_in_text else _PIECES).match(text, place)
            assert found is not None  # noqa: S101 - the patterns take any character
            place = found.end()
            out.append(self._in_text(found[0]) if self._is_in_text else self._outside(found[0]))
        return "".join(out) + self._afterwards(text[place:])

    def _in_text(self, piece: str) -> str:
        self._is_escaped = piece == "\\"
        self._is_in_text = piece != '"'
        return piece

    def _outside(self, piece: str) -> str:
        if piece.isspace():
            return ""
        if piece in "}]":
            self._depth = max(0, self._depth - 1)
            self._is_over = not self._depth
            before = "" if self._is_just_open else self._line()
            self._is_just_open = False
            return before + piece
        before = self._line() if self._is_just_open else ""
        self._is_just_open = piece in "{["
        if self._is_just_open:
            self._depth += 1
        elif piece == '"':
            self._is_in_text = True
        elif piece == ",":
            return f"{before},{self._line()}"
        elif piece == ":":
            return f"{before}: "
        return before + piece

    def _afterwards(self, text: str) -> str:
        text = self._blanks + text
        said = text.rstrip()
        self._blanks = text[len(said) :]
        return said

    def _line(self) -> str:
        return "\n" + _INDENT * self._depth
