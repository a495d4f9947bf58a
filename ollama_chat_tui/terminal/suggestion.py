"""The grey rest of an earlier entry behind what is being typed."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.utils import get_cwidth

from ollama_chat_tui.terminal.history import PromptHistory


class HistorySuggestion(Suggestion):
    """A suggestion: `text` is what is shown, `whole` what is inserted."""

    def __init__(self, text: str, whole: str) -> None:
        super().__init__(text)
        self.whole = whole


class SuggestFromHistory(AutoSuggest):
    """Suggest the newest entry that begins with the whole text; shown as far as it fits into the row."""

    def __init__(self, history: PromptHistory, columns: Callable[[], int]) -> None:
        self._history = history
        self._columns = columns

    def get_suggestion(self, _: Buffer, document: Document) -> Suggestion | None:
        """The rest of an entry; `columns` says how wide a row of text is."""
        text = document.text
        if not text.strip() or not document.is_cursor_at_the_end:
            return None
        for entry in self._history.newest_first():
            if entry.startswith(text) and entry != text:
                columns = max(1, self._columns())
                used = get_cwidth(document.current_line) % columns
                whole = entry[len(text) :]
                return HistorySuggestion(cut(whole, columns - used - 1), whole)
        return None


def cut(text: str, width: int) -> str:
    """Return the first line of `text`, or as much as `width` cells hold, with an ellipsis for the rest."""
    line, newline, _ = text.partition("\n")
    if not newline and get_cwidth(line) <= width:
        return line
    kept, used = "", 0
    for char in line:
        used += get_cwidth(char)
        if used > width - 1:
            break
        kept += char
    return kept + "…" if width > 0 else ""
