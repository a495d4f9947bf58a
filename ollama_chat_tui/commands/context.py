"""What a command may see, change and ask for: the chat, the screen, who answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import CapabilityMissing, ChatError
from ollama_chat_tui.media.attachments import Attachments
from ollama_chat_tui.preferences import Preferences
from ollama_chat_tui.progress import ShowProgress
from ollama_chat_tui.sessions.keeping import Keeping
from ollama_chat_tui.tools.bench import Bench

if TYPE_CHECKING:
    from ollama_chat_tui.commands.registry import Registry

_PATIENCE_S: Final = 2.0


class Screen(Protocol):
    """What commands may ask of the terminal; each raises `ChatError` when it cannot."""

    async def copy(self, text: str) -> str:
        """Put `text` into the clipboard; returns how it was done."""
        ...

    async def paste(self) -> str:
        """The text in the clipboard; empty: there is none."""
        ...

    async def page(self, text: str) -> None:
        """Show a long text until the reader leaves it."""
        ...

    async def open_in_editor(self, text: str) -> None:
        """Show a copy of a long text in the editor until the reader leaves it."""
        ...

    async def edit(self, text: str) -> str:
        """Let the user change a text in the editor; returns it as it was saved."""
        ...

    async def confirm(self, question: str) -> bool:
        """Ask for a yes; anything else is a no."""
        ...

    @property
    def has_cursor(self) -> bool:
        """Whether a list can be narrowed as one types; else `pick` shows it whole and takes a number."""
        ...

    async def pick(self, title: str, rows: Sequence[str]) -> int | None:
        """Let the user choose a row; None when nothing was chosen."""
        ...

    def progress(self) -> AbstractContextManager[ShowProgress]:
        """Show progress while inside."""
        ...

    async def replay(self, conversation: Conversation) -> None:
        """Show the last turns of a conversation as they looked, with its images."""
        ...

    async def show_image(self, sentence: str, image: Image, images: ImageStore) -> None:
        """Say something of an image, and show it small where that can be done."""
        ...

    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys of the prompt and what they do."""
        ...

    @property
    def is_recording(self) -> bool:
        """Whether questions go into the history on disk."""
        ...

    def record(self, is_recording: bool) -> None:
        """Write questions into the history on disk from now on, or stop it."""
        ...

    def show_thinking(self, view: str, model: str) -> None:
        """Show a model's reasoning from now on, in later chats too: `fold`, `full` or `hide`."""
        ...


class Found(Protocol):
    """Who answers, and the model that was chosen."""

    @property
    def client(self) -> OllamaClient: ...
    @property
    def model(self) -> str: ...


class Opening(Protocol):
    """A backend that may still be on its way."""

    async def answerer(self) -> Found:
        """Wait for it; raises `ChatError` when nothing answers, or it has no model."""
        ...

    async def server(self) -> Found:
        """Wait for it, though its model may be empty: it has none yet."""
        ...

    async def move(self, wanted: Wanted, model: str) -> Found:
        """Go over to another server, and to `model` if it is there.

        Raises `ChatError` when it does not answer; then the one before goes on.
        """
        ...

    def remember(self, model: str) -> None:
        """Begin with `model` the next time."""
        ...


@dataclass(frozen=True)
class Outgoing:
    """What a command has to say to the model, and how it is asked for this one turn.

    Attributes:
        text: empty when nothing new is said: the question at the head is answered, an answer is gone on with.
    """

    text: str
    settings: Settings


@dataclass
class Context:
    """What a command may see and change.

    Attributes:
        conversation: replaced by `/new`.
        settings: replaced when something is set; its model is empty until one was chosen.
        preferences: what flags, environment, profile and file say; what the chat set itself is in `settings`.
        is_leaving: set by a command that ends the chat.
        keeping: the session that the chat is kept in, and the way to the others.
        attachments: what goes with the next message.
        tools: what the model may call.
        missing: what a model lacks of some abilities, as an error to show; None as far as is known.
        draft: set by a command that gives a text back to the prompt.
        outgoing: set by a command that speaks to the model; the chat takes it away and sends it.
        host: the name or address that the chat went over to; empty where it began.
        found: who answers, when a command has asked.
        model_names: the installed models as far as they are known, for completion.
        sent: the last question to a model, as it was sent.
        model_options: what models bring with them, by host and name, as far as it was asked for.
        costs: what the answers of the session cost, the oldest first.
    """

    conversation: Conversation
    settings: Settings
    opening: Opening
    screen: Screen
    registry: Registry
    preferences: Preferences
    keeping: Keeping
    attachments: Attachments
    tools: Bench = field(default_factory=Bench)
    missing: Callable[[str, Collection[str]], Awaitable[CapabilityMissing | None]] | None = None
    is_leaving: bool = False
    draft: str = ""
    outgoing: Outgoing | None = None
    host: str = ""
    model_names: Sequence[str] = ()
    found: Found | None = None
    sent: ChatRequest | None = None
    model_options: dict[tuple[str, str], Mapping[str, object]] = field(default_factory=dict)
    costs: list[Metrics] = field(default_factory=list)

    def begin(self, conversation: Conversation, costs: Iterable[Metrics] = ()) -> None:
        """Go on with another conversation, whose answers have cost that."""
        self.conversation = conversation
        self.costs = [*costs]

    async def connect(self, *, needs_model: bool = True) -> None:
        """Wait until it is known who answers.

        Raises:
            ChatError: nothing does, or it has no model and needs one.
        """
        self.found = await (self.opening.answerer() if needs_model else self.opening.server())
        if not self.settings.model:
            self.settings = replace(self.settings, model=self.found.model)

    def go_over_to(self, model: str) -> None:
        """Talk to another model from here on, and begin with it the next time."""
        self.settings = replace(self.settings, model=model)
        self.opening.remember(model)

    async def lack_of_tools(self) -> CapabilityMissing | None:
        """Why the model cannot call the tools that are on; None as far as is known soon."""
        if self.tools.number_on and self.missing:
            with suppress(ChatError, TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    return await self.missing(self.settings.model, ["tools"])
        return None

    @property
    def client(self) -> OllamaClient:
        """The client, in a command that `needs_server`."""
        assert self.found is not None, "register the command with needs_server"  # noqa: S101
        return self.found.client
