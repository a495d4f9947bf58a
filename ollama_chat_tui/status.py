"""What holds for the next question, for the bar: the model, how full its window is, what is not as usual."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import msgspec

from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Found
from ollama_chat_tui.commands.layout import shortened
from ollama_chat_tui.errors import BackendError
from ollama_chat_tui.schemas.reading import NamedSchema
from ollama_chat_tui.sessions.recorder import Saved, SaveState

LONGEST_VALUE = 24
MOST_NAMES = 3


class Status:
    """Facts as they are known; asking for them never waits.

    Attributes:
        answerer: who answers, as soon as it is known.
    """

    def __init__(self) -> None:
        self.answerer: Found | None = None
        self._used_tokens = 0
        self._window_tokens = 0
        self._window_of = ""
        self._loading_since_s: float | None = None

    def facts(
        self,
        settings: Settings,
        kept: SaveState,
        *,
        has_history: bool,
        has_tools: bool = False,
        attached: Sequence[str] = (),
    ) -> list[str]:
        """The facts, the most important first: a bar that is too narrow leaves out the last ones.

        `attached` are the names of what goes with the next question.
        """
        facts = [
            self._model(settings.model),
            kept.fact,
            "" if has_history or kept.saved is Saved.PRIVATE else "no history",
            _with(attached),
            self._window(settings.model),
            self._host(),
            _format(settings.format),
            "tools: on" if has_tools else "",
            _think(settings.think),
            "system prompt" if settings.system else "",
            *(f"{name} {_short_value(value)}" for name, value in settings.options.items()),
        ]
        return [fact for fact in facts if fact]

    def _model(self, name: str) -> str:
        if not name:
            return "looking for a model …"
        if self._loading_since_s is None:
            return name
        return f"loading {name} … {time.monotonic() - self._loading_since_s:.0f} s"

    def _window(self, model: str) -> str:
        if not (self._used_tokens and self._window_tokens and same_model(self._window_of, model)):
            return ""
        share = 100 * self._used_tokens // self._window_tokens
        return f"{share} % of {_short(self._window_tokens)}"

    async def window_tokens(self, model: str) -> int | None:
        """Ask how many tokens fit into the window of a loaded model; None while that is not known.

        Raises:
            BackendError: there is no answer.
        """
        return await self.answerer.client.window_tokens(model) if self.answerer else None

    def _host(self) -> str:
        label = self.answerer.client.host.label if self.answerer else DEFAULT_HOST.label
        return "" if label == DEFAULT_HOST.label else label

    @contextmanager
    def loading(self) -> Iterator[None]:
        """While inside, the model is being loaded."""
        self._loading_since_s = time.monotonic()
        try:
            yield
        finally:
            self._loading_since_s = None

    def forget_window(self) -> None:
        """A new conversation fills none of it."""
        self._used_tokens = 0

    async def note_answer(self, settings: Settings, metrics: Metrics) -> None:
        """Note how full the window is after an answer; the server says how large it is."""
        self._used_tokens = (metrics.prompt_tokens or 0) + (metrics.answer_tokens or 0)
        with suppress(BackendError):
            self._window_tokens = await self.window_tokens(settings.model) or 0
            self._window_of = settings.model


def _short(tokens: int) -> str:
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens)


def _with(names: Sequence[str]) -> str:
    if not names:
        return ""
    shown = ", ".join(shortened(name, LONGEST_VALUE) for name in names[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"with {shown} and {more} more" if more > 0 else f"with {shown}"


def _format(wanted: str | Mapping[str, object] | None) -> str:
    if wanted is None or isinstance(wanted, str):
        return wanted or ""
    return wanted.name if isinstance(wanted, NamedSchema) else "schema"


def _think(wanted: bool | str | None) -> str:
    return "" if wanted is None else f"think {'on' if wanted is True else wanted or 'off'}"


def _short_value(value: object) -> str:
    return shortened(msgspec.json.encode(value).decode(), LONGEST_VALUE)
