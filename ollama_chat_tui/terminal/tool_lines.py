"""A tool's call and its result as one line each: foreign text, made harmless here.

The lines are for looking over a turn, not for approving a call: they are cut where the row ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Final

from ollama_chat_tui.chat.conversation import Node
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.terminal.sanitize import sanitize_line

# No row holds more, and a result may have megabytes.
_MOST: Final = 2000


def asked_line(call: ToolCall, number: int = 0) -> str:
    """What the model wants done; the number, by which `/tools show` knows it, where it has one."""
    arguments = json.dumps(call.arguments, ensure_ascii=False) if call.arguments else ""
    return _numbered(number) + sanitize_line(f"→ {call.name} {arguments}"[:_MOST]).rstrip()


def done_line(result: str, number: int = 0) -> str:
    """How a result begins, and how long it is if that is not all of it."""
    result = result.strip()
    first, _, rest = result.partition("\n")
    lines = f" · {result.count(chr(10)) + 1} lines" if rest else ""
    return f"{_numbered(number)}← {sanitize_line(first[:_MOST]).strip() or 'nothing'}{lines}"


def with_numbers(nodes: Iterable[Node], numbers: Mapping[str, int]) -> list[tuple[Message, list[int]]]:
    """Stored messages with the numbers of what is called or given there; `numbers` are those of results."""
    messages: list[tuple[Message, list[int]]] = []
    behind: list[int] = []  # the results that follow, which are those of the calls
    for node in reversed(list(nodes)):
        if node.message.role is Role.TOOL:
            behind.insert(0, numbers[node.id])
            messages.append((node.message, behind[:1]))
        else:
            messages.append((node.message, behind))
            behind = []
    return messages[::-1]


def asked_lines(message: Message, numbers: Iterable[int]) -> list[str]:
    """A line for each call of a stored message; one that was cut off has no number."""
    pairs = zip(message.tool_calls, chain(numbers, repeat(0)), strict=False)
    return [asked_line(call, number) for call, number in pairs]


def _numbered(number: int) -> str:
    return f"{number} " if number else ""
