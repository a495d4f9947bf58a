"""What of a conversation is not in its file yet, as records. Knows nothing of files; costs what is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from msgspec import Struct, structs

from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.sessions.records import (
    HeadMoved,
    Item,
    Partial,
    Said,
    SettingsChanged,
    StoredMetrics,
    Tagged,
    Titled,
)
from ollama_chat_tui.sessions.session import Session


class Server(Struct, frozen=True):
    """Who answers.

    Attributes:
        host: an address, or what stands for the embedded engine.
        digests: of the models it has, by their names.
    """

    host: str = ""
    version: str = ""
    digests: Mapping[str, str] = {}

    def digest(self, model: str) -> str:
        """The digest of a model; empty where it is not known."""
        return self.digests.get(model) or self.digests.get(f"{model}:latest", "")


class Changes:
    """Compares a conversation with what was taken of it before."""

    def __init__(self, conversation: Conversation, written: Session | None = None) -> None:
        self.conversation = conversation
        self._taken = len(written.entries) if written else 0
        self._head = written.head if written else None
        self._settings = written.settings if written else None
        self._costs: list[tuple[Message, Metrics]] = []
        self._has_begun = False

    def note_cost(self, message: Message, metrics: Metrics) -> None:
        """Remember what an answer cost until it is taken."""
        self._costs.append((message, metrics))

    def take(self, settings: Settings, server: Server) -> list[Item]:
        """What is new, in order: settings, messages, the head."""
        nodes = self.conversation.nodes_after(self._taken)
        if not nodes and not self._taken:
            return []
        items = self._take_settings(settings, server)
        items += map(self._said, nodes)
        if nodes:
            self._taken += len(nodes)
            self._head = nodes[-1].id
            self._has_begun = False
        self._costs.clear()
        head = self.conversation.head.id if self.conversation.head else None
        if head != self._head:
            self._head = head
            items.append(Item(HeadMoved(head, datetime.now(UTC))))
        return items

    def take_partial(self, content: str, thinking: str) -> list[Item]:
        """What came of the answer since this was last called."""
        id_ = self.conversation.next_id
        parent = None if self._has_begun or not self.conversation.head else self.conversation.head.id
        partial = Partial(id_, datetime.now(UTC), parent, content, thinking)
        self._has_begun = True
        self._head = id_
        return [Item(partial)]

    def _take_settings(self, settings: Settings, server: Server) -> list[Item]:
        model = settings.model or self._answered_by()
        now = datetime.now(UTC)
        at = self._settings.at if self._settings else now
        changed = SettingsChanged.of(
            replace(settings, model=model), at, server.digest(model), server.host, server.version
        )
        if changed == self._settings:
            return []
        self._settings = structs.replace(changed, at=now)
        return [Item(self._settings)]

    def _answered_by(self) -> str:
        """The model that was not named: who answered just now, or before."""
        if self._costs:
            return self._costs[-1][1].model
        return self._settings.model if self._settings else ""

    def _said(self, node: Node) -> Item:
        message = node.message
        cost = next((cost for answer, cost in self._costs if answer is message), None)
        said = Said(
            node.id,
            node.parent,
            datetime.now(UTC),
            message.role,
            message.content,
            message.thinking,
            message.images,
            tool_calls=message.tool_calls,
            tool_name=message.tool_name,
            tool_call_id=message.tool_call_id,
            ending=message.ending,
            metrics=StoredMetrics(**structs.asdict(cost)) if cost else None,
            whole=message.whole,
        )
        return Item(said, self.conversation.images)


def items_of(session: Session, conversation: Conversation) -> list[Item]:
    """Everything that was read of a session, to be written to another file."""
    items: list[Item] = []
    settings: SettingsChanged | None = None
    for entry in session.entries.values():
        if entry.settings is not None and entry.settings is not settings:
            settings = entry.settings
            items.append(Item(settings))
        items.append(Item(entry.said, conversation.images))
    now = datetime.now(UTC)
    if session.settings is not None and session.settings is not settings:
        items.append(Item(session.settings))
    if session.title:
        items.append(Item(Titled(session.title, now)))
    items += [Item(Tagged(tag, now)) for tag in session.tags]
    return [*items, Item(HeadMoved(session.head, now))]
