"""What a command shows when it is more than plain text. Knows not how it is drawn."""

from __future__ import annotations


class Markdown(str):
    """Markdown, to be rendered by the terminal."""

    __slots__ = ()


def json_block(text: str) -> str:
    """JSON as coloured code of a `Markdown` text."""
    return f"```json\n{text}\n```"
