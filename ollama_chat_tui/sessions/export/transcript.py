"""The branch in use, put into the words that every format for people shows."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct

from ollama_chat_tui.chat.image import Image, ImageStore, MemoryImages
from ollama_chat_tui.chat.message import Ending, Message, Role
from ollama_chat_tui.sessions.attachments import content, described
from ollama_chat_tui.sessions.export.clean import clean
from ollama_chat_tui.sessions.loading import Loaded

_ENDINGS: Final[Mapping[Ending, str]] = {
    Ending.COMPLETE: "",
    Ending.INTERRUPTED: "interrupted",
    Ending.FAILED: "broken off",
}
_SHOWN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Turn(Struct, frozen=True):
    """A message ready to be written; no control character is left in it.

    Attributes:
        speaker: You, the model's name, or the tool's.
        calls: name of the function and its arguments as indented JSON.
        images: as `data:` URIs; empty for what no browser shows.
        ending: a word for an answer that was not finished.
    """

    role: Role
    speaker: str
    content: str
    thinking: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    images: tuple[str, ...] = ()
    ending: str = ""


class Transcript(Struct, frozen=True):
    """A session for people.

    Attributes:
        facts: the model and the day, in one line.
    """

    title: str
    facts: str
    system: str
    turns: tuple[Turn, ...]


def transcript(loaded: Loaded) -> Transcript:
    """The branch in use of a session."""
    session = loaded.session
    entries = session.entries
    turns = []
    for node in loaded.conversation.branch():
        settings = entries[node.id].settings
        turns.append(_turn(node.message, settings.model if settings else "", loaded.conversation.images))
    settings = session.settings
    times = [entry.said.at for entry in entries.values()]
    facts = [settings.model if settings else "", _day(times[0]) if times else ""]
    return Transcript(
        _line(session.name) or "Chat",
        " · ".join(_line(fact) for fact in facts if fact),
        clean(settings.system) if settings else "",
        tuple(turns),
    )


def _turn(message: Message, model: str, images: ImageStore) -> Turn:
    speakers = {
        Role.USER: "You",
        Role.ASSISTANT: model or "Assistant",
        Role.TOOL: message.tool_name or "Tool",
        Role.SYSTEM: "System",
    }
    return Turn(
        message.role,
        _line(speakers[message.role]),
        clean(message.content),
        clean(message.thinking),
        tuple(
            (_line(call.name), clean(json.dumps(call.arguments, ensure_ascii=False, indent=2)))
            for call in message.tool_calls
        ),
        tuple(_data_uri(image, images) for image in message.images),
        _ENDINGS[message.ending],
    )


def _line(text: str) -> str:
    return " ".join(clean(text).split())


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _data_uri(image: Image, images: ImageStore) -> str:
    data = content(image, images)
    # By its first bytes, since what the session says of it may be anything.
    kind = described(data, MemoryImages()).media_type if data else ""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}" if data and kind in _SHOWN else ""
