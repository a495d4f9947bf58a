"""What a command of the shell tells: tables and sentences for people, tabs and JSON for programs.

What was asked for goes to stdout, everything else to stderr. What reaches a terminal is made harmless here.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import NotInteractive, OutputFailed
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.sanitize import sanitize, sanitize_line


class ShellOutput:
    """The streams of a command."""

    def __init__(self, environment: Environment, *, as_json: bool) -> None:
        self.as_json = as_json
        self.notices = Notices(environment.stderr, environment.variables)
        self.is_terminal = environment.stdout.isatty()
        self._environment = environment

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], *, is_cut: bool = False) -> None:
        """Aligned under a heading for eyes, a row cut to the screen if wanted; for programs tabs alone."""
        rows = [[sanitize_line(cell) for cell in row] for row in rows]
        if not self.is_terminal:
            self.rows("\t".join(row) for row in rows)
            return
        lines = in_columns([head, *rows])
        if is_cut:
            from ollama_chat_tui.terminal.rows import shortened  # rich, which a pipe does not pay for

            width = shutil.get_terminal_size().columns
            lines = [shortened(line, width) for line in lines]
        self.rows(lines)

    def rows(self, rows: Iterable[str]) -> None:
        """Rows that are harmless already; what the encoding lacks is shown by its number."""
        text = "".join(f"{row}\n" for row in rows)
        with _writing():
            self._environment.stdout.write(text)
            self._environment.stdout.flush()

    def text(self, text: str) -> None:
        """Lines of text as it is, UTF-8 whatever the locale; in a terminal what can be shown of it."""
        stdout = self._environment.stdout
        if self.is_terminal:
            self.rows(sanitize(text).removesuffix("\n").split("\n"))
            return
        with _writing():
            stdout.flush()
            stdout.buffer.write(text.encode("utf-8", "replace"))
            stdout.buffer.flush()

    def json(self, value: object) -> None:
        """One line of JSON."""
        plain = msgspec.to_builtins(value)
        self.text(json.dumps(plain, ensure_ascii=False, separators=(",", ":")) + "\n")

    def tell(self, value: object, sentence: str) -> None:
        """What was done: the value for programs, else the sentence."""
        if self.as_json:
            self.json(value)
        else:
            self.notices.show(sentence)

    async def consents(self, question: str) -> bool:
        """Ask for a yes.

        Raises:
            NotInteractive: nobody is there to give one.
        """
        if not self._environment.is_interactive:
            raise NotInteractive(question, "Nobody is there to say yes: give --yes.")
        from ollama_chat_tui.terminal.confirm import (
            confirm,
        )  # prompt_toolkit, which a script does not pay for

        return await confirm(question, default=False)


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        raise OutputFailed(f"Standard output cannot be written: {exc.strerror}.") from exc
