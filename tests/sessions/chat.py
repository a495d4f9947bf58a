"""A chat without a terminal: a model that says what it is told to, and what is saved of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Metrics, Phase
from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta, ToolFacts
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.sessions.recorder import SessionRecorder
from ollama_chat_tui.sessions.session import Session, read_session

SETTINGS = Settings("m", "Be brief.", {"seed": 7})
IMAGES = MemoryImages()
"""What the conversations of these tests take their images from."""


def image_of(data: bytes) -> Image:
    return Image(IMAGES.keep(data), "image/png", "a.png", len(data))


PIXEL, OTHER = image_of(b"\x89PNG\r\n\x1a\n"), image_of(b"AAA")


class Model:
    """Says its pieces; where one is None it waits until `go_on` is set."""

    def __init__(self, *pieces: str | Delta | None) -> None:
        self.pieces = pieces
        self.is_waiting = asyncio.Event()
        self.go_on = asyncio.Event()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        yield Phase.ANSWERING
        for piece in self.pieces:
            if piece is None:
                self.is_waiting.set()
                await self.go_on.wait()
            else:
                yield Delta(piece) if isinstance(piece, str) else piece
        yield Delta(metrics=Metrics(model="m", answer_tokens=3, answer_s=0.5))


async def ask(
    recorder: SessionRecorder,
    conversation: Conversation,
    text: str,
    model: Model,
    settings: Settings = SETTINGS,
    tools: ToolUse | None = None,
) -> list[Event]:
    """One turn, as the chat runs it."""
    conversation.append(Message(Role.USER, text))
    await recorder.save(conversation, settings)
    async with aclosing(recorder.follow(run_turn(conversation, settings, model, tools=tools))) as turn:
        events = [event async for event in turn]
    await recorder.save(conversation, settings)
    return events


class Tools:
    """Two functions; the second one never returns."""

    def __init__(self) -> None:
        self.is_stuck = asyncio.Event()

    def declarations(self) -> Sequence[dict[str, object]]:
        return [{"type": "function"}]

    def facts(self) -> dict[str, ToolFacts]:
        return {"quick": ToolFacts(), "stuck": ToolFacts()}

    async def run(self, call: ToolCall) -> str:
        if call.name == "stuck":
            self.is_stuck.set()
            await asyncio.Event().wait()
        return f"result of {call.name}"


def names(directory: Path) -> list[str]:
    """All that is in a directory."""
    return sorted(path.name for path in directory.iterdir())


def only_file(directory: Path) -> Path:
    (path,) = directory.glob("*.jsonl")
    return path


def tree(conversation: Conversation) -> tuple[list[Node], str | None]:
    """All that makes a conversation what it is."""
    return conversation.nodes, conversation.head.id if conversation.head else None


def stored(directory: Path) -> Session:
    """The one session of a directory; an empty one as long as there is none."""
    return read_session(only_file(directory)) if list(directory.glob("*.jsonl")) else Session(directory, "")


def texts(session: Session) -> list[str]:
    return [entry.said.content for entry in session.entries.values()]
