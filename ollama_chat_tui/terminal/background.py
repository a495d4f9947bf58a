"""Is the terminal dark or light?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ollama_chat_tui.terminal.query import Query

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
