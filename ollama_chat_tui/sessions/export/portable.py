"""A session as JSON: a request that `/api/chat` takes as it is, and beside it the whole tree.

`messages` is what a model would be sent, `tree` every line of the session file that says something: messages
on all branches, with their images inside, and the settings in force. Times are UTC.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.image import ImageStore, MemoryImages
from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.sessions.attachments import content
from ollama_chat_tui.sessions.changes import items_of
from ollama_chat_tui.sessions.loading import Loaded
from ollama_chat_tui.sessions.records import Item, Said, SettingsChanged

KIND: Final = "ollama-chat session"
VERSION: Final = 1
# JSON leaves these raw inside a text, and a terminal or an editor obeys them.
_UNSAFE: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


class Portable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The exported file.

    Attributes:
        model, options, format, think, keep_alive: the request's, as they were last.
        messages: the branch in use, as `/api/chat` takes it; made from the tree, and not read again.
        head: the id of the last message of the branch in use.
        tree: messages and settings in the order of the session file.
        attachments: the bytes of their images in base64, by the SHA-256.
    """

    kind: Literal["ollama-chat session"]
    version: int
    id: str
    title: str = ""
    tags: tuple[str, ...] = ()
    created: datetime | None = None
    model: str = ""
    system: str = ""
    options: dict[str, object] = {}
    format: str | dict[str, object] | None = None
    think: bool | str | None = None
    keep_alive: float | str | None = None
    messages: list[dict[str, object]]
    head: str | None = None
    tree: list[Said | SettingsChanged] = []
    attachments: dict[str, str] = {}


def to_json(loaded: Loaded) -> str:
    """The whole session, indented, in characters that no terminal obeys."""
    encoded = msgspec.json.encode(portable(loaded))
    text = msgspec.json.format(encoded, indent=2).decode()
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def portable(loaded: Loaded) -> Portable:
    """The exported file as a value."""
    session = loaded.session
    settings = session.settings
    images = loaded.conversation.images
    tree = [
        item.record
        for item in items_of(session, loaded.conversation)
        if isinstance(item.record, Said | SettingsChanged)
    ]
    return Portable(
        kind=KIND,
        version=VERSION,
        id=session.id,
        title=session.title,
        tags=session.tags,
        created=tree[0].at if tree else None,
        model=settings.model if settings else "",
        system=settings.system if settings else "",
        options=settings.options if settings else {},
        format=settings.format if settings else None,
        think=settings.think if settings else None,
        keep_alive=settings.keep_alive if settings else None,
        messages=[
            _for_request(message, images)
            for message in loaded.conversation.for_request(settings.system if settings else "")
        ],
        head=session.head,
        tree=tree,
        attachments={
            image.sha256: base64.b64encode(data).decode()
            for record in tree
            if isinstance(record, Said)
            for image in record.images
            if (data := content(image, images)) is not None
        },
    )


def items(session: Portable) -> list[Item]:
    """The tree again, for a session file."""
    images = MemoryImages()
    for encoded in session.attachments.values():
        images.keep(base64.b64decode(encoded))
    return [Item(record, images) for record in session.tree]


def _for_request(message: Message, images: ImageStore) -> dict[str, object]:
    """Ollama's names for the parts of a message (`ollama-api` 1.2)."""
    calls = [
        {**({"id": call.id} if call.id else {}), "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    parts: dict[str, object] = {
        "thinking": message.thinking,
        "images": [
            base64.b64encode(data).decode()
            for image in message.images
            if (data := content(image, images)) is not None
        ],
        "tool_calls": calls,
        "tool_name": message.tool_name,
        "tool_call_id": message.tool_call_id,
    }
    return {
        "role": message.role.value,
        "content": message.content,
        **{name: value for name, value in parts.items() if value},
    }
