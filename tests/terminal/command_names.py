"""A source of completion for tests of the menu: the chat has its table of commands instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ollama_chat_tui.terminal.completion import Candidate


class CommandNames:
    """Names of slash-commands, at the start of the text only."""

    def __init__(self, commands: Callable[[], Iterable[tuple[str, str]]]) -> None:
        """`commands` returns pairs of name, without its slash, and description."""
        self._commands = commands

    def complete(self, text_before_cursor: str) -> Iterable[Candidate]:
        """Every command, when nothing but the beginning of a name stands before the cursor."""
        if re.fullmatch(r"/[^\s/]*", text_before_cursor):
            return [Candidate(f"/{name}", 0, description) for name, description in self._commands()]
        return []
