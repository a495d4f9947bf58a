"""A pty of a given size whose other end is read by another process, so that writing costs what it costs."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def drained_pty(columns: int, lines: int) -> Iterator[TextIO]:
    """Open a pty to write to; what is written goes nowhere."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    reader = subprocess.Popen(["cat"], stdin=master, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(master)
    with os.fdopen(slave, "w", encoding="utf-8", newline="") as stream:
        yield stream
    reader.wait()
