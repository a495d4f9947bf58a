"""The bar below the prompt: what holds for the next question. What does not fit is left out from the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.sanitize import sanitize_line
from ollama_chat_tui.terminal.suggestion import cut

_GAP = " · "


def make_bar(facts: Callable[[], Sequence[str]], variables: Mapping[str, str]) -> Bar | None:
    """The bar, where a cursor can be placed below the text."""
    return None if is_dumb(variables) else Bar(facts)


class Bar:
    """Joins the facts that fit into a row; the first are the most important. Called at every redraw."""

    def __init__(self, facts: Callable[[], Sequence[str]]) -> None:
        self._facts = facts

    def __call__(self) -> StyleAndTextTuples:
        columns = shutil.get_terminal_size().columns
        first, *others = map(sanitize_line, self._facts() or [""])
        shown = cut(first, columns)
        for fact in others:
            longer = f"{shown}{_GAP}{fact}"
            if get_cwidth(longer) > columns:
                break
            shown = longer
        return [("class:bottom-toolbar", shown)]
