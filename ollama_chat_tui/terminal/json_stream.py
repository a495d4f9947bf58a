"""An answer that is to be JSON, shown as coloured code while it grows."""

from __future__ import annotations

from ollama_chat_tui.terminal.json_lines import JsonLines
from ollama_chat_tui.terminal.markdown.stream import MarkdownStream
from ollama_chat_tui.terminal.theme import Theme


class JsonStream(MarkdownStream):
    """Lays JSON out in lines, so that finished ones never change; what does not begin as JSON is Markdown."""

    def __init__(self, theme: Theme, width: int) -> None:
        super().__init__(theme, width)
        self._lines: JsonLines | None = None
        self._has_begun = False

    def feed(self, text: str) -> None:
        if not self._has_begun and (text := text.lstrip()):
            self._has_begun = True
            if text[0] in "{[":
                self._lines = JsonLines()
                super().feed("```json\n")
        super().feed(self._lines.feed(text) if self._lines else text)
