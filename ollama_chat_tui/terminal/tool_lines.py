"""A tool's call and its result as one line each: foreign text, made harmless here.

The lines are for looking over a turn, not for approving a call: they are cut where the row ends.
"""

from __future__ import annotations

import json
from typing import Final

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.terminal.sanitize import sanitize_line

# No row holds more, and a result may have megabytes.
_MOST: Final = 2000


def asked_line(call: ToolCall) -> str:
    """What the model wants done."""
    arguments = json.dumps(call.arguments, ensure_ascii=False) if call.arguments else ""
    return sanitize_line(f"→ {call.name} {arguments}"[:_MOST]).rstrip()


def done_line(result: str) -> str:
    """How a result begins, and how long it is if that is not all of it."""
    result = result.strip()
    first, _, rest = result.partition("\n")
    lines = f" · {result.count(chr(10)) + 1} lines" if rest else ""
    return f"← {sanitize_line(first[:_MOST]).strip() or 'nothing'}{lines}"
