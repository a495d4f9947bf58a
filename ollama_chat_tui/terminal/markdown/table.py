"""Tables: held until their widths are known, or until they are long; then row by row.

Cells are folded, never shortened. Where columns would be too narrow to read, each row becomes a list of
"header: cell". Cells beyond the header's are kept in the last column: Markdown would drop them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ollama_chat_tui.terminal.fill import Gutter, WordFill
from ollama_chat_tui.terminal.markdown.leaf import Leaf, Page, fill_words
from ollama_chat_tui.terminal.rows import Piece, ansi_row, pieces_cells
from ollama_chat_tui.terminal.theme import PLAIN, Ink

HELD_ROWS: Final = 40
_NARROWEST: Final = 6
_SEPARATOR: Final = " │ "
# A header, its rule, the mark for rows left out, a row that is folded.
_PREVIEW_FRAME: Final = 5
_DELIMITER: Final = re.compile(r":?-+:?\Z")

Cells = list[list[Piece]]


def split_cells(line: str) -> list[str]:
    """Split a row at its pipes; an escaped pipe is text."""
    cells: list[str] = []
    current: list[str] = []
    for part in re.split(r"(\\?\|)", line.strip()):
        if part == "|":
            cells.append("".join(current))
            current = []
        else:
            current.append("|" if part == "\\|" else part)
    cells.append("".join(current))
    if cells and not cells[0].strip():
        del cells[0]
    if cells and not cells[-1].strip():
        del cells[-1]
    return [cell.strip() for cell in cells]


def alignments(line: str) -> list[str]:
    """Return the alignment of each column if the line is a delimiter row, else nothing."""
    line = line.strip()
    if (
        not line
        or line[0] not in "|-:"
        or set(line) - set("|-: \t")
        or line[:2] in {"- ", "-\t"}
        or len(line) < 2
    ):
        return []
    parts = [part.strip() for part in line.split("|")]
    if not parts[0]:
        del parts[0]
    if parts and not parts[-1]:
        del parts[-1]
    if not all(_DELIMITER.match(part) for part in parts):
        return []
    return [
        "center" if part[0] == part[-1] == ":" and len(part) > 1 else "right" if part[-1] == ":" else "left"
        for part in parts
    ]


class Table(Leaf[WordFill]):
    """A table being read; in a preview only its last rows are laid out."""

    def __init__(self, page: Page, gutter: Gutter, header: Sequence[str], aligns: Sequence[str]) -> None:
        super().__init__(page, WordFill(gutter, page.rows))
        self._aligns = aligns
        self._naturals = [0] * len(aligns)
        self._widths: list[int] | None = None
        self._header = _Row(self._parse(header, page.theme.ink("strong")))
        self._rows: list[_Row] = []
        self._skips_rows = False

    def move_to(self, page: Page) -> None:
        super().move_to(page)
        self._rows = self._rows[:]
        self._naturals = self._naturals[:]

    def add_line(self, line: str) -> None:
        """Add a row."""
        self._rows.append(_Row(self._parse(split_cells(line), PLAIN)))
        if self._widths is not None or len(self._rows) >= HELD_ROWS:
            self._send()

    def resize(self, gutter: Gutter) -> None:
        super().resize(gutter)
        if self._widths is not None:
            self._widths = self._fit()

    def close(self) -> None:
        self._send()

    def keep_for_preview(self, count: int) -> None:
        """Forget all held rows but the last ones: a preview shows the header and those."""
        beyond = len(self._rows) - max(1, count - _PREVIEW_FRAME)
        if self._widths is None and beyond > 0:
            del self._rows[:beyond]
            self._skips_rows = True

    def _parse(self, texts: Sequence[str], ink: Ink) -> Cells:
        columns = len(self._aligns)
        if len(texts) > columns:
            texts = [*texts[: columns - 1], " | ".join(texts[columns - 1 :])]
        cells = [self._page.inline.pieces(text, ink, self._page.references) for text in texts]
        cells += [[] for _ in range(columns - len(cells))]
        for column, cell in enumerate(cells):
            self._naturals[column] = max(self._naturals[column], pieces_cells(cell))
        return cells

    def _send(self) -> None:
        if self._widths is None:
            self._widths = self._fit()
            if self._widths:
                self._send_row(self._header, self._widths)
                self._send_rule(self._widths)
            if self._skips_rows:
                self._fill.emit([("⋮", self._page.theme.ink("rule"))])
        for row in self._rows:
            if self._widths:
                self._send_row(row, self._widths)
            else:
                self._send_as_list(row)
        if not self._rows and not self._widths and self._fill.is_fresh:
            fill_words(self._page, self.gutter, _joined(self._header.cells))
        self._rows = []

    def _fit(self) -> list[int]:
        """Share the width among the columns, or return nothing when there is too little."""
        columns = len(self._aligns)
        room = self.gutter.width - len(_SEPARATOR) * (columns - 1)
        naturals = [max(2, natural) for natural in self._naturals]
        if sum(naturals) <= room:
            return naturals
        if room < sum(min(natural, _NARROWEST) for natural in naturals):
            return []
        # Columns that need less than a fair share get what they need; the others share the rest.
        widths = [0] * columns
        open_columns = set(range(columns))
        while open_columns:
            fair = room // len(open_columns)
            modest = {column for column in open_columns if naturals[column] <= fair}
            if not modest:
                break
            for column in modest:
                widths[column] = naturals[column]
                room -= naturals[column]
            open_columns -= modest
        self._share(widths, sorted(open_columns), naturals, room)
        return widths

    def _share(self, widths: list[int], columns: list[int], naturals: list[int], room: int) -> None:
        """Give wide columns what is left: half of it evenly, the rest by what each would need."""
        total = sum(naturals[column] for column in columns)
        floors = {
            column: min(naturals[column], max(_NARROWEST, room // (2 * len(columns)))) for column in columns
        }
        spare = room - sum(floors.values())
        for column in columns:
            widths[column] = floors[column] + spare * naturals[column] // total
        if columns:
            widths[columns[-1]] += room - sum(widths[column] for column in columns)

    def _send_row(self, row: _Row, widths: list[int]) -> None:
        if row.widths != widths:
            row.widths = widths
            row.lines = [ansi_row(line) for line in self._lay_out(row.cells, widths)]
        for line in row.lines:
            self._fill.send(line)

    def _lay_out(self, cells: Cells, widths: list[int]) -> Iterator[list[Piece]]:
        folded = [_fold(cell, width) for cell, width in zip(cells, widths, strict=True)]
        rule = self._page.theme.ink("rule")
        for line in range(max(map(len, folded))):
            pieces: list[Piece] = []
            for column, width in enumerate(widths):
                if column:
                    pieces.append((_SEPARATOR, rule))
                cell = folded[column][line] if line < len(folded[column]) else []
                pieces += _aligned(cell, width, self._aligns[column], is_last=column == len(widths) - 1)
            yield pieces

    def _send_rule(self, widths: list[int]) -> None:
        self._fill.emit([("─┼─".join("─" * width for width in widths), self._page.theme.ink("rule"))])

    def _send_as_list(self, row: _Row) -> None:
        if not self._fill.is_fresh:
            self._fill.emit([("─" * min(3, self.gutter.width), self._page.theme.ink("rule"))])
        for name, cell in zip(self._header.cells, row.cells, strict=True):
            if name or cell:
                self._fill.feed([*name, (": ", PLAIN), *cell])
                self._fill.close()


@dataclass(slots=True)
class _Row:
    """A row, and how it was laid out last: a table being read is shown many times."""

    cells: Cells
    widths: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


def _joined(cells: Cells) -> list[Piece]:
    pieces: list[Piece] = []
    for cell in cells:
        pieces += [(" ", PLAIN), *cell] if pieces else cell
    return pieces


def _fold(cell: list[Piece], width: int) -> list[list[Piece]]:
    folder = _Folder(Gutter((), (), width), [])
    folder.feed(cell)
    folder.close()
    return folder.lines


class _Folder(WordFill):
    """Folds a cell, and keeps its lines as pieces."""

    __slots__ = ("lines",)

    def __init__(self, gutter: Gutter, rows: list[str]) -> None:
        super().__init__(gutter, rows)
        self.lines: list[list[Piece]] = []

    def newline(self) -> None:
        self._fresh = False
        self.lines.append(self._row)
        self._row = []
        self._used = 0


def _aligned(cell: list[Piece], width: int, align: str, *, is_last: bool) -> list[Piece]:
    spare = width - pieces_cells(cell)
    left = {"right": spare, "center": spare // 2}.get(align, 0)
    right = 0 if is_last else spare - left
    return [(" " * left, PLAIN), *cell, (" " * right, PLAIN)]
