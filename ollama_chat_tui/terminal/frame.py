"""What a renderer hands to the drawer: rows that are final, and rows that may still change.

A row is one line of the screen as an ANSI string: no newline, every style closed again before its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Frame:
    """The answer's rows that became final since the last frame, and the tail as it stands now."""

    finished: list[str]
    tail: list[str]


class RowSource(Protocol):
    """Something that turns a growing text into rows no wider than the screen."""

    def render(self) -> Frame:
        """Return what became final since the last call, and the whole tail."""

    def finish(self) -> Frame:
        """Return all that is left; nothing comes after it."""

    def resize(self, width: int) -> None:
        """Lay out for `width` columns from now on."""
