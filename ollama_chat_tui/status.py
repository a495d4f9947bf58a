"""What holds for the next question, for the bar: the model, how full its window is, what is not as usual."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import BackendError
from ollama_chat_tui.startup import Answerer


class Status:
    """Facts as they are known; asking for them never waits."""

    def __init__(self) -> None:
        self.answerer: Answerer | None = None
        self._used_tokens = 0
        self._window_tokens = 0
        self._loading_since_s: float | None = None

    def facts(self, settings: Settings, *, is_recording: bool) -> list[str]:
        """The facts, the most important first."""
        facts = [self._model(settings.model)]
        if self._window_tokens and self._used_tokens:
            facts.append(
                f"{100 * self._used_tokens // self._window_tokens} % of {_short(self._window_tokens)}"
            )
        if not is_recording:
            facts.append("incognito")
        if settings.format is not None:
            facts.append("json" if settings.format == "json" else "schema")
        facts += [f"{name} {value}" for name, value in settings.options.items()]
        if settings.think is not None:
            facts.append(f"think {'on' if settings.think is True else settings.think or 'off'}")
        if settings.system:
            facts.append("system prompt")
        if self.answerer and self.answerer.client.host.label != DEFAULT_HOST.label:
            facts.append(self.answerer.client.host.label)
        return facts

    def _model(self, name: str) -> str:
        if not name:
            return "looking for a model …"
        if self._loading_since_s is None:
            return name
        return f"loading {name} … {time.monotonic() - self._loading_since_s:.0f} s"

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
        if self.answerer is None:
            return
        try:
            loaded = await self.answerer.client.loaded()
        except BackendError:
            return
        sizes = [each.context_length for each in loaded if same_model(each.name, settings.model)]
        self._window_tokens = next((size for size in sizes if size), 0)


def _short(tokens: int) -> str:
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens)
