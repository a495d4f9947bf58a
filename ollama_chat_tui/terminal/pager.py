"""A long text in the pager that the user likes."""

from __future__ import annotations

import asyncio
import shlex
import signal
import subprocess
from collections.abc import Mapping

from ollama_chat_tui.errors import NoPager
from ollama_chat_tui.terminal.sanitize import sanitize


class SystemPager:
    """Runs PAGER, else `less`."""

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
        # Ctrl-C belongs to the pager now. A signal that is ignored would be ignored there, too.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            await asyncio.to_thread(
                subprocess.run, command, input=sanitize(text).encode("utf-8", "replace"), check=False
            )
        except OSError as exc:
            raise NoPager(f"The pager “{command[0]}” cannot be run.", "Set PAGER.") from exc
        finally:
            signal.signal(signal.SIGINT, before)
