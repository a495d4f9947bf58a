"""The grey words in an empty prompt: another hint every time, with the keys that are in force."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from ollama_chat_tui.terminal.key_names import pretty
from ollama_chat_tui.terminal.keymap import Keymap

FIRST = "Ask something, or /help"
_KEY_HINTS = (
    ("new-line", "{} makes a new line"),
    ("search-history", "{} searches what you asked before"),
    ("open-editor", "{} opens your editor"),
    ("up", "{} brings back what you asked"),
    ("leave", "{} leaves"),
)
_OTHERS = ('""" begins a text of several lines', "/keys shows every key")


def hints(keymap: Keymap) -> Iterator[str]:
    """Hints for ever, the most useful first."""
    with_keys = [
        text.format(pretty(keymap.keys(action)[0])) for action, text in _KEY_HINTS if keymap.keys(action)
    ]
    return cycle([FIRST, *with_keys, *_OTHERS])
