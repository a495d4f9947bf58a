"""The prompt as it stands before the rest of the chat is there, and the places where the rest is joined on.

Imports what one can type with, and nothing that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.terminal.background import Background, ask_background
from ollama_chat_tui.terminal.bar import make_bar
from ollama_chat_tui.terminal.completion import Candidate
from ollama_chat_tui.terminal.prompt import Prompt, PromptOptions
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

    def join(self, completions: Completions, facts: Callable[[], Sequence[str]]) -> None:
        self._completions, self._facts = completions, facts

    def complete(self, text_before_cursor: str) -> list[Candidate]:
        if self._completions is None or "\n" in text_before_cursor:
            return []
        start, words = self._completions(text_before_cursor)
        return [Candidate(word, start, description) for word, description in words]

    def facts(self) -> Sequence[str]:
        return self._facts() if self._facts else ()


@dataclass(frozen=True)
class Standing:
    """A prompt that is being read.

    Attributes:
        background: None when it is not asked for.
    """

    prompt: Prompt
    live: Live
    window: Window
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
    is_asked = config is None or config.theme == "auto"
    background = ask_background(prompt.input, environment.stdout, environment.variables) if is_asked else None
    return Standing(prompt, live, window, background)


def _options(environment: Environment, config: Config | None, live: Live) -> PromptOptions:
    options = PromptOptions(
        history_file=environment.data_dir / "history",
        sources=[live],
        bar=make_bar(live.facts, environment.variables),
        sanitize=sanitize,
        variables=environment.variables,
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
