"""The screen while the model answers: rows from a renderer, status rows, a row for typing ahead.

Decides when a frame is drawn and how often; what it looks like on the tty is the region's business, what
keys mean the type-ahead's. Knows nothing of models, Markdown or turns: a stop is a callback.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyPress

from ollama_chat_tui.terminal.focus import FOCUS_OFF, FOCUS_ON
from ollama_chat_tui.terminal.frame import Frame, RowSource
from ollama_chat_tui.terminal.keys import KeyReader
from ollama_chat_tui.terminal.region import LiveRegion, TextOutput, broken_row
from ollama_chat_tui.terminal.typeahead import Request, TypeAhead

FRAME_S = 0.04
SHARE_OF_CORE = 5  # a frame may cost a fifth of the time until the next
STATUS_S = 0.25
IN_FLIGHT_S = 0.01  # what was written so shortly before a resize may reach the terminal after it
BRACKETED_PASTE_ON, BRACKETED_PASTE_OFF = "\x1b[?2004h", "\x1b[?2004l"

_WINCH = getattr(signal, "SIGWINCH", None)
_TSTP = getattr(signal, "SIGTSTP", None)
_CONT = getattr(signal, "SIGCONT", None)


@dataclass(frozen=True)
class Tty:
    """Both ends of the terminal.

    Attributes:
        keyboard: the object that the prompt reads from, too: a paste that is half read when the answer
            ends goes on there.
        size: asked before every frame.
        reflows: whether the terminal breaks rows anew when it becomes narrower; xterm, the Linux console
            and GNU screen do not.
        settle_s: how long the size must have been the same before anything is drawn again. tmux tells of
            a change up to 250 ms late when several follow each other.
        tells_focus: whether the terminal is asked to tell if its window has the focus.
    """

    output: TextOutput
    keyboard: Input
    size: Callable[[], os.terminal_size]
    reflows: bool = True
    settle_s: float = 0.1
    tells_focus: bool = False

    @property
    def modes_on(self) -> str:
        """What is asked of the terminal while keys are read."""
        return BRACKETED_PASTE_ON + (FOCUS_ON if self.tells_focus else "")

    @property
    def modes_off(self) -> str:
        return (FOCUS_OFF if self.tells_focus else "") + BRACKETED_PASTE_OFF


def make_tty(
    output: TextOutput, keyboard: Input, variables: Mapping[str, str], *, tells_focus: bool = False
) -> Tty:
    """Describe the terminal the process runs in, by what it says of itself in the environment."""
    cuts = "XTERM_VERSION" in variables or variables.get("TERM", "").startswith(("linux", "screen"))
    in_tmux = "TMUX" in variables
    return Tty(
        output,
        keyboard,
        shutil.get_terminal_size,
        reflows=in_tmux or not cuts,
        settle_s=0.3 if in_tmux else 0.1,
        tells_focus=tells_focus,
    )


class AnswerDrawer:
    """Shows one answer, from `async with` to its end, and takes keys meanwhile.

    What `source` holds is shown when the block ends, also by an exception or a cancellation; then only
    finished rows remain and the terminal is as it was.
    """

    def __init__(
        self,
        tty: Tty,
        source: RowSource,
        status: Callable[[], str],
        on_stop: Callable[[], None],
        typed: TypeAhead | None = None,
    ) -> None:
        """Ask `status` for its rows as lines, styled, with every frame; call `on_stop` at Esc and Ctrl-C.

        `typed` is what was typed during earlier answers and not sent yet; it is shown and goes on growing.
        """
        self._tty = tty
        self._source = source
        self._status = status
        self._on_stop = on_stop
        self._typed = typed or TypeAhead()
        self._keys = KeyReader(tty.keyboard, self._press)
        self._region = LiveRegion(tty.output, tty.size(), reflows=tty.reflows)
        self._tail: list[str] = []
        self._unwritten: list[str] = []
        self._touched = True
        self._timer: asyncio.TimerHandle | None = None
        self._earliest_s = self._drawn_at_s = 0.0  # in the loop's time
        self._size = tty.size()
        self._source_columns = self._size.columns
        self._unsettled_since_s: float | None = None
        self._failure: Exception | None = None
        self._ending = False
        self._undo = ExitStack()

    @property
    def queued(self) -> list[str]:
        """Prompts entered meanwhile, in their order."""
        return self._typed.queued

    @property
    def unfinished_text(self) -> str:
        """What was typed and not entered: the next prompt's default."""
        return self._typed.unfinished_text

    def touch(self) -> None:
        """Say that there is something new to show.

        Raises:
            Exception: what the source or the terminal raised while a frame was drawn.
        """
        if self._failure is not None:
            raise self._failure
        self._touched = True
        self._draw_soon()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        with ExitStack() as undo:
            undo.callback(self._region.close)
            self._keys.start()
            undo.callback(self._keys.stop)
            self._write(self._tty.modes_on)
            undo.callback(self._write, self._tty.modes_off)
            self._watch(undo, _WINCH, self._resized)
            self._watch(undo, _TSTP, self._suspend)
            self._watch(undo, _CONT, self._continued)
            undo.callback(self._stop_timer)
            self._undo = undo.pop_all()
        self._draw_soon()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Nothing is awaited here: a second cancellation finds the terminal restored.
        with self._undo:
            self._ending = True
            self._stop_timer()
            self._show_rest(self._last_frame())
        if self._failure is not None and error is None:
            raise self._failure

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """Give the terminal to somebody else for the time of the block; what is shown so far stays."""
        await self.__aexit__(None, None, None)
        try:
            yield
        finally:
            self._ending, self._tail, self._unwritten = False, [], []
            self._region = LiveRegion(self._tty.output, self._tty.size(), reflows=self._tty.reflows)
            await self.__aenter__()

    def _last_frame(self) -> Frame:
        if self._failure is None:
            try:
                return self._source.finish()
            except Exception as error:  # noqa: BLE001  raised again when the terminal is restored
                self._failure = error
        return Frame([], self._tail)

    def _show_rest(self, frame: Frame) -> None:
        if (size := self._tty.size()) != self._region.size or self._unsettled_since_s is not None:
            self._region.resize(size)
        self._region.draw([*self._unwritten, *frame.finished, *frame.tail], [])

    def _draw_soon(self) -> None:
        if self._unsettled_since_s is None:
            self._draw_at(max(self._loop.time(), self._earliest_s))

    def _draw_at(self, when_s: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= when_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when_s, self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        try:
            if self._is_settled():
                self._draw()
        except Exception as error:  # noqa: BLE001  raised again by `touch` and at the end
            self._failure = error

    def _is_settled(self) -> bool:
        """Return whether to draw; while the size changes, look again when it may have come to rest."""
        now_s, size = self._loop.time(), self._tty.size()
        if size != self._size:
            self._size, self._unsettled_since_s = size, now_s
        if self._unsettled_since_s is None:
            return True
        if now_s < self._unsettled_since_s + self._tty.settle_s:
            self._draw_at(self._unsettled_since_s + self._tty.settle_s)
            return False
        self._adapt(size)
        return True

    def _adapt(self, size: os.terminal_size) -> None:
        self._unsettled_since_s = None
        self._region.resize(size)

    def _fit_source(self) -> None:
        """Lay out for the screen's width, but not while the scrollback holds rows of the old layout."""
        if self._source_columns != self._size.columns and not self._region.has_spilled:
            self._source_columns = self._size.columns
            self._source.resize(self._source_columns)
            self._touched = True

    def _draw(self) -> None:
        started_s = self._loop.time()
        self._fit_source()
        if self._touched:
            self._touched = False
            self._take(self._source.render())
        typed, column = self._typed.row(self._size.columns)
        status = [broken_row(row, self._size.columns)[0] for row in self._status().split("\n")]
        live = [*self._tail, *status, typed]
        self._region.draw(self._unwritten, live, (len(live) - 1, column))
        self._unwritten = []
        if self._tty.size() != self._size:
            self._region.distrust()
        now_s = self._drawn_at_s = self._loop.time()
        self._earliest_s = started_s + max(FRAME_S, SHARE_OF_CORE * (now_s - started_s))
        self._draw_at(max(self._earliest_s, now_s + STATUS_S))

    def _take(self, frame: Frame) -> None:
        self._unwritten += frame.finished
        self._tail = frame.tail

    def _press(self, keys: list[KeyPress]) -> None:
        requests = self._typed.press(keys)
        if self._ending:  # what was typed in the last moment is kept, and there is nothing left to stop
            return
        for request in requests:
            if request is Request.STOP:
                self._on_stop()
            elif request is Request.SUSPEND:
                self._suspend()
            else:
                self._region.repaint()
        self._draw_soon()

    def _resized(self) -> None:
        if self._loop.time() < self._drawn_at_s + IN_FLIGHT_S:
            self._region.distrust()
        self._size, self._unsettled_since_s = self._tty.size(), self._loop.time()
        self._stop_timer()
        self._draw_at(self._unsettled_since_s + self._tty.settle_s)

    def _suspend(self) -> None:
        """Stop the process group as Ctrl-Z does where no raw mode is, and take the terminal again after."""
        if _TSTP is None or _CONT is None:
            return
        self._region.close()
        self._write(self._tty.modes_off)
        with self._keys.released(), ExitStack() as undo:
            for number, handler in ((_TSTP, self._suspend), (_CONT, self._continued)):
                if self._loop.remove_signal_handler(number):
                    undo.callback(self._loop.add_signal_handler, number, handler)
            os.kill(0, _TSTP)
        self._write(self._tty.modes_on)
        self._draw_soon()

    def _continued(self) -> None:
        """Take the terminal again after a stop that could not be foreseen, such as SIGSTOP."""
        self._keys.retake()
        self._region.forget()
        self._write(self._tty.modes_on)
        self._draw_soon()

    def _watch(self, undo: ExitStack, number: int | None, handler: Callable[[], None]) -> None:
        if number is None:
            return
        # No such handlers in a thread, nor in the event loops of Windows; the size is asked anyway.
        with suppress(NotImplementedError, ValueError, RuntimeError):
            self._loop.add_signal_handler(number, handler)
            undo.callback(self._loop.remove_signal_handler, number)

    def _write(self, text: str) -> None:
        self._tty.output.write(text)
        self._tty.output.flush()
