"""How long a model stays loaded: Ollama's `keep_alive`, and the timer that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from ollama_chat_tui.backends.embedded.duration import FOREVER_NS, NS_PER_S
from ollama_chat_tui.backends.embedded.engine import Engine

_DEFAULT_NS = 5 * 60 * NS_PER_S


class Residency:
    """Counts the requests in work and unloads the engine's model some time after the last."""

    def __init__(self, engine: Engine) -> None:
        """Take charge of unloading `engine`."""
        self._engine = engine
        self._keep_ns = _DEFAULT_NS
        self._working = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._expires = datetime.now().astimezone()

    @property
    def expires(self) -> datetime:
        """When the model goes; while a request runs, when it would go if that ended now."""
        return self._expiry() if self._working else self._expires

    @contextmanager
    def request(self, keep_ns: int | None) -> Iterator[None]:
        """Keep the model while a request runs; the time starts when it ends.

        Args:
            keep_ns: holds for later requests too; None leaves it as it is.
        """
        if keep_ns is not None:
            self._keep_ns = keep_ns
        self.cancel()
        self._loop = asyncio.get_running_loop()
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            if self._working == 0:
                self._rest()

    def cancel(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def forget(self) -> None:
        """Return to the default, as for a model that was unloaded."""
        self.cancel()
        self._keep_ns = _DEFAULT_NS

    def _rest(self) -> None:
        self._expires = self._expiry()
        if self._keep_ns == 0:
            self._expire()
        elif self._keep_ns < FOREVER_NS and self._loop and not self._loop.is_closed():
            self._timer = self._loop.call_later(self._keep_ns / NS_PER_S, self._expire)

    def _expire(self) -> None:
        self.forget()
        self._engine.unload_soon()

    def _expiry(self) -> datetime:
        return datetime.now().astimezone() + timedelta(microseconds=self._keep_ns // 1000)
