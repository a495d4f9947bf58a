"""Keys straight from the terminal while no prompt runs, through prompt_toolkit's input and parser.

Knows the tty modes, and how long an Escape may turn out to be the start of a longer key. Does not know
what any key means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyPress

# A terminal sends a key's sequence in one piece. Half of the 100 ms in which Esc must have acted.
ESCAPE_WAIT_S = 0.05

KeyHandler = Callable[[list[KeyPress]], None]


class KeyReader:
    """Calls `on_keys` with what is pressed between `start` and `stop`, in raw mode."""

    def __init__(self, keyboard: Input, on_keys: KeyHandler) -> None:
        self._keyboard = keyboard
        self._on_keys = on_keys
        self._undo = ExitStack()
        self._raw = ExitStack()
        self._flushing: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Take the terminal; keys that a prompt has read and not used come first."""
        self._undo.callback(self._raw.close)
        self._raw.enter_context(self._keyboard.raw_mode())
        self._undo.enter_context(self._keyboard.attach(self._read))
        if waiting := get_typeahead(self._keyboard):
            self._on_keys(waiting)

    def stop(self) -> None:
        """Hand on what has been typed so far and give the terminal back as it was."""
        with self._undo:
            self._cancel_flushing()
            self._hand_on(self._keyboard.read_keys() + self._keyboard.flush_keys())

    @contextmanager
    def released(self) -> Iterator[None]:
        """Give the terminal back for the time of the block."""
        self._raw.close()
        try:
            yield
        finally:
            self._raw.enter_context(self._keyboard.raw_mode())

    def retake(self) -> None:
        """Set raw mode again, after somebody else may have changed the modes."""
        # Entered and not left: what is restored in the end is what `start` found.
        self._keyboard.raw_mode().__enter__()

    def _read(self) -> None:
        self._cancel_flushing()
        self._hand_on(self._keyboard.read_keys())
        self._flushing = asyncio.get_running_loop().call_later(ESCAPE_WAIT_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        self._hand_on(self._keyboard.flush_keys())

    def _hand_on(self, keys: list[KeyPress]) -> None:
        if keys:
            self._on_keys(keys)

    def _cancel_flushing(self) -> None:
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
