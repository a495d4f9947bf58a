"""The prompt as it stands before the rest of the chat is there, and the places where the rest is joined on.

Imports what one can type with, and nothing that answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.terminal.background import Background
from ollama_chat_tui.terminal.bar import make_bar
from ollama_chat_tui.terminal.completion import Candidate
from ollama_chat_tui.terminal.prompt import Prompt, PromptOptions
from ollama_chat_tui.terminal.query import Query, ask_terminal
from ollama_chat_tui.terminal.sanitize import sanitize
from ollama_chat_tui.terminal.window import Window

if TYPE_CHECKING:
    from ollama_chat_tui.config.keys import Config
    from ollama_chat_tui.terminal.theme import ThemeName

Completions = Callable[[str], tuple[int, Sequence[tuple[str, str]]]]
"""From the text before the cursor to where the words begin that may stand there, and those with theirs."""


class Live:
    """What the prompt asks of the rest while somebody types; says nothing until that is joined."""

    def __init__(self) -> None:
        self._completions: Completions | None = None
        self._facts: Callable[[], Sequence[str]] | None = None
        self._read_clipboard: Callable[[], Awaitable[str]] | None = None

    def join(
        self,
        completions: Completions,
        facts: Callable[[], Sequence[str]],
        read_clipboard: Callable[[], Awaitable[str]],
    ) -> None:
        self._completions, self._facts, self._read_clipboard = completions, facts, read_clipboard

    def complete(self, text_before_cursor: str) -> list[Candidate]:
        if self._completions is None or "\n" in text_before_cursor:
            return []
        start, words = self._completions(text_before_cursor)
        return [Candidate(word, start, description) for word, description in words]

    def facts(self) -> Sequence[str]:
        return self._facts() if self._facts else ()

    async def read_clipboard(self) -> str:
        return await self._read_clipboard() if self._read_clipboard else ""


@dataclass(frozen=True)
class Standing:
    """A prompt that is being read.

    Attributes:
        query: what the terminal tells of itself; nothing, when it was not asked.
        background: None when the theme does not depend on it.
    """

    prompt: Prompt
    live: Live
    window: Window
    query: Query
    background: Background | None

    def theme(self) -> ThemeName | None:
        """What the terminal says, if it was asked."""
        if self.background is None:
            return None
        if not self.prompt.is_reading:
            self.background.listen()
        return self.background.name


def stand(environment: Environment, config: Config | None) -> Standing:
    """Build the prompt; without a configuration everything is as it is by default.

    Raises:
        UsageError: the configured keys make no sense.
    """
    live = Live()
    window = Window(
        environment.stdout,
        environment.variables,
        has_title=config is None or config.terminal_title,
        calls=config is not None and config.notify,
    )
    prompt = Prompt(replace(_options(environment, config, live), focus=window.focus))
    is_auto = config is None or config.theme == "auto"
    if is_auto or (config and config.thumbnails):
        query = ask_terminal(prompt.input, environment.stdout, environment.variables)
    else:
        query = Query(prompt.input)
    return Standing(prompt, live, window, query, Background(query) if is_auto else None)


def _options(environment: Environment, config: Config | None, live: Live) -> PromptOptions:
    options = PromptOptions(
        history_file=environment.data_dir / "history",
        sources=[live],
        bar=make_bar(live.facts, environment.variables),
        sanitize=sanitize,
        variables=environment.variables,
        read_clipboard=live.read_clipboard,
    )
    if config is None:
        return options
    return replace(
        options,
        is_recording=config.history,
        is_vi=config.editing_mode == "vi",
        enter_makes_line=config.enter == "newline",
        keys=config.keys,
    )
