"""The table of slash-commands: a decorator fills it, the chat runs it, help and completion read it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import AttachmentError, ChatError, NothingThere, UsageError
from ollama_chat_tui.media.attachments import Attachments
from ollama_chat_tui.preferences import Preferences
from ollama_chat_tui.progress import ShowProgress
from ollama_chat_tui.sessions.keeping import Keeping


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

    async def replay(self, messages: Sequence[Message], images: ImageStore) -> None:
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
        """Wait for it; raises `ChatError` when nothing answers."""
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
        draft: set by a command that gives a text back to the prompt.
        outgoing: set by a command that speaks to the model; the chat takes it away and sends it.
        host: the name or address that the chat went over to; empty where it began.
        found: who answers, when a command has asked.
        model_names: the installed models as far as they are known, for completion.
    """

    conversation: Conversation
    settings: Settings
    opening: Opening
    screen: Screen
    registry: Registry
    preferences: Preferences
    keeping: Keeping
    attachments: Attachments
    is_leaving: bool = False
    draft: str = ""
    outgoing: Outgoing | None = None
    host: str = ""
    model_names: Sequence[str] = ()
    found: Found | None = None

    async def connect(self) -> None:
        """Wait until it is known who answers.

        Raises:
            ChatError: nothing does.
        """
        self.found = await self.opening.answerer()
        if not self.settings.model:
            self.settings = replace(self.settings, model=self.found.model)

    @property
    def client(self) -> OllamaClient:
        """The client, in a command that `needs_server`."""
        assert self.found is not None, "register the command with needs_server"  # noqa: S101
        return self.found.client


Word = tuple[str, str]
"""A word that may stand at a place, and a few words about it."""


class Typed(tuple[str, ...]):
    """The words that stand before the cursor, whole ones; `begun` is the one at it, quotes and all."""

    begun = ""


Words = Callable[[Context, Typed], Iterable[Word]]
"""Gives what may follow the words that stand already; answers at once, from what is known."""

Paths = Callable[[str], list[tuple[str, int]]]
"""Gives files that the text behind a name may go on with, and where in it each begins."""

_BEGUN = re.compile(r'(?<!\S)(?:"[^"]*|\S*)$')
_WORD = re.compile(r'"[^"]*"|\S+')

Run = Callable[[Context, str], Awaitable[str]]
"""Takes the text after the name, returns what to show; may raise ChatError."""


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        topic: what it stands under in the help.
        usage: its name and arguments.
        help: its docstring; the first line says what it does, on a row of a list.
        needs_server: it is run only when it is known who answers.
        words: what may follow its name, for completion.
        paths: the same, where a shell's quotes and escapes count.
    """

    topic: str
    name: str
    aliases: tuple[str, ...]
    usage: str
    help: str
    needs_server: bool
    words: Words | None
    run: Run
    paths: Paths | None = None

    @property
    def summary(self) -> str:
        """What it does, in a few words."""
        return self.help.partition("\n")[0]


class OwnCommands(Protocol):
    """Commands that the user makes; they may come, change and go while the chat runs."""

    def find(self, name: str) -> Command | None:
        """The command of that name; raises `BadConfig` when it is broken."""
        ...

    def commands(self) -> Sequence[Command]:
        """Those that are whole."""
        ...

    def troubles(self) -> Sequence[ChatError]:
        """What is wrong with the others."""
        ...


class Registry:
    """Commands by name; nothing is matched by prefix.

    Attributes:
        own: what the user added; the program's own names go before them.
    """

    def __init__(self) -> None:
        self.own: OwnCommands | None = None
        self._commands: dict[str, Command] = {}
        self._topic = ""

    def begin(self, topic: str) -> None:
        """Put what is registered from now on under `topic`."""
        self._topic = topic

    def command(
        self,
        name: str,
        *aliases: str,
        arguments: str = "",
        needs_server: bool = False,
        words: Words | None = None,
        paths: Paths | None = None,
    ) -> Callable[[Run], Run]:
        """Register the decorated function under `name` and `aliases`; its docstring is its help.

        Raises:
            ValueError: a name is taken, or there is no help.
        """

        def register(run: Run) -> Run:
            help_text = inspect.getdoc(run)
            if not help_text:
                raise ValueError(f"/{name} has no help")
            usage = f"/{name} {arguments}".strip()
            command = Command(self._topic, name, aliases, usage, help_text, needs_server, words, run, paths)
            for each in (name, *aliases):
                if each in self._commands:
                    raise ValueError(f"/{each} stands twice")
                self._commands[each] = command
            return run

        return register

    @property
    def commands(self) -> list[Command]:
        """Every command once, in the order of registration; the user's come last."""
        return [*dict.fromkeys(self._commands.values()), *(self.own.commands() if self.own else [])]

    @property
    def names(self) -> frozenset[str]:
        """The names that are taken by the program."""
        return frozenset(self._commands)

    @property
    def troubles(self) -> Sequence[ChatError]:
        """What is wrong with commands of the user's."""
        return self.own.troubles() if self.own else []

    def topics(self) -> dict[str, list[Command]]:
        """Every command once, by topic."""
        return {topic: list(group) for topic, group in groupby(self.commands, attrgetter("topic"))}

    def descriptions(self) -> list[tuple[str, str]]:
        """Every name, aliases too, and what it does."""
        own = self.own.commands() if self.own else []
        return [
            *((name, command.summary) for name, command in self._commands.items()),
            *((command.name, command.summary) for command in own),
        ]

    def complete(self, context: Context, line: str) -> tuple[int, list[Word]]:
        """What may stand at the end of `line`, and where in `line` it begins."""
        found = _BEGUN.search(line)
        start = found.start() if found else len(line)
        if not is_command(line):
            return start, []
        name, *before = _WORD.findall(line[:start]) or [""]
        if not name:
            return start, [(f"/{name}", help_text) for name, help_text in self.descriptions()]
        typed = Typed(before)
        typed.begun = line[start:]
        command = self._commands.get(name.removeprefix("/"))
        if command and command.paths:
            behind = line.index(name) + len(name)
            found_paths = command.paths(line[behind:])
            return (
                behind + (found_paths[0][1] if found_paths else 0),
                [(path, "") for path, _ in found_paths],
            )
        return start, list(command.words(context, typed)) if command and command.words else []

    def find(self, name: str) -> Command:
        """The command of that name.

        Raises:
            UsageError: there is none; the hint has the nearest names.
            BadConfig: the user made it, and it is broken.
        """
        found = self._commands.get(name) or (self.own.find(name) if self.own else None)
        if found:
            return found
        near = get_close_matches(name, [each for each, _ in self.descriptions()], n=2)
        hint = f"Did you mean {' or '.join('/' + each for each in near)}?" if near else "See /help."
        raise UsageError(f"There is no command /{name}.", hint)

    async def run(self, line: str, context: Context) -> str:
        """Run a line that `is_command`; returns what to show.

        Raises:
            ChatError: the command is unknown or failed.
        """
        name, _, rest = line.strip().removeprefix("/").partition(" ")
        command = self.find(name)
        if command.needs_server:
            await context.connect()
        try:
            return await _run(command, context, rest.strip())
        except (NothingThere, AttachmentError):
            raise
        except UsageError as error:
            if "Usage: " not in error.hint:
                error.hint = f"{error.hint} Usage: {command.usage}".strip()
            raise


async def _run(command: Command, context: Context, text: str) -> str:
    if text and " " not in command.usage:
        raise UsageError(f"/{command.name} stands alone: “{text.split(maxsplit=1)[0]}” means nothing to it.")
    return await command.run(context, text)


def is_command(line: str) -> bool:
    """Whether a line is for the program. `//` and a path are text for the model."""
    line = line.strip()
    name = line.partition(" ")[0].removeprefix("/")
    return line.startswith("/") and "\n" not in name and "/" not in name
