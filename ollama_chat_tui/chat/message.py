"""One message of a conversation, as the program keeps it. Knows nothing of the wire or the screen."""

from __future__ import annotations

import json
from enum import StrEnum

from msgspec import Struct

from ollama_chat_tui.chat.image import Image


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Ending(StrEnum):
    """How a message came to its end."""

    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class ToolCall(Struct, frozen=True):
    """A function the model asks for. `id` is empty where the server gives none."""

    name: str
    arguments: dict[str, object]
    id: str = ""

    @property
    def identity(self) -> str:
        """Name and arguments as a text that only the same call has, whatever its id and the order of keys."""
        return json.dumps([self.name, self.arguments], sort_keys=True, default=str)


class Message(Struct, frozen=True):
    """What one side said.

    Attributes:
        images: what they are; their bytes are in the conversation's store. Sounds too.
        thinking: the model's reasoning, never part of `content`.
        tool_name: on a tool's message, the function that produced `content`.
        tool_call_id: on a tool's message, the call it answers.
        whole: on a tool's message, the result of which `content` is what fitted; empty: it is the same.
    """

    role: Role
    content: str = ""
    thinking: str = ""
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""
    ending: Ending = Ending.COMPLETE
    whole: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the model would learn nothing from it."""
        return not (self.content or self.images or self.tool_calls)
