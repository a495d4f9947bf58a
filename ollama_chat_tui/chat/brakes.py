"""What keeps a model that calls tools from going on for ever, in a circle or past its window."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.chat.tokens import estimate_tokens
from ollama_chat_tui.errors import ToolRoundsExceeded

MOST_SAME_CALLS = 3
_UNKNOWN_ROOM_TOKENS = 4000
_LEAST_RESULT_TOKENS = 40  # half of them the note
_HINT = "Ask it to answer with what it has."


class Limits(Struct, frozen=True):
    """How far one turn may go.

    Attributes:
        rounds: replies of the model.
        time_s: seconds, without those in which the user was asked.
        tokens: tokens the model writes in all.
    """

    rounds: int = 25
    time_s: float = 3600.0
    tokens: int = 200_000

    def check(self, rounds: int, tokens: int) -> None:
        """See whether another reply may be asked for.

        Raises:
            ToolRoundsExceeded: it may not.
        """
        if rounds >= self.rounds:
            raise ToolRoundsExceeded(
                f"The model called tools {rounds} times in a row without an answer.", _HINT
            )
        if tokens >= self.tokens:
            raise ToolRoundsExceeded(f"The model wrote {tokens} tokens around tools and no answer.", _HINT)

    def check_time(self, elapsed_s: float) -> None:
        """See whether another call may be run, or another reply asked for.

        Raises:
            ToolRoundsExceeded: it may not.
        """
        if elapsed_s >= self.time_s:
            raise ToolRoundsExceeded(
                f"The model called tools for {elapsed_s:.0f} s without an answer.", _HINT
            )


def result_tokens(window_tokens: int | None, metrics: Metrics, results: int) -> int:
    """How long each of so many results may be; half of what is free is left for the answer."""
    used = (metrics.prompt_tokens or 0) + (metrics.answer_tokens or 0)
    room = (window_tokens - used) // 2 if window_tokens else _UNKNOWN_ROOM_TOKENS
    return max(_LEAST_RESULT_TOKENS, room // results)


def shortened(text: str, most_tokens: int) -> str:
    """The beginning and the end of a result that is likely to be too long, and a note of what is missing."""
    cut, most_chars = text, len(text)
    while most_chars > 1 and (tokens := estimate_tokens(cut)) > most_tokens:
        most_chars = most_chars * most_tokens // tokens
        cut = without_middle(text, most_chars)
    return cut


def without_middle(text: str, most_chars: int) -> str:
    """So much of the beginning and the end of a text that is longer, and between them a note."""
    missing = len(text) - most_chars
    if missing <= 0:
        return text
    head = most_chars * 3 // 4
    note = f"[{missing:,} of {len(text):,} characters are left out here: ask for less at a time.]"
    return f"{text[:head]}\n{note}\n{text[head + missing :]}"


class Repeats:
    """The calls of a turn that were answered, and how often each came."""

    def __init__(self) -> None:
        self._results: dict[str, str] = {}
        self._times: Counter[str] = Counter()

    def count(self, call: ToolCall) -> int:
        """Count a call that came; 1 for the first time."""
        self._times[call.identity] += 1
        return self._times[call.identity]

    def first_result(self, call: ToolCall) -> str | None:
        """What the same call was answered with; None: it is new, or things have changed since."""
        return self._results.get(call.identity)

    def note(self, call: ToolCall, result: str, facts: ToolFacts) -> None:
        """Remember a result; one that changed something puts an end to what was known."""
        if facts.effect is Effect.CHANGES:
            self._results.clear()
            times = self._times[call.identity]
            self._times.clear()
            self._times[call.identity] = times
        if not facts.is_repeatable:
            self._results[call.identity] = result
