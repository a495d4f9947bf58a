"""The lower end of the normal screen: finished rows flow into the scrollback, live rows are drawn over.

Writes escape sequences and nothing else: knows no keys, no clock, no Markdown. It never asks the terminal
where the cursor is. All moves are relative to the top of the live rows, and that is where a resize hurts:
a terminal that reflows breaks our rows anew, so they are counted as the terminal breaks them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Protocol

from prompt_toolkit.utils import get_cwidth

# DEC private mode 2026: the terminal shows the frame whole; one that does not know it ignores it.
BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
AUTOWRAP_OFF, AUTOWRAP_ON = "\x1b[?7l", "\x1b[?7h"
ERASE_BELOW, ERASE_REST = "\x1b[J", "\x1b[K"

OSC = "\x1b]"
RESETS = ("\x1b[0m", "\x1b[m")

_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_PIECE = re.compile(rf"({_SEQUENCE.pattern})|([^\x1b]+)")
# Characters on whose width terminals disagree by one: variation selector 16 and regional indicators.
_WIDENED_BY_SOME = re.compile("[\ufe0f\U0001f1e6-\U0001f1ff]")
_JOINER = "\u200d"
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)

Cursor = tuple[int, int]
"""Row and column, counted from zero; the row from the top of the live rows."""


class TextOutput(Protocol):
    """The part of a text stream that is needed here."""

    def write(self, text: str, /) -> object:
        """Take `text`."""

    def flush(self) -> None:
        """Hand everything to the terminal."""


class LiveRegion:
    """Draws frames below whatever already stands on the screen, beginning at column 0 of the cursor's row."""

    def __init__(self, output: TextOutput, size: os.terminal_size, *, reflows: bool = True) -> None:
        """Write to `output`, a terminal of `size`; `reflows` says whether it breaks rows anew on a resize."""
        self._output = output
        self._size = size
        self._reflows = reflows
        self._rows: list[str] = []  # as they stand on the screen
        self._cursor: Cursor = (0, 0)
        self._cursor_shown = True
        self._drawn_columns = size.columns
        self._displaced = False  # what stands on the screen is not to be built upon: erase, then draw all
        self._torn = False  # the last frame may have met a screen of another size
        self._rows_before: list[str] = []  # the live rows of the frame before the last
        self._wrote_finished = False
        self._spilled: list[str] = []  # live rows that a resize pushed into the scrollback

    @property
    def size(self) -> os.terminal_size:
        """The screen size that the next frame is drawn for."""
        return self._size

    @property
    def has_spilled(self) -> bool:
        """Whether rows that are not final stand in the scrollback.

        They are not doubled if they become final as they are: laid out for the width they were drawn at.
        """
        return bool(self._spilled) or (self._displaced and not self._torn and self._first_reachable()[0] > 0)

    def resize(self, size: os.terminal_size) -> None:
        """Draw for `size` from the next frame on. Writes nothing."""
        self._size = size
        self._displaced = True

    def repaint(self) -> None:
        """Write every live row anew with the next frame. Writes nothing."""
        self._displaced = True

    def distrust(self) -> None:
        """Take note that the size may have changed before the last frame arrived. Writes nothing."""
        self._torn = True

    def forget(self) -> None:
        """Leave what is drawn where it is, and begin anew at the cursor. Writes nothing."""
        self._rows, self._cursor, self._cursor_shown = [], (0, 0), True
        self._displaced, self._spilled = False, []

    def draw(self, finished: Sequence[str], live: Sequence[str], cursor: Cursor | None = None) -> None:
        """Show `finished` rows for ever and `live` rows until the next frame, in one write or none.

        `live` is cut at its top to less than the screen's height, so that its first row can always be
        reached again; a live row too wide for the screen, laid out before a resize, is broken. `cursor` is
        a place in `live`; without it the cursor is hidden.
        """
        lead = self._erase_displaced() if self._displaced else ""
        rows = self._not_in_scrollback(finished)
        count = len(rows)
        live, place = self._fitting(live, cursor)
        rows += live
        target = (count + place[0], place[1])
        shown = cursor is not None
        body, row = self._overwrite(rows, count)
        self._rows_before, self._wrote_finished, self._torn = self._rows, bool(count), False
        if lead or body or target != self._cursor or shown != self._cursor_shown:
            place_cursor = _move(row, target[0]) + (f"\x1b[{target[1]}C" if target[1] else "")
            self._write(HIDE_CURSOR * self._cursor_shown, lead, *body, place_cursor, SHOW_CURSOR * shown)
        self._rows, self._cursor, self._cursor_shown = live, place, shown
        self._drawn_columns = self._size.columns

    def close(self, *, keep: bool = False) -> None:
        """Erase the live rows, or `keep` them as finished; leave the cursor shown, at column 0 below."""
        if keep:
            self.draw(self._rows, [])
        if not self._rows and self._cursor_shown:
            return
        erase = self._erase_displaced() if self._displaced else _move(self._cursor[0], 0) + ERASE_BELOW
        self._write(erase, SHOW_CURSOR)
        self.forget()

    def _write(self, *parts: str) -> None:
        self._output.write("".join((BEGIN_FRAME, *parts, END_FRAME)))
        self._output.flush()

    def _fitting(self, live: Sequence[str], cursor: Cursor | None) -> tuple[list[str], Cursor]:
        broken = [broken_row(row, self._size.columns) for row in live]
        rows = [piece for pieces in broken for piece in pieces]
        kept = rows[-max(1, self._size.lines - 1) :] or [""]
        if cursor is None:
            return kept, (len(kept) - 1, 0)
        row = sum(map(len, broken[: cursor[0]])) - (len(rows) - len(kept))
        return kept, (min(max(row, 0), len(kept) - 1), min(cursor[1], self._size.columns - 1))

    def _changed(self, rows: list[str], finished: int) -> list[int]:
        """Return the indices of `rows` to write: the changed ones, and all after a row that may wrap."""
        columns, old = self._size.columns, self._rows
        # Such a row was cut while it was live; and where it wraps, what stands below is overwritten.
        wraps = next((i for i, row in enumerate(islice(rows, finished)) if _widest(row) > columns), len(rows))
        return [i for i, row in enumerate(rows) if i >= wraps or i >= len(old) or old[i] != row]

    def _overwrite(self, rows: list[str], finished: int) -> tuple[list[str], int]:
        """Return what turns the screen's rows into `rows`, and the row where that leaves the cursor."""
        columns, at, wrapping = self._size.columns, self._cursor[0], True
        parts: list[str] = []
        if len(rows) < len(self._rows):
            # Before the rows above: erasing after a row that fills the width would eat its last cell.
            parts += [_move(at, len(rows)), ERASE_BELOW]
            at = len(rows)
        for i in self._changed(rows, finished):
            parts.append(_move(at, i))
            at = i
            if i < finished:
                # Erased before, not after: where the screen is narrower by now, the row may end at its edge.
                parts += [ERASE_BELOW if _widest(rows[i]) > columns else ERASE_REST, rows[i]]
                continue
            if wrapping:
                # A width that the terminal sees otherwise than we must not add a row.
                parts.append(AUTOWRAP_OFF)
                wrapping = False
            parts.append(_overwriting(rows[i], columns))
        if not wrapping:
            parts.append(AUTOWRAP_ON)
        return parts, at

    def _not_in_scrollback(self, finished: Sequence[str]) -> list[str]:
        """Leave out those of `finished` that a resize has already put there, in their order."""
        known = 0
        for row, spilled in zip(finished, self._spilled, strict=False):
            if row != spilled:
                break
            known += 1
        in_order = known == min(len(finished), len(self._spilled))
        self._spilled = self._spilled[known:] if in_order else []
        return list(finished[known:])

    def _erase_displaced(self) -> str:
        """Go to the first live row that is still on the screen and erase from there."""
        first, above = self._first_reachable()
        if not self._torn:
            self._spilled += self._rows[:first]
        drew, self._rows, self._cursor, self._displaced = bool(self._rows), [], (0, 0), False
        return _move(above, 0) + ERASE_BELOW if drew else ""

    def _first_reachable(self) -> tuple[int, int]:
        """Return the first live row that is whole on the screen, and how many rows above the cursor it is.

        Too few rows erased leave a stale row behind, too many lose one: in doubt, fewer. Rows above the
        screen cannot be reached; when they become final unchanged they stand where they belong.
        """
        first, column = self._cursor
        above = max(0, column - 1) // self._size.columns if self._reflows else 0
        most = min(self._size.lines - 1, self._above_if_torn()) if self._torn else self._size.lines - 1
        while first > 0:
            taken = self._rows_taken(self._rows[first - 1])
            if above + taken > most:
                break
            above += taken
            first -= 1
        return first, above

    def _above_if_torn(self) -> int:
        """Return how many rows above the cursor are no finished ones, had the resize come before the frame.

        Then the frame began lower by the rows that breaking the older rows had made, and its live rows
        were cut instead of broken.
        """
        before = self._rows_before
        added = 0 if self._wrote_finished else sum(map(self._rows_taken, before)) - len(before)
        return self._cursor[0] + added

    def _rows_taken(self, row: str) -> int:
        """Return how many rows the terminal makes of a live row, which it holds cut to the old width."""
        columns = self._size.columns
        if not self._reflows or columns >= self._drawn_columns:
            return 1
        rows, x, total = 1, 0, 0
        for width in _cell_widths(_plain(row)):
            total += width
            if total > self._drawn_columns:
                break
            if x + width > columns:
                rows, x = rows + 1, 0
            x += width
        return rows


def broken_row(row: str, columns: int) -> list[str]:
    """Break `row` into rows of at most `columns` cells, each with its styles closed; links are dropped."""
    if _widest(row) <= columns:
        return [row]
    pieces, style, x = [""], "", 0
    for sequence, text in _PIECE.findall(row):
        if sequence.endswith("m"):
            style = "" if sequence in RESETS else style + sequence
        if not sequence.startswith(OSC):
            pieces[-1] += sequence
        for char, width in zip(text, _cell_widths(text), strict=True):
            if x + width > columns:
                pieces[-1] += RESETS[0]
                pieces.append(style)
                x = 0
            pieces[-1] += char
            x += width
    return pieces


def _move(row: int, target: int) -> str:
    """Go to column 0 of `target`; newlines, because they also make rows where the screen ends."""
    return "\r" + ("\n" * (target - row) if target >= row else f"\x1b[{row - target}A")


def _overwriting(row: str, columns: int) -> str:
    """Return the live `row` with the erasing it needs: after it where possible, against flicker."""
    if ERASE_REST in row:  # it fills the rest of its line with its own background
        return row
    width = _widest(row)
    if width < columns:
        return row + ERASE_REST
    # After a row that fills the width, erasing eats the last cell.
    return row if row.isascii() and width == columns else ERASE_REST + row


def _plain(row: str) -> str:
    return _SEQUENCE.sub("", row) if "\x1b" in row else row


@lru_cache(maxsize=64)  # most live rows are those of the frame before
def _widest(row: str) -> int:
    """Return the most cells that any terminal is likely to give to `row`."""
    plain = _plain(row)
    if plain.isascii():
        return len(plain)
    # Each character by itself: prompt_toolkit keeps every short text that it was asked for, for ever.
    return sum(map(get_cwidth, plain)) + len(_WIDENED_BY_SOME.findall(plain))


def _cell_widths(plain: str) -> Iterator[int]:
    """Yield the fewest cells that a terminal gives to each character."""
    joined = False
    for char in plain:
        if joined or ord(char) in _SKIN_TONES:
            yield 0
        else:
            yield 1 if ord(char) in _FLAG_LETTERS else get_cwidth(char)
        joined = char == _JOINER
