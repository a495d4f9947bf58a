"""Files of the disk, opened for reading, or in one sentence why not. Blocks: see `aside`."""

from __future__ import annotations

import os
import stat
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ollama_chat_tui.errors import FileUnreadable, TooLarge
from ollama_chat_tui.media.size import size_text

_MOST_NEIGHBOURS = 5000


def open_file(path: Path, max_bytes: int) -> BinaryIO:
    """Open a regular file; the caller closes it.

    Raises:
        FileUnreadable: it is not there, is no file, or may not be read.
        TooLarge: it has more than `max_bytes`.
    """
    try:
        # Without O_NONBLOCK a pipe that nobody writes to would hold the thread for ever.
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise FileUnreadable(f"There is no file {path}.", _nearest(path)) from exc
    except PermissionError as exc:
        if path.is_dir():  # what Windows says of a folder
            raise FileUnreadable(f"{path} is a folder.", "Name the files in it: *.png") from exc
        raise FileUnreadable(f"{path} may not be read: {exc.strerror}.") from exc
    except (OSError, ValueError) as exc:
        raise FileUnreadable(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}.") from exc
    try:
        found = os.fstat(fd)
        if stat.S_ISDIR(found.st_mode):
            raise FileUnreadable(f"{path} is a folder.", "Name the files in it: *.png")
        if not stat.S_ISREG(found.st_mode):
            raise FileUnreadable(f"{path} is no file, but a device or a pipe.")
        if found.st_size > max_bytes:
            raise TooLarge(
                f"{path.name} has {size_text(found.st_size)}.", f"{size_text(max_bytes)} are the most."
            )
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def _nearest(path: Path) -> str:
    folder = path.parent
    try:
        names = [entry.name for entry in islice(os.scandir(folder), _MOST_NEIGHBOURS)]
    except OSError:
        return f"There is no folder {folder} either."
    near = get_close_matches(path.name, names, n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(near)}?" if near else ""
