"""A conversation that is in memory alone, as the session that it would be."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ollama_chat_tui import __version__
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.sessions.changes import Changes, Server
from ollama_chat_tui.sessions.journal import new_id
from ollama_chat_tui.sessions.loading import Loaded
from ollama_chat_tui.sessions.records import FORMAT_VERSION, Opened, encode
from ollama_chat_tui.sessions.session import SUFFIX, session_of


def snapshot(conversation: Conversation, settings: Settings, server: Server) -> Loaded:
    """Make a session of a conversation; nothing is written."""
    now = datetime.now(UTC)
    id_ = new_id(now)
    items = Changes(conversation).take(settings, server)
    records = [Opened(FORMAT_VERSION, id_, now, __version__), *(item.record for item in items)]
    return Loaded(session_of(Path(id_ + SUFFIX), map(encode, records)), conversation)
