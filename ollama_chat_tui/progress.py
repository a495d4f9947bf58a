"""How far something long has come: said by whoever does it, shown by whoever has a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step of one part; `done` and `total` in bytes, `total` 0 while it is not known."""

    part: str
    done: int = 0
    total: int = 0


ShowProgress = Callable[[Progress], None]
