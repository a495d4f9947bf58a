"""Containers: the quotes and list items a block stands in, and the gutter they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final

from ollama_chat_tui.terminal.fill import Gutter
from ollama_chat_tui.terminal.markdown.leaf import Page
from ollama_chat_tui.terminal.rows import Piece, ansi_row, cells, pieces_cells
from ollama_chat_tui.terminal.theme import PLAIN, Theme

# However deep the nesting, so much is left for the text itself.
_NARROWEST_TEXT: Final = 10
_QUOTE_BAR: Final = "▌ "
_BULLETS: Final = "•◦▪"


@dataclass(slots=True)
class Container:
    """A quote, a list item, or the document itself.

    Attributes:
        serial: tells one container from another, also in a copy.
        indent: columns by which an item's content is indented; 0 for quotes and the document.
        marker: what an item shows before its first row, blank included.
        is_marked: whether that row has left.
        kind: an item's marker character, by which lists are told apart.
        list_serial: the list an item belongs to.
        is_empty: whether an item has had no content yet.
        child_kind, child_list, child_number: the list among its children that may still go on.
    """

    serial: int
    indent: int = 0
    marker: str = ""
    is_marked: bool = True
    kind: str = ""
    list_serial: int = 0
    is_empty: bool = False
    child_kind: str = ""
    child_list: int = 0
    child_number: int = 0

    @property
    def is_item(self) -> bool:
        return bool(self.kind)

    @property
    def is_quote(self) -> bool:
        return not self.kind and self.serial != 0

    def margin(self, theme: Theme, *, with_marker: bool) -> Piece:
        """Return what it puts left of a row."""
        if self.is_quote:
            return _QUOTE_BAR, theme.ink("quote")
        if with_marker and not self.is_marked:
            return self.marker, theme.ink("marker")
        return " " * cells(self.marker), PLAIN


def _gutter(path: Sequence[Container], theme: Theme, width: int) -> Gutter:
    """Return the gutter inside nested containers; when they are too many, the outer ones are left out."""
    first = [container.margin(theme, with_marker=True) for container in path if container.serial]
    rest = [container.margin(theme, with_marker=False) for container in path if container.serial]
    while rest and pieces_cells(rest) > max(0, width - _NARROWEST_TEXT):
        del first[0], rest[0]
    return Gutter(tuple(first), tuple(rest), width - pieces_cells(rest))


class ContainerStack:
    """The containers open where the text stands, and the distance between the blocks in them."""

    def __init__(self, page: Page, width: int) -> None:
        self.has_blank = False
        self.width = width
        self._page = page
        self._path = [Container(0)]
        self._last_path: list[Container] = []
        self._serial = 0

    def __len__(self) -> int:
        return len(self._path)

    def __iter__(self) -> Iterator[Container]:
        """Iterate over the quotes and items, from the outermost."""
        return iter(self._path[1:])

    @property
    def innermost(self) -> Container:
        """The container a new block stands in."""
        return self._path[-1]

    def clone(self, page: Page) -> ContainerStack:
        """Return a copy that sends its rows to another page."""
        other = copy(self)
        other.move_to(page)
        return other

    def move_to(self, page: Page) -> None:
        """Send the rows to come to another page, and share nothing with what this was copied from."""
        self._page = page
        self._path = [replace(container) for container in self._path]

    def gutter(self) -> Gutter:
        """Return the gutter of a block that stands here."""
        return _gutter(self._path, self._page.theme, self.width)

    def push_quote(self) -> None:
        """Open a quote."""
        self.innermost.child_kind = ""
        self._push(Container(self._next_serial()))

    def push_item(self, kind: str, number: int, indent: int, task: str) -> None:
        """Open a list item; it goes on with its parent's list if that is of the same kind."""
        parent = self.innermost
        if parent.child_kind == kind:
            number = parent.child_number + 1
        parent.child_number = number
        marker = f"{number}{kind} " if kind in ".)" else "" if task else self._bullet()
        self._push_marked(kind, marker + task, indent)

    def push_footnote(self, label: str, indent: int) -> None:
        """Open the text of a footnote; several are a list."""
        self._push_marked("^", label, indent)

    def _push_marked(self, kind: str, marker: str, indent: int) -> None:
        parent = self.innermost
        if parent.child_kind != kind:
            parent.child_kind = kind
            parent.child_list = self._next_serial()
        item = Container(
            self._next_serial(),
            indent=indent,
            marker=marker,
            is_marked=False,
            kind=kind,
            list_serial=parent.child_list,
        )
        self._push(item)
        item.is_empty = True

    def pop_to(self, depth: int) -> None:
        """Close the containers beyond a depth; an item that stayed empty shows its marker."""
        while len(self._path) > depth:
            if not self.innermost.is_marked:
                *outer, (marker, ink) = self.start_block().first
                self._page.rows.append(ansi_row([*outer, (marker.rstrip(), ink)]))
            self._path.pop()

    def start_block(self) -> Gutter:
        """Keep the distance to the block before, and return the gutter of the new one."""
        common = self._common_path()
        if self._last_path and self._needs_blank_row(common):
            self._page.rows.append(ansi_row(self._blank_margin(common)))
        gutter = self.gutter()
        for container in self._path:
            container.is_marked = True
            container.is_empty = False
        self._last_path = self._path[:]
        self.has_blank = False
        return gutter

    def _push(self, container: Container) -> None:
        self.innermost.is_empty = False
        self._path.append(container)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _bullet(self) -> str:
        depth = sum(container.kind in "-+*" for container in self if container.is_item)
        return _BULLETS[min(depth, len(_BULLETS) - 1)] + " "

    def _common_path(self) -> list[Container]:
        """Return the containers that hold both the last block and the new one."""
        common = []
        for before, now in zip(self._last_path, self._path, strict=False):
            if before.serial != now.serial:
                break
            common.append(now)
        return common

    def _needs_blank_row(self, common: Sequence[Container]) -> bool:
        """Say whether a blank row goes before the block: in lists where the source has one, else always."""
        depth = len(common)
        if common[-1].is_item:
            return self.has_blank
        if depth < len(self._path) and depth < len(self._last_path):
            here, there = self._path[depth], self._last_path[depth]
            if here.is_item and here.list_serial == there.list_serial:
                return self.has_blank
        return True

    def _blank_margin(self, path: Sequence[Container]) -> list[Piece]:
        """Return what a blank row between two blocks shows: the bars of the quotes that go on."""
        rest = list(_gutter(path, self._page.theme, self.width).rest)
        while rest and not rest[-1][0].strip():
            rest.pop()
        return [*rest[:-1], (rest[-1][0].rstrip(), rest[-1][1])] if rest else []
