"""What is typed before the prompt stands. Runs before prompt_toolkit is imported, so it needs nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def keep_early_keys(fd: int) -> Iterator[None]:
    """Let the tty hold keys as they were pressed, unseen, until somebody reads them.

    In the tty's own line mode a key pressed early would be echoed into the screen and Enter would arrive as
    a line feed, which is Ctrl-J. Signals stay on. To be held for the whole run: prompt_toolkit goes back to
    these modes between two prompts. Without a terminal nothing happens.
    """
    if sys.platform == "win32":  # its console has no such modes
        yield
        return
    import termios

    try:
        before = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    modes = termios.tcgetattr(fd)
    modes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    modes[3] &= ~(termios.ECHO | termios.ICANON)
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, modes)  # TCSAFLUSH would throw away what is typed already
    try:
        yield
    finally:
        if not _is_shells(fd):
            with suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _is_shells(fd: int) -> bool:
    """Whether the terminal has gone back to the shell, which has modes of its own."""
    try:
        return os.tcgetpgrp(fd) != os.getpgrp()
    except OSError:
        return False
