"""The tty between two prompts, so that what is typed there waits for the next one unharmed.

In the usual modes the tty echoes what is typed, keeps Ctrl-D for itself and turns Enter into a newline,
which the prompt would take for Ctrl-J. Ctrl-C still makes a signal here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def keys_wait(fd: int) -> Iterator[None]:
    """While inside, keys typed outside of a prompt are kept as they are; afterwards all is as before."""
    try:
        import termios
    except ImportError:  # Windows: its console has no such modes
        yield
        return
    try:
        before = termios.tcgetattr(fd)
    except termios.error:
        yield
        return
    modes = termios.tcgetattr(fd)
    modes[0] &= ~(termios.ICRNL | termios.INLCR | termios.IGNCR)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    termios.tcsetattr(fd, termios.TCSANOW, modes)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
