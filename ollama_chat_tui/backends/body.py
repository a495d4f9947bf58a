"""The body of a request with images in it, made while it is sent.

The bytes of an image are read and written as base64 piece by piece: however large they are and however often
a conversation is sent again, little more than a piece is in memory.
"""

from __future__ import annotations

import base64
import io
import re
import secrets
from collections.abc import Iterator, Sequence
from typing import Final

from ollama_chat_tui.chat.image import Image, ImageStore

_PIECE_BYTES: Final = 192 * 1024
"""A multiple of three, so that no padding stands within."""


class Marks:
    """Texts that stand for images in a JSON document, until it is known how they are sent."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self._secret = secrets.token_hex(16)  # which no text of a conversation can hold
        self._images: list[Image] = []

    def mark(self, images: Sequence[Image]) -> tuple[list[str], list[Image]]:
        """A mark for each image whose bytes are there, and the images whose bytes are not."""
        marks, missing = [], []
        for image in images:
            if _size(self._store, image) is None:
                missing.append(image)
                continue
            marks.append(f"{self._secret}{len(self._images)}")
            self._images.append(image)
        return marks, missing

    def body(self, document: bytes) -> Body:
        """The document, with the images in their places."""
        pieces = re.split(self._secret.encode() + rb"(\d+)", document)
        parts = [self._images[int(piece)] if at % 2 else piece for at, piece in enumerate(pieces)]
        return Body(parts, self._store)


class Body:
    """Bytes and images in turn.

    Attributes:
        length: how many bytes it will have, for Content-Length.
    """

    def __init__(self, parts: Sequence[bytes | Image], store: ImageStore) -> None:
        self._parts = parts
        self._store = store
        self.length = sum(
            len(part) if isinstance(part, bytes) else -(-(_size(store, part) or 0) // 3) * 4 for part in parts
        )

    def __iter__(self) -> Iterator[bytes]:
        """Every byte, in pieces; each time anew."""
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
            elif (file := self._store.open(part.sha256)) is not None:
                with file:
                    while data := file.read(_PIECE_BYTES):
                        yield base64.b64encode(data)


def _size(store: ImageStore, image: Image) -> int | None:
    file = store.open(image.sha256)
    if file is None:
        return None
    with file:
        return file.seek(0, io.SEEK_END)
