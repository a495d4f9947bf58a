"""Commands run as in the chat: a real client, a real server on loopback, and a screen that takes notes."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context, Screen
from ollama_chat_tui.commands.table import make_registry
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.media.attachments import Attachments
from ollama_chat_tui.preferences import meaning, resolve
from ollama_chat_tui.progress import Progress, ShowProgress
from ollama_chat_tui.sessions.keeping import Keeping
from ollama_chat_tui.startup import Opening
from tests.scripted_replies import installed
from tests.scripted_server import ScriptedServer


class NotedScreen:
    """Answers as it was told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.copied: list[str] = []
        self.paged: list[str] = []
        self.opened: list[str] = []
        self.edited = ""
        self.asked: list[str] = []
        self.listed: list[str] = []
        self.steps: list[Progress] = []
        self.thinking: list[tuple[str, str]] = []
        self.replayed: list[Message] = []
        self.told: list[str] = []
        self.pasted = ""
        self.title = ""
        self.records = True
        self.says_yes = True
        self.picks: int | None = 0
        self.has_cursor = True

    async def copy(self, text: str) -> str:
        self.copied.append(text)
        return "Copied."

    async def page(self, text: str) -> None:
        self.paged.append(text)

    async def open_in_editor(self, text: str) -> None:
        self.opened.append(text)

    async def edit(self, text: str) -> str:
        self.opened.append(text)
        return self.edited

    async def confirm(self, question: str) -> bool:
        self.asked.append(question)
        return self.says_yes

    async def pick(self, title: str, rows: Sequence[str]) -> int | None:
        self.title, self.listed = title, list(rows)
        return self.picks

    @contextmanager
    def progress(self) -> Iterator[ShowProgress]:
        yield self.steps.append

    async def replay(self, conversation: Conversation) -> None:
        self.replayed = [node.message for node in conversation.branch()]

    async def show_image(self, sentence: str, image: Image, images: ImageStore) -> None:
        assert images.open(image.sha256)
        self.told.append(sentence)

    async def paste(self) -> str:
        return self.pasted

    def keys(self) -> Sequence[tuple[str, str]]:
        return [("Enter", "Send"), ("Ctrl-C", "Clear")]

    @property
    def is_recording(self) -> bool:
        return self.records

    def record(self, is_recording: bool) -> None:
        self.records = is_recording

    def show_thinking(self, view: str, model: str) -> None:
        self.thinking.append((view, model))


def _fits(screen: NotedScreen) -> Screen:
    return screen


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.models = [
            installed("qwen3:8b", "completion", "tools", "thinking"),
            installed("smollm2:latest"),
        ]
        yield running


@pytest.fixture
def screen() -> NotedScreen:
    return NotedScreen()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the user's own things are; nothing is there yet."""
    return tmp_path / "config"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    places = (tmp_path / name for name in ("data", "state", "config", "cache"))
    return Environment(io.StringIO(), io.StringIO(), io.StringIO(), {}, *places)


@pytest.fixture
async def context(
    server: ScriptedServer, screen: NotedScreen, environment: Environment
) -> AsyncIterator[Context]:
    folder = environment.config_dir
    preferences = resolve(read_config(folder / "config.toml", meaning()), {})
    async with Opening(environment, Wanted(server.url), "qwen3:8b") as opening:
        settings = Settings("qwen3:8b")
        keeping = Keeping(environment, is_private=False)
        registry = make_registry(folder)
        attachments = Attachments({})
        yield Context(Conversation(), settings, opening, screen, registry, preferences, keeping, attachments)
        await keeping.recorder.close()


async def run(context: Context, line: str) -> str:
    return await context.registry.run(line, context)
