"""Signals as the end of one piece of work, or as an orderly end of the program."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # Windows has no SIGHUP
_TTOU = getattr(signal, "SIGTTOU", None)


class Interruption:
    """Whether Ctrl-C was pressed, and the way back to work."""

    def __init__(self) -> None:
        self._task = _current_task()
        self._presses = 0
        self.is_over = False

    def press(self) -> None:
        """Cancel the work, unless it is over by now."""
        if not self.is_over:
            self._presses += 1
            self._task.cancel()

    def absorb(self) -> None:
        """Go on after the cancellation, if Ctrl-C was the cause of it.

        Raises:
            asyncio.CancelledError: it was not; somebody else wants the whole task to end.
        """
        for _ in range(self._presses):
            self._task.uncancel()
        if not self._presses or self._task.cancelling():
            raise asyncio.CancelledError


@contextmanager
def cancelled_by_ctrl_c() -> Iterator[Interruption]:
    """While inside, SIGINT cancels the running task; catch `CancelledError` outside and `absorb` it.

    Without it `asyncio.run` would cancel the main task, and with it the whole chat. A signal handler of
    the loop would be simpler, but Windows has none.
    """
    interruption = Interruption()
    try:
        with _handled({signal.SIGINT: interruption.press}):
            yield interruption
    finally:
        interruption.is_over = True


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """While inside, SIGINT cancels the running task; when all is put away, the program is to end.

    Raises:
        KeyboardInterrupt: SIGINT came.
    """
    try:
        with cancelled_by_ctrl_c() as interruption:
            yield
    except asyncio.CancelledError:
        interruption.absorb()
        raise KeyboardInterrupt from None


@contextmanager
def on_ctrl_c(action: Callable[[], None]) -> Iterator[None]:
    """While inside, SIGINT has the loop call `action`, and does nothing else."""
    with _handled({signal.SIGINT: action}):
        yield


@contextmanager
def ended_in_order() -> Iterator[None]:
    """While inside, SIGTERM and SIGHUP cancel the task, and when all is put away the process dies of them.

    SIGINT does nothing: between two prompts there is nothing to stop.
    """
    task = _current_task()
    caught: list[signal.Signals] = []

    def end_by(signum: signal.Signals) -> Callable[[], None]:
        def end() -> None:
            caught.append(signum)
            task.cancel()

        return end

    try:
        with _handled({signal.SIGINT: lambda: None, **{each: end_by(each) for each in ENDING_SIGNALS}}):
            yield
    finally:
        if caught:
            signal.signal(caught[0], signal.SIG_DFL)
            os.kill(os.getpid(), caught[0])


@contextmanager
def _handled(actions: dict[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def handle(signum: int, _frame: FrameType | None) -> None:
        if signum in ENDING_SIGNALS and _TTOU is not None:
            # `kill %1` wakes a suspended job in the background, where setting the tty's modes would stop it.
            signal.signal(_TTOU, signal.SIG_IGN)
        loop.call_soon_threadsafe(actions[signal.Signals(signum)])

    before = {signum: signal.signal(signum, handle) for signum in actions}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _current_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"  # noqa: S101 - for the type checker
    return task
