"""A terminal for tests: a pty with a child in it, and an emulator that shows what a person would see.

pyte does not reflow and is kinder than terminals are; `StrictScreen` does what they do: break rows anew on
a resize, eat the last cell when erasing after a full row, keep joiners and variation selectors.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pyte
from pyte import modes
from pyte.screens import StaticDefaultDict
from wcwidth import wcwidth

HISTORY_ROWS = 100_000
# Without it the child has no controlling terminal: no SIGWINCH, no job control.
_TAKE_TTY = (
    "import fcntl,os,sys,termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class StrictScreen(pyte.HistoryScreen):
    """pyte's screen with history, as strict as a terminal.

    `reflows` False cuts rows that no longer fit, as xterm does; `pulls_back` False leaves the scrollback
    where it is when the screen grows.
    """

    def __init__(self, columns: int, lines: int, *, reflows: bool = True, pulls_back: bool = True) -> None:
        self.reflows = reflows
        self.pulls_back = pulls_back
        self.answers: list[str] = []
        super().__init__(columns, lines, history=HISTORY_ROWS)

    def write_process_input(self, data: str) -> None:
        """Keep what the terminal has to say, such as a cursor position."""
        self.answers.append(data)

    def draw(self, data: str) -> None:
        for char in data:
            self._put(char, wcwidth(char))

    def _put(self, char: str, width: int) -> None:
        cursor = self.cursor
        if width <= 0:
            line = self.buffer[cursor.y]
            if cursor.x and char >= "\xa0":
                last = line[cursor.x - 1]
                line[cursor.x - 1] = last._replace(data=last.data + char)
            return
        if cursor.x + width > self.columns:
            if modes.DECAWM in self.mode:
                self._row(cursor.y).wrapped = True
                self.carriage_return()
                self.linefeed()
            else:
                cursor.x = self.columns - width
        line = self._row(cursor.y)
        line[cursor.x] = cursor.attrs._replace(data=char)
        if width == 2:
            line[cursor.x + 1] = cursor.attrs._replace(data="")
        cursor.x += width
        if cursor.x == self.columns:
            line.wrapped = False

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        self.cursor.x = min(self.cursor.x, self.columns - 1)
        super().erase_in_line(how, private)
        if how != 1:
            self._row(self.cursor.y).wrapped = False

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        self.cursor.x = min(self.cursor.x, self.columns - 1)
        super().erase_in_display(how, *args, **kwargs)
        for y in range(self.cursor.y if how == 0 else 0, self.lines if how != 1 else self.cursor.y):
            self._row(y).wrapped = False

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        lines, columns = lines or self.lines, columns or self.columns
        if (lines, columns) == (self.lines, self.columns):
            return
        rows = [*self.history.top, *(self.buffer[y] for y in range(self.lines))]
        place = len(self.history.top) + self.cursor.y
        while len(rows) > place + 1 and not _text(rows[-1]):
            rows.pop()
        top = len(self.history.top)
        if columns != self.columns:
            rows, top, place = self._broken_anew(rows, columns, top, place)
        top = max(0 if self.pulls_back else top, len(rows) - lines)
        self.history.top.clear()
        self.history.top.extend(rows[:top])
        self.buffer.clear()
        self.buffer.update(enumerate(rows[top:]))
        self.cursor.y = place - top
        self.lines, self.columns = lines, columns
        self.dirty.update(range(lines))
        self.margins = None

    def _broken_anew(self, rows: list[Any], columns: int, top: int, place: int) -> tuple[list[Any], int, int]:
        new: list[Any] = []
        new_top = new_place = 0
        cells: list[Any] = []
        cursor_at: int | None = None
        for i, row in enumerate(rows):
            if i == top and not cells:
                new_top = len(new)
            if i == place:
                cursor_at = len(cells) + self.cursor.x
            used = max((x for x in row if row[x].data != " "), default=-1) + 1
            wrapped = getattr(row, "wrapped", False) and self.reflows
            cells += [row[x] for x in range(self.columns if wrapped else used)]
            if wrapped and i + 1 < len(rows):
                continue
            broken = list(self._broken(cells, columns))
            if cursor_at is not None:
                down = min(cursor_at // columns, max(0, len(broken) - 1)) if self.reflows else 0
                new_place, self.cursor.x = len(new) + down, min(cursor_at - down * columns, columns - 1)
                cursor_at = None
            new += broken
            cells = []
        return new, new_top, new_place

    def _broken(self, cells: list[Any], columns: int) -> Iterator[Any]:
        line = self._line()
        x = 0
        for i, cell in enumerate(cells):
            wide = i + 1 < len(cells) and cells[i + 1].data == ""
            if x + 1 + wide > columns:
                if not self.reflows:
                    break
                line.wrapped = True
                yield line
                line, x = self._line(), 0
            line[x] = cell
            x += 1
        yield line

    def _line(self) -> Any:
        return StaticDefaultDict(self.default_char)

    def _row(self, y: int) -> Any:
        """Return a row that may be marked as `wrapped`, which pyte's do not know."""
        return self.buffer[y]

    def history_rows(self) -> list[str]:
        """What has left the screen at its top."""
        return [_text(row) for row in self.history.top]

    def screen_rows(self) -> list[str]:
        """What stands on the screen, without the empty rows at its end."""
        rows = [_text(self.buffer[y]) for y in range(self.lines)]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def logical_rows(self) -> list[str]:
        """Scrollback and screen, with rows that the terminal broke put together again."""
        joined: list[str] = []
        before = ""
        for row in [*self.history.top, *(self.buffer[y] for y in range(self.lines))]:
            if getattr(row, "wrapped", False):
                before += "".join(row[x].data for x in range(self.columns))
            else:
                joined.append(before + _text(row))
                before = ""
        while joined and not joined[-1]:
            joined.pop()
        return joined


def _text(row: Mapping[int, Any]) -> str:
    return "".join(row[x].data for x in range(max(row, default=-1) + 1)).rstrip()


class PtyTerminal:
    """A command in a terminal of its own: it leads a session and has job control.

    Everything is read and answered inside `wait_for`; no thread runs. A `screen` brings its own size.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        reflows: bool = True,
        screen: StrictScreen | None = None,
    ) -> None:
        self.screen = screen or StrictScreen(columns, lines, reflows=reflows)
        self.output = b""
        self._stream = pyte.ByteStream(self.screen)
        self.master, slave = pty.openpty()
        self._set_size(self.screen.columns, self.screen.lines)
        self.modes_at_start = termios.tcgetattr(slave)
        term = {"TERM": "xterm-256color"}
        environment = {**os.environ, **term} if env is None else {**term, **env}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _TAKE_TTY, *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=cwd,
            start_new_session=True,
        )
        self._slave = slave  # kept open, so that the modes can be asked after the child's end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, text: str | bytes) -> None:
        """Type `text`; while the child does not read, what it writes is read."""
        data = text.encode() if isinstance(text, str) else text
        while data:
            readable, writable, _ = select.select([self.master], [self.master], [], 30)
            if readable:
                self._read()
            if writable:
                data = data[os.write(self.master, data[:512]) :]

    def wait_for(self, condition: str | Callable[[], bool], timeout_s: float = 20) -> None:
        """Read until a text stands on the screen, or until a predicate holds.

        Raises:
            AssertionError: when that did not happen in time; the message holds the screen.
        """
        holds = condition if callable(condition) else lambda: str(condition) in self.screen_text()
        deadline_s = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline_s, f"waited for {condition!r} in vain:\n{self.screen_text()}"
            self._read_within(0.05)  # a predicate may also wait for something that writes nothing

    def wait_for_exit(self, timeout_s: float = 20) -> int:
        """Read until the child has ended, and return its code."""
        self.wait_for(lambda: self.process.poll() is not None, timeout_s)
        while self._read_within(0):
            pass
        return self.process.wait()

    def screen_text(self) -> str:
        return "\n".join(self.screen.screen_rows())

    def history_text(self) -> str:
        return "\n".join(self.screen.history_rows())

    def all_rows(self) -> list[str]:
        """Scrollback and screen, with rows that the terminal broke put together again."""
        return self.screen.logical_rows()

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size, as dragging its corner does."""
        while self._read_within(0):
            pass
        self.screen.resize(lines, columns)
        self._set_size(columns, lines)

    def modes(self) -> list[Any]:
        """Return the tty's modes, to compare with `modes_at_start`."""
        return termios.tcgetattr(self._slave)

    def close(self) -> None:
        """End the child and all that it started in the session."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGCONT)
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for fd in (self.master, self._slave):
            with suppress(OSError):
                os.close(fd)

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read_within(self, seconds: float) -> bool:
        return bool(select.select([self.master], [], [], seconds)[0]) and self._read()

    def _read(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: nobody holds the other end any more
            return False
        self.output += data
        self._stream.feed(data)
        for answer in self.screen.answers:
            os.write(self.master, answer.encode())
        self.screen.answers.clear()
        return bool(data)
