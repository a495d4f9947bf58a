"""The conversation as a tree: every message has an id and a parent, and nothing is ever deleted.

Retry and edit make siblings; undo moves the head. `for_request` linearises the way from the root to
the head into a list that a strict chat template accepts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, structs

from ollama_chat_tui.chat.image import ImageStore, MemoryImages
from ollama_chat_tui.chat.message import Message, Role, ToolCall

SKIPPED_CALL = "This call was not run."
NO_ANSWER = "I was interrupted before I could answer."


class Node(Struct, frozen=True):
    """A message and its place in the tree; `parent` is None at a root."""

    id: str
    parent: str | None
    message: Message


class Conversation:
    """A tree of messages with a head: the message after which the next one goes.

    Attributes:
        images: where the bytes are that its messages name; memory, unless it is told otherwise.
        next_id: what the next message will be called, for those who keep its beginning.
    """

    def __init__(self, images: ImageStore | None = None) -> None:
        self.images: ImageStore = MemoryImages() if images is None else images
        self.next_id = secrets.token_hex(8)
        self._nodes: dict[str, Node] = {}
        self._said: list[Node] = []
        self._children: dict[str | None, list[Node]] = {}
        self._head: str | None = None
        self._without_images: set[str] = set()

    @classmethod
    def of(cls, nodes: Iterable[Node], head: str | None, images: ImageStore | None = None) -> Conversation:
        """Build it again from its messages, parents first.

        Raises:
            KeyError: a parent or the head is none of them.
        """
        conversation = cls(images)
        for node in nodes:
            conversation.move_head(node.parent)
            conversation._add(node)
        conversation.move_head(head)
        return conversation

    @property
    def head(self) -> Node | None:
        """The last message of the branch in use, None before the first one."""
        return None if self._head is None else self._nodes[self._head]

    @property
    def nodes(self) -> list[Node]:
        """Every message ever said, oldest first."""
        return list(self._said)

    def nodes_after(self, count: int) -> list[Node]:
        """The messages said after the first `count` ones; costs only what it returns."""
        return self._said[count:]

    def result_numbers(self) -> dict[str, int]:
        """The numbers of tools' results by the ids of their messages; those of every branch count, from 1."""
        results = [node.id for node in self._said if node.message.role is Role.TOOL]
        return {node_id: number for number, node_id in enumerate(results, 1)}

    def append(self, message: Message) -> Node:
        """Add a child of the head and move the head to it."""
        node = Node(self.next_id, self._head, message)
        self.next_id = secrets.token_hex(8)
        self._add(node)
        return node

    def _add(self, node: Node) -> None:
        self._nodes[node.id] = node
        self._said.append(node)
        self._children.setdefault(node.parent, []).append(node)
        self._head = node.id

    def move_head(self, node_id: str | None) -> None:
        """Go on from another message; None goes back to before the first one.

        Raises:
            KeyError: no message has that id.
        """
        if node_id is not None and node_id not in self._nodes:
            raise KeyError(node_id)
        self._head = node_id

    def retry(self) -> Node | None:
        """Move the head to the last question of the branch, so that its next answer is a sibling."""
        for node in reversed(self.branch()):
            if node.message.role is Role.USER:
                self._head = node.id
                return node
        return None

    def edit(self, node_id: str, message: Message) -> Node:
        """Add `message` as a sibling of `node_id` and move the head to it.

        Raises:
            KeyError: no message has that id.
        """
        self._head = self._nodes[node_id].parent
        return self.append(message)

    def children(self, node_id: str | None) -> list[Node]:
        """The messages that follow `node_id` on any branch; of None, the roots."""
        return list(self._children.get(node_id, ()))

    def strip_images(self) -> int:
        """Leave the images of the branch out of what is sent from now on; returns how many those are.

        The messages keep them.
        """
        nodes = [
            node for node in self.branch() if node.message.images and node.id not in self._without_images
        ]
        self._without_images.update(node.id for node in nodes)
        return sum(len(node.message.images) for node in nodes)

    def branch(self) -> list[Node]:
        """The messages from the root to the head."""
        nodes = []
        at = self._head
        while at is not None:
            nodes.append(self._nodes[at])
            at = self._nodes[at].parent
        return nodes[::-1]

    def for_request(self, system: str = "", addition: str = "") -> list[Message]:
        """The branch as a server is to see it.

        `addition` goes to the end of the last question. As a system message it would take the place of the
        one that a model brings with it, which the server adds only where there is none.

        Neighbouring questions are joined by a blank line, as Ollama's own templates do it; an answer
        that says nothing is left out; a tool call without a result gets one that says it was skipped, and
        results that nothing is said to before the next question get a short answer; reasoning goes back
        only within the round that is still open.
        """
        messages = [Message(Role.SYSTEM, system)] if system else []
        sent = _without_old_thinking([self._sent(node) for node in self.branch()])
        for message in _with_every_call_answered(sent):
            last = messages[-1] if messages else None
            if last is not None and _joins(last, message):
                messages[-1] = _join(last, message)
                continue
            if last is not None and last.role is Role.TOOL and message.role is Role.USER:
                # Strict templates count questions and answers, and calls with their results as neither.
                messages.append(Message(Role.ASSISTANT, NO_ANSWER))
            messages.append(message)
        return _with_addition(messages, addition) if addition else messages

    def _sent(self, node: Node) -> Message:
        if node.id in self._without_images:
            return structs.replace(node.message, images=())
        return node.message


def _with_addition(messages: list[Message], addition: str) -> list[Message]:
    places = [place for place, message in enumerate(messages) if message.role is Role.USER]
    for place in places[-1:]:
        messages[place] = _join(messages[place], Message(Role.USER, addition))
    return messages


def _without_old_thinking(messages: list[Message]) -> list[Message]:
    last_question = max(
        (place for place, message in enumerate(messages) if message.role is Role.USER), default=-1
    )
    return [
        structs.replace(message, thinking="") if place < last_question and message.thinking else message
        for place, message in enumerate(messages)
    ]


def _with_every_call_answered(messages: list[Message]) -> Iterator[Message]:
    calls: Sequence[ToolCall] = ()
    results: list[Message] = []
    for message in messages:
        if message.role is Role.ASSISTANT and message.is_empty:
            continue
        if message.role is Role.TOOL:
            results.append(message)
            continue
        yield from _results_of(calls, results)
        yield message
        calls, results = message.tool_calls, []
    yield from _results_of(calls, results)


def _results_of(calls: Sequence[ToolCall], results: list[Message]) -> Iterator[Message]:
    """One result for each call, in their order; a damaged or a foreign session may have others."""
    for call in calls:
        skipped = Message(Role.TOOL, SKIPPED_CALL)
        found = next((result for result in results if _may_answer(result, call)), skipped)
        results = [result for result in results if result is not found]
        yield structs.replace(found, tool_name=call.name, tool_call_id=call.id)


def _may_answer(result: Message, call: ToolCall) -> bool:
    is_named = result.tool_name in ("", call.name)
    return is_named and (not call.id or result.tool_call_id in ("", call.id))


def _joins(last: Message, message: Message) -> bool:
    return last.role is message.role is Role.USER or (
        last.role is message.role is Role.ASSISTANT and not last.tool_calls
    )


def _join(last: Message, message: Message) -> Message:
    return structs.replace(
        message,
        content="\n\n".join(part for part in (last.content, message.content) if part),
        thinking=message.thinking or last.thinking,
        images=last.images + message.images,
    )
