"""Chunked transfer coding with many small chunks, rewritten into few large ones. Knows bytes, no I/O.

Ollama sends every token as a chunk of its own, and the HTTP stack below httpx turns each into an event
that passes five layers: two thirds of what an answer cost. A chunk's bounds mean nothing, so those that
arrived together may as well be one.
"""

from __future__ import annotations

import re
from enum import Enum, auto

_CHUNKED_REPLY = re.compile(rb"(?is)HTTP/1\.1 200 .*\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n")
_CHUNK_HEAD = re.compile(rb"(?i)(?:\r\n)?([0-9a-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
_LONGEST_HEAD = 256
_LONGEST_REPLY_HEAD = 100 * 1024


class _Place(Enum):
    HEAD = auto()
    CHUNKS = auto()
    REST = auto()


class ChunkJoiner:
    """Follows one connection. What is not a chunked reply, or not a sound one, passes as it is."""

    def __init__(self) -> None:
        self.expect_reply()

    def expect_reply(self) -> None:
        """A request was sent: what comes next is the head of its reply."""
        self._place = _Place.HEAD
        self._held = b""
        self._left = 0

    def feed(self, data: bytes) -> bytes:
        """Take what arrived; return what to pass on, which is empty when more is needed to tell."""
        if self._place is _Place.HEAD:
            return self._pass_head(data)
        return self._join(data) if self._place is _Place.CHUNKS else data

    def rest(self) -> bytes:
        """The connection ended: return what was held back."""
        held, self._held = self._held if self._place is _Place.CHUNKS else b"", b""
        return held

    def _pass_head(self, data: bytes) -> bytes:
        self._held += data
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end:
            if len(self._held) > _LONGEST_REPLY_HEAD:
                self._place = _Place.REST
            return data
        self._held = b""
        if not _CHUNKED_REPLY.match(head + b"\r\n"):
            self._place = _Place.REST
            return data
        self._place = _Place.CHUNKS
        return data[: len(data) - len(body)] + (self._join(body) if body else b"")

    def _join(self, data: bytes) -> bytes:
        data = self._held + data
        self._held = b""
        parts = [data[: self._left]]
        at = len(parts[0])
        self._left -= at
        tail = b""
        while at < len(data):
            head = _CHUNK_HEAD.match(data, at)
            size = int(head[1], 16) if head else 0
            if head is None or not size:
                tail = self._leave_chunks(data, at)
                break
            parts.append(data[head.end() : head.end() + size])
            at = head.end() + len(parts[-1])
            self._left = size - len(parts[-1])
        joined = b"".join(parts)
        return b"%x\r\n%b\r\n%b" % (len(joined), joined, tail) if joined else tail

    def _leave_chunks(self, data: bytes, at: int) -> bytes:
        """Neither chunk nor end of chunk: it is cut short, it is the last one, or it is not sound."""
        tail = data[at:].removeprefix(b"\r\n")
        if b"\n" not in tail and len(tail) < _LONGEST_HEAD:
            self._held = data[at:]
            return b""
        self._place = _Place.REST
        return tail
