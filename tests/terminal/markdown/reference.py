"""An independent rendering: markdown-it's own block parser over the whole text, and the plainest of layouts.

It shares with the renderer under test only the inline conversion of one finished paragraph, and knows
nothing of streams. For the theme without attributes, at a width at which nothing wraps.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ollama_chat_tui.terminal.markdown.inline import InlineParser
from ollama_chat_tui.terminal.theme import PLAIN, make_theme

FRAME = "───"
_PARSER = (
    MarkdownIt("commonmark", {"html": False, "maxNesting": 40, "tasklists": True})
    .enable(["table", "strikethrough"])
    .disable(["lheading", "reference"])
)
_INLINE = InlineParser(make_theme("none"))
_BULLETS = "•◦▪"


class _Layout:
    def __init__(self) -> None:
        self.rows: list[str] = []
        self._first: list[str] = []
        self._rest: list[str] = []
        self._numbers: list[int | None] = []
        self._cells: list[str] = []

    def add(self, token: Token) -> None:
        handler = getattr(self, f"on_{token.type}", None)
        if handler:
            handler(token)

    def emit(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.rows.append("".join(self._first) + line)
            self._first = self._rest[:]

    def on_bullet_list_open(self, token: Token) -> None:
        self._numbers.append(None)

    def on_ordered_list_open(self, token: Token) -> None:
        start = token.attrGet("start")
        self._numbers.append(1 if start is None else int(start))

    def on_bullet_list_close(self, token: Token) -> None:
        self._numbers.pop()

    on_ordered_list_close = on_bullet_list_close

    def on_list_item_open(self, token: Token) -> None:
        checked = (token.meta or {}).get("checked")
        box = "" if checked is None else "☑ " if checked else "☐ "
        if token.markup in ".)":
            number = self._numbers[-1] or 0
            self._numbers[-1] = number + 1
            marker = f"{number}{token.markup} {box}"
        else:
            depth = sum(number is None for number in self._numbers) - 1
            marker = box or _BULLETS[min(depth, 2)] + " "
        self._first = [*self._first, marker]
        self._rest = [*self._rest, " " * len(marker)]

    def on_list_item_close(self, token: Token) -> None:
        if self._first != self._rest:
            self.emit([""])
        self._first.pop()
        self._rest.pop()

    def on_blockquote_open(self, token: Token) -> None:
        self._first.append("▌ ")
        self._rest.append("▌ ")

    def on_blockquote_close(self, token: Token) -> None:
        self._first.pop()
        self._rest.pop()

    def on_inline(self, token: Token) -> None:
        text = "".join(text for text, _ in _INLINE.pieces(token.content, PLAIN, {}))
        if self._in_table:
            self._cells.append(text)
        else:
            self.emit([line.strip(" \t") for line in text.split("\n")])

    _in_table = False

    def on_table_open(self, token: Token) -> None:
        self._in_table = True

    def on_table_close(self, token: Token) -> None:
        self._in_table = False

    def on_tr_close(self, token: Token) -> None:
        self.emit([" │ ".join(self._cells)])
        self._cells = []

    def on_thead_close(self, token: Token) -> None:
        self.emit([FRAME])

    def on_hr(self, token: Token) -> None:
        self.emit([FRAME])

    def on_fence(self, token: Token) -> None:
        self.emit([FRAME, *token.content.split("\n")[:-1], FRAME])

    def on_code_block(self, token: Token) -> None:
        self.emit(token.content.split("\n")[:-1])


def reference_rows(text: str) -> list[str]:
    """Render a document at once."""
    layout = _Layout()
    for token in _PARSER.parse(text):
        layout.add(token)
    return layout.rows
