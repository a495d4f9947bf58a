"""The terminal a picture is taken of: it knows dim text and says what its background is, as real ones do."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyte

from tests.pty_terminal import StrictScreen

BACKGROUNDS = {"dark": "1b1b/1d1d/2323", "light": "ffff/ffff/ffff"}
_DIM, _NORMAL_INTENSITY = 2, 22
_EXTENDED_COLOURS = (38, 48)


class Cell(NamedTuple):
    """One place of the screen: pyte's fields, which it sets by name, and the one it has not, `dim`.

    `data` is empty in the second half of a wide character.
    """

    data: str = " "
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    dim: bool = False


class PictureScreen(StrictScreen):
    """Holds `Cell`s, and answers the question for its background."""

    def __init__(self, columns: int, lines: int, background: str) -> None:
        self.background = background
        super().__init__(columns, lines)

    @property
    def default_char(self) -> Any:
        return Cell(reverse=pyte.modes.DECSCNM in self.mode)

    def reset(self) -> None:
        super().reset()
        self.cursor.attrs = self.default_char

    def select_graphic_rendition(self, *attrs: int) -> None:
        super().select_graphic_rendition(*attrs)
        codes = list(attrs or (0,))
        while codes:
            code = codes.pop(0)
            if code in _EXTENDED_COLOURS:
                del codes[: 2 if codes[:1] == [5] else 4]  # 5;N or 2;R;G;B
            elif code in (0, _DIM, _NORMAL_INTENSITY):
                look: Any = self.cursor.attrs  # a Cell, which pyte takes for its Char
                self.cursor.attrs = look._replace(dim=code == _DIM)

    def set_icon_name(self, param: str) -> None:
        """Answer OSC 11: pyte reads one digit of its number and takes it for OSC 1, with `;?` for a name."""
        if param == ";?":
            self.write_process_input(f"\x1b]11;rgb:{BACKGROUNDS[self.background]}\x1b\\")

    def rows(self) -> list[list[Cell]]:
        """Every cell of the screen."""
        buffer: Any = self.buffer
        return [[buffer[y][x] for x in range(self.columns)] for y in range(self.lines)]
