"""Is the terminal dark or light?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from prompt_toolkit.input import Input

from ollama_chat_tui.terminal.query import Query, ask_terminal

if TYPE_CHECKING:
    from ollama_chat_tui.terminal.theme import ThemeName


@dataclass(frozen=True)
class Background:
    """What the terminal says of its background, as far as it has been read."""

    query: Query

    @property
    def name(self) -> ThemeName:
        """Dark as long as nothing else is known."""
        return "light" if (self.query.told.luminance or 0) > 0.5 else "dark"

    def listen(self) -> None:
        """See `Query.listen`."""
        self.query.listen()


def ask_background(keyboard: Input, output: TextIO, variables: Mapping[str, str]) -> Background:
    """Ask the terminal, without waiting for the answer; see `ask_terminal`."""
    return Background(ask_terminal(keyboard, output, variables))
