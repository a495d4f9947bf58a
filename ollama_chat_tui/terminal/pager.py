"""A long text in the pager or the editor that the user likes."""

from __future__ import annotations

import asyncio
import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ollama_chat_tui.errors import NoPager, UsageError
from ollama_chat_tui.terminal.editor import edit, look_at
from ollama_chat_tui.terminal.sanitize import sanitize


class SystemPager:
    """Runs PAGER, else `less`; or the editor."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    async def show(self, text: str) -> None:
        """Show `text`, made harmless, until the reader leaves it.

        Raises:
            NoPager: it cannot be run.
        """
        wanted = self._variables.get("PAGER", "").strip() or "less"
        try:
            command = shlex.split(wanted)
        except ValueError as exc:
            raise NoPager(f"The pager “{wanted}” is no command: {exc}.", "Set PAGER.") from exc
        with _ctrl_c_is_its_own():
            try:
                await asyncio.to_thread(
                    subprocess.run, command, input=sanitize(text).encode("utf-8", "replace"), check=False
                )
            except OSError as exc:
                raise NoPager(f"The pager “{command[0]}” cannot be run.", "Set PAGER.") from exc

    async def show_in_editor(self, text: str) -> None:
        """Show `text`, made harmless, in the editor of the prompt; what is changed there is not kept.

        Raises:
            UsageError: it cannot be run.
        """
        with _ctrl_c_is_its_own():
            await asyncio.to_thread(look_at, sanitize(text), self._variables)

    async def edit(self, text: str) -> str:
        """Open `text` in the editor of the prompt and return what was saved.

        Raises:
            UsageError: it cannot be run, or failed.
        """
        with _ctrl_c_is_its_own():
            edited = await asyncio.to_thread(edit, text, self._variables)
        if edited is None:
            raise UsageError("The editor failed; nothing has changed.")
        return edited


@contextmanager
def _ctrl_c_is_its_own() -> Iterator[None]:
    """While inside, Ctrl-C belongs to what is run: not ignored, for then it would be ignored there, too."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
