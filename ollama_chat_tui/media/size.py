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


def size_label(size_bytes: int) -> str:
    """Such as `840 B`, `12 KB` or `3.4 MB`."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    if size_bytes < 999_500:
        return f"{size_bytes / 1000:.0f} KB"
    return f"{size_bytes / 1_000_000:.1f} MB"
