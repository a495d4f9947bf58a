"""The prompt before anything is imported: its mark, and what is typed behind it.

Shows plain letters and keeps every key for the real prompt. It needs next to nothing itself. Whoever shows
something else first takes it away.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, suppress

from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.early_keys import keep_early_keys

MARK = ">>> "
"""What stands before the text that is typed."""

_BEGIN_OF_ROW, _ERASE_REST = b"\r", b"\x1b[K"
_MOST_BYTES = 4096  # no tty holds more
_AS_PRESSED = bytes.maketrans(b"\n\0", b"\r\x04")
"""What the tty's line mode makes of Enter and of Ctrl-D, and what they are."""


class EarlyPrompt:
    """A mark behind which one can type; `close` undoes everything. Without a terminal it does nothing."""

    def __init__(self) -> None:
        self._keys = b""
        self._undo = ExitStack()
        self._keeps_keys = False
        self._reading = ExitStack()
        self._stands = False

    def __enter__(self) -> EarlyPrompt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep_keys(self) -> None:
        """Let the tty hold keys, unseen, until `close`; a signal that ends the program closes first."""
        if self._keeps_keys or not _is_terminal():
            return
        self._keeps_keys = True
        fd = sys.stdin.fileno()
        self._undo.enter_context(keep_early_keys(fd))
        if sys.platform == "win32":
            return
        import select
        import signal

        if select.select([fd], [], [], 0)[0]:
            self._keys = os.read(fd, _MOST_BYTES).translate(_AS_PRESSED)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)

    def stand(self) -> None:
        """Write the mark, where a cursor can be placed, and show what is typed."""
        if self._stands or not self._keeps_keys or sys.platform == "win32" or is_dumb(os.environ):
            return
        self._stands = True
        _write(_BEGIN_OF_ROW + _ERASE_REST + MARK.encode() + self._shown())
        from threading import Thread  # the mark does not wait for it

        ended, end = os.pipe()
        reading = Thread(target=self._read, args=(sys.stdin.fileno(), ended), daemon=True)
        reading.start()
        self._reading.callback(os.close, ended)
        self._reading.callback(reading.join)
        self._reading.callback(os.close, end)

    def take_keys(self) -> bytes:
        """Read no further, and return what was typed so far; the mark stays."""
        self._reading.close()
        keys, self._keys = self._keys, b""
        return keys

    def wipe(self) -> None:
        """Take the mark away."""
        if self._stands:
            self.give_way()
            _write(_ERASE_REST)

    def give_way(self) -> None:
        """Leave the place to a prompt that is drawn now; it erases what stands there."""
        self._reading.close()
        if self._stands:
            self._stands = False
            _write(_BEGIN_OF_ROW)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self.wipe()
        self._undo.close()

    def _read(self, fd: int, ended: int) -> None:
        """Take keys until the other end of the pipe `ended` is closed."""
        from select import select

        with suppress(OSError):  # the terminal is gone: whoever reads next will notice
            while ended not in select([fd, ended], [], [])[0] and (pressed := os.read(fd, _MOST_BYTES)):
                self._keys += pressed
                if self._shown():
                    _write(pressed)

    def _shown(self) -> bytes:
        """What was typed, if it is plain and fits into the row; anything else the real prompt shows."""
        is_plain = self._keys.isascii() and self._keys.decode("ascii").isprintable()
        room = os.get_terminal_size(sys.stdout.fileno()).columns - len(MARK)
        return self._keys if is_plain and len(self._keys) < room else b""

    def _end(self, number: int, _frame: object) -> None:
        import signal

        self.close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


def _is_terminal() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def _write(data: bytes) -> None:
    with suppress(OSError):  # the terminal is gone: whoever writes next will notice
        os.write(sys.stdout.fileno(), data)
