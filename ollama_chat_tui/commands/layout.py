"""Plain text in columns, for what commands show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


def in_columns(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Pad every column but the last to its widest cell; rows may be of different lengths."""
    widths = [
        max(len(row[place]) for row in rows if place < len(row))
        for place in range(max(map(len, rows), default=0))
    ]
    return [
        gap.join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    ]


def shortened(text: str, longest: int) -> str:
    """A text of so many characters at the most, the last of which says that there was more."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def age_text(at: datetime, now: datetime) -> str:
    """How long ago something was, or the day when that is longer than a month."""
    seconds = (now - at).total_seconds()
    if seconds < 60:
        return "just now"
    for unit, length, most in (("min", 60, 60), ("h", 3600, 48), ("days", 86400, 31)):
        if seconds < length * most:
            return f"{int(seconds // length)} {unit} ago"
    return f"{at.astimezone():%Y-%m-%d}"
