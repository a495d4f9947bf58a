"""A picture or a sound of a message: the message holds what it is, a store holds its bytes."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

from msgspec import Struct


class Image(Struct, frozen=True, omit_defaults=True):
    """What is known of one.

    Attributes:
        sha256: of its bytes, in hexadecimal; by this they are found.
        media_type: such as `image/png` or `audio/wav`.
        width: pixels; 0 where nobody looked, and of a sound.
    """

    sha256: str
    media_type: str
    name: str = ""
    size_bytes: int = 0
    width: int = 0
    height: int = 0

    @property
    def capability(self) -> str:
        """What a model must be able to do, as /api/show names it."""
        return "audio" if self.media_type.startswith("audio/") else "vision"


class ImageStore(Protocol):
    """Where the bytes are. An image is kept before a message names it."""

    def keep(self, data: bytes) -> str:
        """Keep `data`, once however often it comes, and return its SHA-256.

        Raises:
            OSError: it cannot be kept.
        """
        ...

    def open(self, sha256: str) -> BinaryIO | None:
        """The bytes, to be read piece by piece and closed; None when they are not there."""
        ...


class MemoryImages:
    """Keeps images as long as the program runs, and nowhere else."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}

    def keep(self, data: bytes) -> str:
        """See `ImageStore`."""
        import hashlib  # 3 ms that a chat without images does not pay

        sha256 = hashlib.sha256(data).hexdigest()
        self._data.setdefault(sha256, data)
        return sha256

    def open(self, sha256: str) -> BinaryIO | None:
        """See `ImageStore`; what is given shares its memory with what is kept."""
        data = self._data.get(sha256)
        return None if data is None else io.BytesIO(data)


def _fits(store: MemoryImages) -> ImageStore:
    return store
