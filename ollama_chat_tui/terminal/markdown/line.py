"""One source line: a cursor over its indentation, and the patterns by which blocks begin."""

from __future__ import annotations

import re
from typing import Final

HEADING: Final = re.compile(r"(#{1,6})(?:[ \t]+|\Z)")
FENCE: Final = re.compile(r"(`{3,})([^`]*)\Z|(~{3,})(.*)\Z")
RULE: Final = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})\Z")
ITEM: Final = re.compile(r"(?:([-+*])|(\d{1,9})([.)]))(?=[ \t]|\Z)")
FOOTNOTE: Final = re.compile(r"\[\^([^\]\s]+)\]:[ \t]*")
TASK: Final = re.compile(r"\[([ xX])\][ \t]+(?=\S)")
# A line of nothing else may still become a rule, a list item or the second row of a table.
UNDECIDED: Final = re.compile(r"[-*_=|:+ \t]*\Z|\$\$|\\\[|`{3}|~{3}")

_CODE_INDENT: Final = 4


class Line:
    """A line, read from the left: containers take their part, the rest is content.

    Tabs in the indentation count to the next multiple of four; those in the content stay.
    """

    __slots__ = ("_column", "indent", "rest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.rest = text
        self.indent = 0
        self._column = 0
        self._measure()

    def _measure(self) -> None:
        """Expand the blanks at the front, and count them."""
        rest = self.rest
        if rest[:1] not in {" ", "\t"}:
            self.indent = 0
            return
        content = rest.lstrip(" \t")
        blanks = rest[: len(rest) - len(content)]
        if "\t" in blanks:
            column = self._column
            for character in blanks:
                column += _CODE_INDENT - column % _CODE_INDENT if character == "\t" else 1
            blanks = " " * (column - self._column)
            self.rest = blanks + content
        self.indent = len(blanks)

    @property
    def content(self) -> str:
        """The line without its indentation."""
        return self.rest[self.indent :]

    @property
    def is_blank(self) -> bool:
        return not self.rest.strip(" \t")

    @property
    def is_code(self) -> bool:
        """Whether it is indented like code."""
        return self.indent >= _CODE_INDENT

    def take(self, count: int) -> None:
        """Go on behind the next characters of the content or blanks of the indentation."""
        self._column += count
        self.rest = self.rest[count:]
        self._measure()

    def take_quote(self) -> bool:
        """Take a quote's mark and one blank after it, if they are there."""
        if self.is_code or not self.content.startswith(">"):
            return False
        self.take(self.indent + 1)
        if self.indent:
            self.take(1)
        return True
