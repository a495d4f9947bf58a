"""Plain text in columns, for what commands show."""

from __future__ import annotations

from collections.abc import Sequence


def in_columns(rows: Sequence[Sequence[str]], *, gap: str = "  ") -> list[str]:
    """Pad every column but the last to its widest cell; rows may be of different lengths."""
    widths = [
        max(len(row[place]) for row in rows if place < len(row))
        for place in range(max(map(len, rows), default=0))
    ]
    return [
        gap.join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows
    ]


def size_text(size: int) -> str:
    """Bytes as people read them, in powers of 1,000 as Ollama shows them."""
    amount = float(size)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
