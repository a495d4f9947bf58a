"""What a terminal sends for a key."""

from __future__ import annotations

from prompt_toolkit.input.ansi_escape_sequences import REVERSE_ANSI_SEQUENCES
from prompt_toolkit.keys import Keys as Key

from ollama_chat_tui.terminal.key_names import MODIFIED_ENTER, Keys

_BYTES = {key.value: text for key, text in REVERSE_ANSI_SEQUENCES.items() if isinstance(key, Key)}


def sent_for(keys: Keys) -> str:
    return "".join(_sent_for_key(key) for key in keys)


def _sent_for_key(key: str) -> str:
    if key in MODIFIED_ENTER:
        return f"\x1b[13;{MODIFIED_ENTER[key]}u"
    if key == "c-h":
        return "\x7f"
    return key if len(key) == 1 else _BYTES[key]
