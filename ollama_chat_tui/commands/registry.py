"""The table of slash-commands: a decorator fills it, the chat runs it, help and completion read it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.errors import AttachmentError, ChatError, NothingThere, UsageError

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
WORD = re.compile(r'"[^"]*"|\S+')

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
        name, *before = WORD.findall(line[:start]) or [""]
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
