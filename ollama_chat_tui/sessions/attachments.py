"""Images and other attachments, each once, in a file named by the SHA-256 of its bytes."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from ollama_chat_tui.chat.image import Image, ImageStore, MemoryImages
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.records import Item, Record, Said

DIRECTORY = "attachments"
_MAGIC: Final = tuple(
    (re.compile(magic, re.DOTALL), kind)
    for magic, kind in (
        (rb"\x89PNG\r\n\x1a\n", "image/png"),
        (rb"\xff\xd8\xff", "image/jpeg"),
        (rb"GIF8", "image/gif"),
        (rb"RIFF....WEBP", "image/webp"),
        (rb"RIFF....WAVE", "audio/wav"),
        (rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]", "audio/mpeg"),
    )
)


class Attachments:
    """The attachments of all sessions of a directory."""

    def __init__(self, sessions: Path, disk: Disk | None = None) -> None:
        self.directory = sessions / DIRECTORY
        self._disk = disk or Disk()

    def keep(self, data: bytes) -> str:
        """See `ImageStore`: put it on disk, unless it is there, and return its name."""
        import hashlib  # 3 ms that a chat without images does not pay

        name = hashlib.sha256(data).hexdigest()
        path = self.directory / name
        if path.exists() and path.stat().st_size == len(data):
            os.utime(path)  # a purge leaves alone what was in use lately
            return name
        self.directory.mkdir(mode=0o700, exist_ok=True)  # not its parents, which may be away
        fresh = self.directory / f".{name[:16]}.{secrets.token_hex(4)}"
        try:
            fd = self._disk.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                self._disk.write_all(fd, data)
            finally:
                os.close(fd)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            raise
        self._disk.sync_directory(self.directory)
        return name

    def keep_images(self, item: Item) -> Record:
        """Put the images of a message on disk, and return its record; what is nowhere is passed over.

        Raises:
            OSError: one of them is not on disk.
        """
        if item.images is not None and isinstance(item.record, Said):
            for image in item.record.images:
                if (data := content(image, item.images)) is not None:
                    self.keep(data)
        return item.record

    def open(self, sha256: str) -> BinaryIO | None:
        """See `ImageStore`."""
        if not is_name(sha256):
            return None
        try:
            return (self.directory / sha256).open("rb")
        except OSError:
            return None


class SessionImages:
    """The images of a session that was read: its own on disk, new ones in memory until they are written."""

    def __init__(self, saved: Attachments) -> None:
        self._new = MemoryImages()
        self._saved = saved

    def keep(self, data: bytes) -> str:
        """See `ImageStore`."""
        return self._new.keep(data)

    def open(self, sha256: str) -> BinaryIO | None:
        """See `ImageStore`."""
        return self._new.open(sha256) or self._saved.open(sha256)


def described(data: bytes, images: ImageStore) -> Image:
    """Keep an image that came from elsewhere without a name."""
    media_type = next((kind for magic, kind in _MAGIC if magic.match(data)), "application/octet-stream")
    return Image(images.keep(data), media_type, size_bytes=len(data))


def content(image: Image, images: ImageStore) -> bytes | None:
    """The bytes of an image, None when they are not there."""
    file = images.open(image.sha256)
    if file is None:
        return None
    with file:
        return file.read()


def is_name(name: str) -> bool:
    """Whether it is a SHA-256; a damaged session may hold anything, a path among them."""
    return len(name) == 64 and all(char in "0123456789abcdef" for char in name)


def _fit(saved: Attachments, all_of_them: SessionImages) -> tuple[ImageStore, ...]:
    return saved, all_of_them
