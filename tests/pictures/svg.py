"""From the cells of a terminal to an SVG: one file, no font and no address in it.

Every piece of text states its width, so that the columns are right in whatever monospaced font the viewer
has; wide characters are pieces of their own. Lines of tables and bars of quotes are drawn, not written:
a font's would leave gaps between the rows. rich's `export_svg` counts characters for columns, writes the
lines, knows no cursor, and loads its font from the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from tests.pictures.emulator import Cell
from tests.pictures.palette import PALETTES, Palette, mixed

WIDTH, HEIGHT, FONT_SIZE = 9, 19, 15
BASELINE = 14
MARGIN, TITLE_HEIGHT = 14, 30
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"

_ARMS = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu",
    "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru", "┼": "lrud",
}  # fmt: skip
_STROKES = {"l": "H{left}", "r": "H{right}", "u": "V{top}", "d": "V{bottom}"}
_LEFT_BLOCKS = {chr(0x2590 - eighths): eighths for eighths in range(1, 8)}


@dataclass(frozen=True)
class Picture:
    """What a screen shows; `cursor` is a column and a row, None when it is hidden."""

    rows: Sequence[Sequence[Cell]]
    cursor: tuple[int, int] | None
    background: str
    title: str


def svg(picture: Picture) -> str:
    """Draw a picture; the same one gives the same text."""
    palette = PALETTES[picture.background]
    width = len(picture.rows[0]) * WIDTH + 2 * MARGIN
    height = len(picture.rows) * HEIGHT + TITLE_HEIGHT + 2 * MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" font-family="{FONTS}" font-size="{FONT_SIZE}"'
            ' xml:space="preserve">',
            f"<title>{escape(picture.title)}</title>",
            *_window(palette, width, height, picture.title),
            f'<g transform="translate({MARGIN} {TITLE_HEIGHT + MARGIN})">',
            *(piece for y, row in enumerate(picture.rows) for piece in _row(picture, palette, y, row)),
            "</g>",
            "</svg>\n",
        ]
    )


def _window(palette: Palette, width: int, height: int, title: str) -> Iterator[str]:
    inner, middle = f'width="{width - 1}" height="{height - 1}"', TITLE_HEIGHT / 2
    dim = mixed(palette.foreground, palette.frame)
    yield f'<rect x=".5" y=".5" {inner} rx="8" fill="{palette.frame}"/>'
    yield (
        f'<path d="M1 {TITLE_HEIGHT}H{width - 1}V{height - 8.5}a7.5 7.5 0 0 1 -7.5 7.5H8.5'
        f'a7.5 7.5 0 0 1 -7.5 -7.5z" fill="{palette.background}"/>'
    )
    yield f'<rect x=".5" y=".5" {inner} rx="8" fill="none" stroke="{mixed(dim, palette.frame)}"/>'
    yield (
        f'<text x="{width / 2}" y="{middle + 4.5}" fill="{dim}" font-size="13"'
        f' text-anchor="middle">{escape(title)}</text>'
    )


def _row(picture: Picture, palette: Palette, y: int, row: Sequence[Cell]) -> Iterator[str]:
    cells = [
        cell._replace(reverse=not cell.reverse) if (x, y) == picture.cursor else cell
        for x, cell in enumerate(row)
    ]
    for is_ink in (False, True):  # no background may cover what hangs over from the cell beside it
        x = 0
        for cell, text, columns in _runs(cells):
            if is_ink:
                yield from _ink(cell, text, columns, x, y, palette)
            elif (paper := _colours(cell, palette)[1]) != palette.background:
                yield _rect(x * WIDTH, y, columns * WIDTH, paper)
            x += columns


def _runs(cells: Sequence[Cell]) -> Iterator[tuple[Cell, str, int]]:
    """Yield what is drawn in one piece: its look, its text, and how many columns it takes."""
    pieces: list[tuple[Cell, str, int]] = []
    for cell in cells:
        if cell.data[:1] in ("", "\u200d"):  # what belongs to the character before
            look, text, columns = pieces.pop()
            pieces.append((look, text + cell.data, columns + 1))
        else:
            pieces.append((cell._replace(data=""), cell.data, 1))
    for (look, kind), run in groupby(pieces, lambda each: (each[0], _kind(each))):
        group = list(run)
        if kind == "alone":
            yield from group
        else:
            yield look, kind or "".join(text for _, text, _ in group), len(group)


def _kind(piece: tuple[Cell, str, int]) -> str:
    """Whether it is text, stands alone, or joins its like in a line."""
    _, text, columns = piece
    if text == "─":
        return text
    return "alone" if columns > 1 or len(text) > 1 or text in _ARMS or text in _LEFT_BLOCKS else ""


def _ink(cell: Cell, text: str, columns: int, x: int, y: int, palette: Palette) -> Iterator[str]:
    colour = _colours(cell, palette)[0]
    if text in _LEFT_BLOCKS:
        yield _rect(x * WIDTH, y, WIDTH * _LEFT_BLOCKS[text] / 8, colour)
        return
    if text in _ARMS:
        yield _lines(_ARMS[text], x * WIDTH, y * HEIGHT, columns * WIDTH, colour)
        return
    lines = [
        name for name, has in (("underline", cell.underscore), ("line-through", cell.strikethrough)) if has
    ]
    if not lines:  # blanks at the ends show nothing, and viewers disagree on their width
        x += len(text) - len(text.lstrip())
        columns -= len(text) - len(text.strip())
        text = text.strip()
    if text:
        look = ' font-weight="bold"' * cell.bold + ' font-style="italic"' * cell.italics
        look += f' text-decoration="{" ".join(lines)}"' if lines else ""
        yield (
            f'<text x="{x * WIDTH}" y="{y * HEIGHT + BASELINE}" textLength="{columns * WIDTH}"'
            f' lengthAdjust="spacingAndGlyphs" fill="{colour}"{look}>{escape(text)}</text>'
        )


def _rect(left: float, y: int, width: float, colour: str) -> str:
    return f'<rect x="{left:g}" y="{y * HEIGHT}" width="{width:g}" height="{HEIGHT}" fill="{colour}"/>'


def _lines(arms: str, left: int, top: int, width: int, colour: str) -> str:
    middle = f"M{left + width / 2:g} {top + HEIGHT / 2:g}"
    ends = {"left": left, "right": left + width, "top": top, "bottom": top + HEIGHT}
    path = "".join(middle + _STROKES[arm].format(**ends) for arm in arms)
    return f'<path d="{path}" stroke="{colour}"/>'


def _colours(cell: Cell, palette: Palette) -> tuple[str, str]:
    ink = palette.colour(cell.fg, palette.foreground)
    paper = palette.colour(cell.bg, palette.background)
    if cell.reverse:
        ink, paper = paper, ink
    return mixed(ink, paper) if cell.dim else ink, paper
