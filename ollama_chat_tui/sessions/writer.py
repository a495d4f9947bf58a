"""Hands records to a journal, in a thread and in order; what the disk does not take waits in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from ollama_chat_tui.errors import ChatError
from ollama_chat_tui.sessions.journal import Journal, Vanished
from ollama_chat_tui.sessions.records import Item, Said

RETRY_S = 5.0


class Trouble(Struct, frozen=True):
    """Why records are not on disk, and since when."""

    reason: str
    since: datetime


class Writer:
    """Writes in the background; only `settled` and `close` wait for the disk.

    Attributes:
        trouble: why the last attempt failed; None when it did not.
    """

    def __init__(
        self,
        journal: Journal,
        on_change: Callable[[], None],
        written: Iterable[Item] = (),
    ) -> None:
        """`written` is what the file holds already, for the case that it is taken away."""
        self.trouble: Trouble | None = None
        self._journal = journal
        self._on_change = on_change
        self._written = list(written)
        self._pending: list[Item] = []
        self._running: asyncio.Future[Path] | None = None
        self._retry: asyncio.TimerHandle | None = None

    @property
    def unsaved(self) -> int:
        """How many messages are not on disk."""
        return sum(isinstance(item.record, Said) for item in self._pending)

    @property
    def is_empty(self) -> bool:
        """Whether there was never anything to write."""
        return not (self._written or self._pending)

    @property
    def items(self) -> list[Item]:
        """Everything, on disk or not."""
        return self._written + self._pending

    def put(self, items: Iterable[Item]) -> None:
        """Take more to be written, and begin at once."""
        self._pending += items
        self._start()

    async def settled(self) -> None:
        """Return when everything was tried: it is on disk, or there is `trouble`."""
        while self._running is not None:
            await asyncio.wait({self._running})

    def abandon(self) -> None:
        """Give up what is not on disk: it is kept elsewhere."""
        self._pending.clear()

    async def close(self) -> None:
        """Try once more what is not on disk, and let go of the file."""
        self._start()
        await self.settled()
        self._forget_retry()
        await asyncio.to_thread(self._journal.close)

    def _start(self) -> None:
        if self._running is not None or not self._pending:
            return
        self._forget_retry()
        batch = list(self._pending)
        self._running = asyncio.get_running_loop().run_in_executor(None, self._journal.append, batch)
        self._running.add_done_callback(lambda run: self._finish(len(batch), run.exception()))

    def _finish(self, count: int, error: BaseException | None) -> None:
        self._running = None
        if error is None:
            self._written += self._pending[:count]
            del self._pending[:count]
            self._tell(None)
            self._start()
        elif isinstance(error, Vanished):
            self._pending[:0] = self._written
            self._written.clear()
            self._start()
        else:
            self._tell(Trouble(_reason(error), self.trouble.since if self.trouble else datetime.now(UTC)))
            self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._start)

    def _tell(self, trouble: Trouble | None) -> None:
        before, self.trouble = self.trouble, trouble
        if before != trouble:
            self._on_change()

    def _forget_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None


def _reason(error: BaseException) -> str:
    if isinstance(error, ChatError):
        return error.sentence
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
