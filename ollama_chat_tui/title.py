"""A title for a conversation, found by the model itself."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta
from ollama_chat_tui.chat.reasoning import ThinkSplitter
from ollama_chat_tui.chat.settings import Settings

LONGEST_TITLE = 60
_LONGEST_EXCERPT = 600
_MOST_TOKENS = 40
_WISH = (
    "Give this conversation a title of two to six words, in its own language. "
    "Answer with the title alone.\n\n"
)


async def find_title(conversation: Conversation, settings: Settings, backend: Backend) -> str:
    """Ask for a title; empty when the model has none.

    The options stay but for the length, since others would make the server load the model again.

    Raises:
        BackendError: the model cannot be asked.
    """
    said = [
        node.message for node in conversation.branch() if node.message.role in (Role.USER, Role.ASSISTANT)
    ]
    excerpt = "\n".join(f"{message.role}: {message.content[:_LONGEST_EXCERPT]}" for message in said[:4])
    asked = replace(
        settings,
        system="",
        format=None,
        think=False,
        options={**settings.options, "num_predict": _MOST_TOKENS},
    )
    splitter, content = ThinkSplitter(), ""
    request = ChatRequest(asked, [Message(Role.USER, _WISH + excerpt)])
    async with aclosing(backend.chat(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Delta):
                content += splitter.feed(piece.content)[1]
    lines = (content + splitter.flush()[1]).strip().splitlines()
    title = lines[0].strip(" \"'“”„*#.").removeprefix("Title:").strip() if lines else ""
    return title if len(title) <= LONGEST_TITLE else title[:LONGEST_TITLE].rpartition(" ")[0]
