"""How far something long has come: said by whoever does it, shown by whoever has a screen.

What is said may come from a server that lies: `Tally` makes of it numbers that a person can watch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

KNOWN_SHARE = 0.95
"""How much of what is left of "in all" the known parts get: a server tells a part only when it begins it."""


@dataclass(frozen=True)
class Progress:
    """One step of one part; `done` and `total` in bytes, `total` 0 while it is not known.

    Attributes:
        key: what the part is told by, where its name is not enough; empty: its name.
    """

    part: str
    done: int = 0
    total: int = 0
    key: str = ""


ShowProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Standing:
    """Where one part, or everything, stands.

    Attributes:
        share: 0 to 1, never less than before; None while no total is known.
        found: bytes that were there before the first step, as after an interruption.
    """

    part: str
    done: int = 0
    total: int = 0
    share: float | None = None
    found: int = 0


class Tally:
    """Adds up steps and trusts none: nothing goes back, nothing exceeds its total, all ends at 1."""

    def __init__(self) -> None:
        self._parts: dict[str, Standing] = {}
        self._share = 0.0
        self._limit = KNOWN_SHARE

    @property
    def parts(self) -> dict[str, Standing]:
        """Every part by its key, in the order of appearance."""
        return dict(self._parts)

    @property
    def in_all(self) -> Standing:
        """All parts whose total is known, as one."""
        known = [each for each in self._parts.values() if each.share is not None]
        return Standing(
            "in all",
            sum(each.done for each in known),
            sum(each.total for each in known),
            self._share if known else None,
            sum(each.found for each in known),
        )

    def add(self, step: Progress) -> Standing:
        """Take one step and return where its part stands now."""
        key = step.key or step.part
        before = self._parts.get(key)
        reached = max(step.done, before.done if before else 0, 0)
        total = step.total if step.total > 0 else before.total if before else 0
        # A total that shrinks below what is done is no more believed than one that is exceeded.
        total = max(total, before.done) if before and total else total
        done = min(reached, total) if total else reached
        share = max(done / total, before.share or 0.0 if before else 0.0) if total else None
        standing = Standing(step.part, done, total, share, before.found if before else done)
        self._parts[key] = standing
        if total:
            is_news = before is None or not before.total
            self._advance(done if before is None or is_news else done - before.done, is_news=is_news)
        return standing

    def _advance(self, gained: int, *, is_news: bool) -> None:
        """Move "in all" by what was gained of all that is known to be missing, so that it never rests."""
        if is_news:
            self._limit = self._share + KNOWN_SHARE * (1 - self._share)
        missing = gained + sum(each.total - each.done for each in self._parts.values() if each.total)
        if gained:
            self._share += (self._limit - self._share) * (gained / missing)

    def finish(self) -> None:
        """All is done, whatever the last steps said."""
        for key, each in self._parts.items():
            if each.share is not None:
                self._parts[key] = replace(each, done=each.total, share=1.0)
        self._share = 1.0
