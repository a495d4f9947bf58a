"""A small picture in the chat: half blocks, sixels, or kitty's graphics.

Each is a text that is written at the beginning of a row and leaves the cursor at the beginning of the row
below the picture. Nothing in it comes from a file but colours, as numbers.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TextIO

from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.errors import AttachmentError
from ollama_chat_tui.media.aside import aside
from ollama_chat_tui.media.kind import HEAD_BYTES, sniff
from ollama_chat_tui.media.pixels import opened, plain
from ollama_chat_tui.terminal.graphics import Graphics, best_graphics
from ollama_chat_tui.terminal.query import Told
from ollama_chat_tui.terminal.theme import ColourDepth, colour_depth

if TYPE_CHECKING:
    from typing import BinaryIO

    from PIL.Image import Image as Picture

COLUMNS: Final = 40
ROWS: Final = 10
_USUAL_CELL_PX: Final = (8, 16)
_KITTY_CHUNK: Final = 4096
_SIXEL_COLOURS: Final = 128


class Thumbnails:
    """Makes thumbnails for one terminal; every one is empty where none can be shown."""

    def __init__(
        self, output: TextIO, told: Told, variables: Mapping[str, str], *, is_wanted: bool = True
    ) -> None:
        self._is_wanted = is_wanted and output.isatty()
        self._told = told
        self._depth = colour_depth(variables)

    async def of(self, image: Image, store: ImageStore, columns: int) -> str:
        """The picture of an image on a terminal so wide; empty: a sound, no Pillow, no bytes, or no way."""
        way = best_graphics(self._told, self._depth) if self._is_wanted else Graphics.NONE
        if way is Graphics.NONE or image.capability != "vision":
            return ""
        return await aside(lambda: self._read(image, store, columns, way))

    def _read(self, image: Image, store: ImageStore, columns: int, way: Graphics) -> str:
        try:
            file = store.open(image.sha256)
            if file is None:
                return ""
            with file:
                return thumbnail(file, way, self._told.cell_px, min(columns, COLUMNS), self._depth)
        except (AttachmentError, OSError):
            return ""  # what cannot be shown can still be sent


def thumbnail(
    file: BinaryIO, way: Graphics, cell_px: tuple[int, int] | None, columns: int, depth: ColourDepth
) -> str:
    """Make one, at most `columns` wide and `ROWS` high.

    Raises:
        AttachmentError: there is no Pillow, or it is no picture.
        OSError: it cannot be read.
    """
    kind = sniff(file.read(HEAD_BYTES))
    if kind is None or not kind.pillow or columns < 1:
        return ""
    file.seek(0)
    cell = cell_px or _USUAL_CELL_PX
    with opened(file, kind.pillow, "The picture") as image:
        box = columns * cell[0], ROWS * cell[1]
        image.draft("RGB", box)
        picture = plain(image).convert("RGB")
        if way is Graphics.BLOCKS:
            return half_blocks(picture, columns, cell, depth)
        small = picture.resize(fitted(picture.size, box), reducing_gap=3.0)
        return (kitty if way is Graphics.KITTY else sixel)(small, cell)


def fitted(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of the same shape within a box, never more than it is."""
    factor = min(1.0, box[0] / size[0], box[1] / size[1])
    return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def half_blocks(picture: Picture, columns: int, cell: tuple[int, int], depth: ColourDepth) -> str:
    """Two pixels in each cell: the upper one is ink, the lower one ground."""
    # Half a cell is not quite a square: the picture is measured as if it were.
    stretched = picture.width, round(picture.height * cell[0] * 2 / cell[1])
    width, height = fitted((stretched[0], max(1, stretched[1])), (columns, ROWS * 2))
    height += height % 2
    pixels = picture.resize((width, height), reducing_gap=3.0).tobytes()
    rows = []
    for top in range(0, height, 2):
        row = []
        for x in range(width):
            upper, lower = (
                tuple(pixels[at : at + 3]) for at in ((top * width + x) * 3, ((top + 1) * width + x) * 3)
            )
            row.append(f"\x1b[38;{_colour(upper, depth)};48;{_colour(lower, depth)}m▀")
        rows.append("".join(row) + "\x1b[0m\n")
    return "".join(rows)


def kitty(picture: Picture, cell: tuple[int, int]) -> str:
    """A PNG in chunks of base64; the cursor stays (C=1), and the terminal is told not to answer (q=2)."""
    out = io.BytesIO()
    picture.save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    chunks = [data[at : at + _KITTY_CHUNK] for at in range(0, len(data), _KITTY_CHUNK)]
    keys = "a=T,f=100,q=2,C=1,"
    written = []
    for number, chunk in enumerate(chunks, 1):
        written.append(f"\x1b_G{keys}m={int(number < len(chunks))};{chunk}\x1b\\")
        keys = "q=2,"
    return _placed("".join(written), -(-picture.height // cell[1]))


def sixel(picture: Picture, cell: tuple[int, int]) -> str:
    """Bands of six rows; within a band, a line for each of its colours."""
    from PIL.Image import Dither

    width, height = picture.size
    few = picture.quantize(_SIXEL_COLOURS, dither=Dither.FLOYDSTEINBERG)
    palette, pixels = few.getpalette() or [], few.tobytes()
    bands = []
    for top in range(0, height, 6):
        lines: dict[int, bytearray] = {}
        for bit, y in enumerate(range(top, min(top + 6, height))):
            for x, colour in enumerate(pixels[y * width : (y + 1) * width]):
                lines.setdefault(colour, bytearray(b"?" * width))[x] += 1 << bit
        bands.append("$".join(f"#{colour}{_shortened(line)}" for colour, line in lines.items()))
    colours = "".join(
        f"#{at // 3};2;" + ";".join(str(round(part * 100 / 255)) for part in palette[at : at + 3])
        for at in range(0, len(palette), 3)
    )
    rows = -(-height // cell[1])
    return _placed(f'\x1bP0;1;0q"1;1;{width};{height}{colours}{"-".join(bands)}\x1b\\', rows)


def _placed(drawn: str, rows: int) -> str:
    """Make room first: at the lower edge a picture would scroll away from where the cursor believes to be."""
    return "\n" * rows + f"\x1b[{rows}A\x1b7{drawn}\x1b8\x1b[{rows}B\r"


def _shortened(line: bytearray) -> str:
    return re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", line.decode("ascii"))


def _colour(rgb: tuple[int, ...], depth: ColourDepth) -> str:
    if depth is ColourDepth.TRUECOLOR:
        return "2;{};{};{}".format(*rgb)
    return f"5;{_ansi_256(rgb)}"


def _ansi_256(rgb: tuple[int, ...]) -> int:
    """The nearest of the cube of 6 × 6 × 6 colours, or of the 24 greys where there is none."""
    red, green, blue = rgb
    if max(rgb) - min(rgb) < 8:
        grey = round((sum(rgb) / 3 - 8) / 10)
        return 16 if grey < 0 else 231 if grey > 23 else 232 + grey
    return 16 + 36 * _step(red) + 6 * _step(green) + _step(blue)


def _step(value: int) -> int:
    """The cube's levels are 0, 95, 135, 175, 215, 255."""
    return 0 if value < 48 else 1 if value < 115 else (value - 35) // 40
