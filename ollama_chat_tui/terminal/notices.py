"""Short texts of the program itself: banners, errors, what a command shows. Foreign parts are sanitised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ollama_chat_tui.errors import ChatError
from ollama_chat_tui.shown import Markdown
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.sanitize import sanitize

_DIM = "2"
_RED = "31"


class TextSink(Protocol):
    """The part of a text stream that is needed here."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> None: ...
    def isatty(self) -> bool: ...


class Notices:
    """Writes to one stream, in colour where it is a terminal that has any."""

    def __init__(
        self,
        stream: TextSink,
        variables: Mapping[str, str],
        render: Callable[[str], str] = sanitize,
    ) -> None:
        """`render` makes harmless rows of Markdown."""
        self._stream = stream
        self._render = render
        self._has_colour = stream.isatty() and not variables.get("NO_COLOR") and not is_dumb(variables)

    def show(self, text: str) -> None:
        """What a command has to say; nothing is written for nothing."""
        if isinstance(text, Markdown):
            self._stream.write(self._render(text) + "\n")
            self._stream.flush()
        elif text:
            self._write(text)

    def whisper(self, text: str) -> None:
        """What one may overlook."""
        self._write(text, _DIM)

    def complain(self, error: ChatError) -> None:
        """One sentence and a hint."""
        hint = "\n" + self._styled(error.hint, _DIM) if error.hint else ""
        self._stream.write(self._styled(error.sentence, _RED) + hint + "\n")
        self._stream.flush()

    def _write(self, text: str, style: str = "") -> None:
        self._stream.write(self._styled(text, style) + "\n")
        self._stream.flush()

    def _styled(self, text: str, style: str) -> str:
        text = sanitize(text)
        return f"\x1b[{style}m{text}\x1b[0m" if style and self._has_colour else text
