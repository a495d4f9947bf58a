"""NDJSON framing: bytes in, lines out. Knows nothing of JSON.

Split on the byte `LF` only: `str.splitlines` and `httpx.Response.iter_lines` also split at U+0085 and
U+2028, which Ollama leaves unescaped in text.
"""

from __future__ import annotations

MAX_LINE_BYTES = 8 * 1024 * 1024


class LineTooLong(Exception):
    """A line passed `MAX_LINE_BYTES`; the Go client gives up at 8,000,000."""


class LineSplitter:
    """Collects blocks into lines, at a cost linear in the bytes however they are cut."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._held_bytes = 0

    def feed(self, block: bytes) -> list[bytes]:
        """Return the lines that `block` completes, without their ends; blank lines are left out.

        Raises:
            LineTooLong: the line that began before is longer than any Ollama sends.
        """
        if self._held_bytes > MAX_LINE_BYTES:
            raise LineTooLong
        first, newline, rest = block.partition(b"\n")
        self._parts.append(first)
        self._held_bytes += len(first)
        if not newline:
            return []
        lines = [b"".join(self._parts), *rest.split(b"\n")]
        self._parts = [lines.pop()]
        self._held_bytes = len(self._parts[0])
        return [line for line in lines if line.strip()]

    def rest(self) -> bytes:
        """The last line when it had no newline; empty otherwise."""
        return b"".join(self._parts).strip()
