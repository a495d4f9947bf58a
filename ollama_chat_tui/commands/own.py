"""Commands that a user writes: a Markdown file `NAME.md` in the folder `commands/` is `/NAME`.

A file is read when it is needed, so that a change counts at once. What is wrong with one costs itself alone.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ollama_chat_tui.chat.options import OPTION_TYPES, parse_keep_alive, parse_option, parse_think
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.answer import last_answer
from ollama_chat_tui.commands.context import Context, Outgoing
from ollama_chat_tui.commands.files import read_text
from ollama_chat_tui.commands.registry import Command
from ollama_chat_tui.config.check import nearest
from ollama_chat_tui.errors import BadConfig, ChatError, NothingThere, UsageError
from ollama_chat_tui.schemas.reading import read_format
from ollama_chat_tui.schemas.shelf import Shelf

FOLDER = "commands"
TOPIC = "Your commands"
MOST_FILES = 500
LONGEST_SUMMARY = 56

_NAME = re.compile(r"\w[\w-]*")
_SLOT = re.compile(r"\{\{\s*(args|input)\s*\}\}")
_FENCE = "---"
_READERS: Mapping[str, Callable[[str], Any]] = {
    "model": str,
    "system": str,
    "think": parse_think,
    "keep_alive": parse_keep_alive,
}
_KEYS = ("description", *_READERS, "format", *OPTION_TYPES)


@dataclass(frozen=True)
class Line:
    """A `name: value` of the front matter, and where it stands."""

    number: int
    name: str
    value: str


@dataclass(frozen=True)
class OwnCommand:
    """What a file says."""

    path: Path
    lines: Sequence[Line]
    body: str

    @property
    def description(self) -> str:
        """What it says of itself, else how its text begins."""
        said = [line.value for line in self.lines if line.name == "description"]
        return " ".join((said or [self.body.lstrip("# ").partition("\n")[0]])[-1].split())

    def settings(self, before: Settings) -> Settings:
        """How the model is asked for this turn.

        Raises:
            BadConfig: a value makes no sense; it names file and line.
        """
        changes: dict[str, Any] = {}
        options: dict[str, Any] = {}
        for line in self.lines:
            with _at(self.path, line.number):
                if line.name in _READERS:
                    changes[line.name] = _READERS[line.name](line.value)
                elif line.name == "format":
                    changes["format"] = read_format(line.value, Shelf.of(self.path.parent.parent))
                elif line.name in OPTION_TYPES:
                    name, value = parse_option(f"{line.name}={line.value}")
                    options[name] = [*options.get(name, []), *value] if isinstance(value, list) else value
        return replace(before, **changes, options={**before.options, **options})

    def text(self, given: str, answer: str) -> str:
        """What is sent.

        Args:
            given: what stands after the name.
            answer: the last answer of the chat; empty when there is none.

        Raises:
            UsageError: it is about a text, and there is none.
        """
        slots = set(_SLOT.findall(self.body))
        args, _, block = given.partition("\n") if slots == {"args", "input"} else (given, "", given)
        source = block.strip() or answer
        if "input" in slots and not source:
            raise UsageError(f"/{self.path.stem} wants a text, and there is no answer yet.")
        values = {"args": args.strip(), "input": source}
        # In one pass: what was typed may hold braces of its own.
        text = _SLOT.sub(lambda slot: values[slot[1]], self.body)
        return text if slots or not given else f"{text}\n\n{given}"


class OwnCommandFolder:
    """Fits `commands.registry.OwnCommands`."""

    def __init__(self, folder: Path, taken: Collection[str]) -> None:
        """`taken` are the names of the program's own commands."""
        self._folder = folder
        self._taken = taken
        self._seen: dict[Path, tuple[tuple[int, int], OwnCommand]] = {}

    def find(self, name: str) -> Command | None:
        path = self._folder / f"{name}.md"
        return self._command(path) if _NAME.fullmatch(name) and os.path.lexists(path) else None

    def commands(self) -> list[Command]:
        return [each for each in self._look() if isinstance(each, Command)]

    def troubles(self) -> list[ChatError]:
        return [each for each in self._look() if isinstance(each, ChatError)]

    def _look(self) -> Iterator[Command | ChatError]:
        try:
            paths = self._files()
        except FileNotFoundError:
            return
        except OSError as exc:
            yield BadConfig(f"{self._folder} cannot be read: {exc.strerror}.")
            return
        for path in paths:
            try:
                yield self._command(path)
            except BadConfig as error:
                yield error

    def _files(self) -> list[Path]:
        with os.scandir(self._folder) as entries:
            names = [entry.name for entry in islice(entries, MOST_FILES)]
        return [
            self._folder / name for name in sorted(names) if name.endswith(".md") and not name.startswith(".")
        ]

    def _command(self, path: Path) -> Command:
        if not _NAME.fullmatch(path.stem):
            raise BadConfig(
                f"{path} makes no command: its name has other characters than letters, digits, - and _.",
                "Name the file otherwise.",
            )
        if path.stem in self._taken:
            raise BadConfig(
                f"{path} makes no command: there is /{path.stem} already.", "Name the file otherwise."
            )
        own = self._read(path)
        own.settings(Settings(""))  # a wrong value is to be known before it is wanted

        async def run(context: Context, given: str) -> str:
            text = own.text(given, _last_answer(context))
            context.outgoing = Outgoing(text, own.settings(context.settings))
            return ""

        summary = textwrap.shorten(own.description, LONGEST_SUMMARY, placeholder=" …")
        help_text = f"{summary}\nIt sends the text of {path}."
        return Command(TOPIC, path.stem, (), f"/{path.stem} [TEXT]", help_text, False, None, run)

    def _read(self, path: Path) -> OwnCommand:
        """What the file says now; it is parsed when it has changed."""
        try:
            status = path.stat()
        except OSError as exc:
            raise BadConfig(f"{path} cannot be read: {exc.strerror}.") from exc
        signature = (status.st_mtime_ns, status.st_size)
        seen = self._seen.get(path)
        if seen and seen[0] == signature:
            return seen[1]
        own = _parse(path, read_text(path, BadConfig))
        self._seen[path] = (signature, own)
        return own


def _parse(path: Path, text: str) -> OwnCommand:
    lines: list[Line] = []
    first, *rest = text.split("\n")
    if first.rstrip() == _FENCE:
        ends = [place for place, line in enumerate(rest) if line.rstrip() == _FENCE]
        if not ends:
            raise BadConfig(
                f"{path}:1: The front matter does not end.", "Write --- on a line of its own after it."
            )
        head, rest = rest[: ends[0]], rest[ends[0] + 1 :]
        lines = [
            found for number, line in enumerate(head, 2) if (found := _parse_line(path, number, line.strip()))
        ]
        text = "\n".join(rest)
    if not text.strip():
        raise BadConfig(f"{path} has no text to send.")
    return OwnCommand(path, lines, text.strip())


def _parse_line(path: Path, number: int, line: str) -> Line | None:
    """One line; None for one that says nothing: a blank, a comment, the head of a block of options."""
    name, colon, value = (part.strip() for part in line.partition(":"))
    name = name.replace("-", "_")
    if not line or line.startswith("#") or (name == "options" and not value):
        return None
    if not colon:
        raise BadConfig(f"{path}:{number}: “{line}” is no setting.", "Write it as name: value.")
    if name not in _KEYS:
        raise BadConfig(f"{path}:{number}: There is no setting “{name}”.", nearest(name, _KEYS))
    if value.rstrip("+-") in ("", "|", ">"):
        raise BadConfig(f"{path}:{number}: {name} has no value.", "Write it on the same line.")
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return Line(number, name, value[1:-1] if is_quoted else value)


@contextmanager
def _at(path: Path, line: int) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise BadConfig(f"{path}:{line}: {error.sentence}", error.hint) from error


def _last_answer(context: Context) -> str:
    try:
        return last_answer(context).content.strip()
    except NothingThere:
        return ""
