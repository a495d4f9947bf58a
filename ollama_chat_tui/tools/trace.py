"""The results of calls, whole: the model was given what fits, and `/tools show` gives the rest."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ollama_chat_tui.chat.events import Event, ToolDone
from ollama_chat_tui.errors import NothingThere

_MOST_KEPT = 100


class Trace:
    """The calls of a session by their number, the last hundred of them."""

    def __init__(self) -> None:
        self._done: dict[int, ToolDone] = {}

    async def following(self, turn: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """Pass a turn's events on, and keep the results among them."""
        async with aclosing(turn) as events:
            async for event in events:
                if isinstance(event, ToolDone):
                    self._done[event.number] = event
                    while len(self._done) > _MOST_KEPT:
                        del self._done[min(self._done)]
                yield event

    @property
    def calls(self) -> list[ToolDone]:
        """What is kept, by number."""
        return [self._done[number] for number in sorted(self._done)]

    def show(self, number: int | None = None) -> ToolDone:
        """The call of that number, or the last one.

        Raises:
            NothingThere: there is none.
        """
        if not self._done:
            raise NothingThere("No tool was called yet.")
        found = self._done.get(max(self._done) if number is None else number)
        if found is None:
            raise NothingThere(f"There is no call {number}.", f"The last one is {max(self._done)}.")
        return found
