"""Images and other attachments, each once, in a file named by the SHA-256 of its bytes."""

from __future__ import annotations

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.records import Item, Record, Said

DIRECTORY = "attachments"


class Attachments:
    """The attachments of all sessions of a directory."""

    def __init__(self, sessions: Path, disk: Disk | None = None) -> None:
        self.directory = sessions / DIRECTORY
        self._disk = disk or Disk()

    def keep(self, content: str) -> str:
        """Put base64 on disk, unless it is there, and return its name.

        Raises:
            OSError: it is not on disk.
        """
        import hashlib  # 3 ms that a chat without images does not pay

        data = base64.b64decode(content)
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
        """Put the images of a message on disk and return it with their names.

        Raises:
            OSError: one of them is not on disk.
        """
        if not (item.images and isinstance(item.record, Said)):
            return item.record
        return structs.replace(item.record, images=tuple(map(self.keep, item.images)))

    def read(self, name: str) -> str | None:
        """The content in base64; None when it is not there."""
        if not is_name(name):
            return None
        try:
            return base64.b64encode((self.directory / name).read_bytes()).decode()
        except OSError:
            return None


def is_name(name: str) -> bool:
    """Whether it is a SHA-256; a damaged session may hold anything, a path among them."""
    return len(name) == 64 and all(char in "0123456789abcdef" for char in name)
