"""What this process and the one that runs a file of functions say to each other, a line of JSON each."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ollama_chat_tui.chat.protocols import ToolFacts


class Described(Struct):
    """A function of the file."""

    name: str
    description: str
    parameters: dict[str, Any]
    facts: ToolFacts
    time_limit_s: float


class Loaded(Struct):
    """The first line: what the file has, or why it cannot be loaded."""

    functions: list[Described] = []
    error: str = ""


class Call(Struct):
    """A function to be called."""

    name: str
    arguments: dict[str, Any]


class Reply(Struct):
    """What came of a call."""

    result: str
