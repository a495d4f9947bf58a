"""Numbers of bytes, for a person; and what is too many of them."""

from __future__ import annotations

from typing import Final

MAX_BYTES: Final = 100_000_000
"""The longest picture or sound that is taken from a file: where Ollama's own command stops too."""
MAX_DOWNLOAD_BYTES: Final = 20_000_000
MAX_TEXT_BYTES: Final = 256_000
"""The longest text file: about 64,000 tokens, more than most windows hold."""
MAX_PIXELS: Final = 64_000_000
"""The largest picture that is decoded, which takes 4 bytes a pixel."""


def size_text(size_bytes: int) -> str:
    """Figures and a unit, in powers of 1,000 as Ollama shows sizes: `840 B`, `3.4 MB`, `98 MB`."""
    amount = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 999.5:
            return f"{amount:.1f} {unit}" if amount < 9.95 and unit != "B" else f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
