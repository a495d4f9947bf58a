"""The clipboard: the system's own tool, or the terminal's (OSC 52) where the tool is on another machine."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

from ollama_chat_tui.errors import NoClipboard
from ollama_chat_tui.terminal.ability import is_dumb

TOOL_TIMEOUT_S = 5.0
# xterm takes this many characters of base64; kitty, foot, WezTerm and iTerm2 take more.
OSC_52_LIMIT = 100_000


class SystemClipboard:
    """Copies text; pyperclip knows the tools of Wayland, X11, macOS, Windows and WSL."""

    def __init__(self, output: TextIO, variables: Mapping[str, str]) -> None:
        self._output = output
        self._is_dumb = is_dumb(variables)
        self._is_remote = bool(variables.get("SSH_CONNECTION") or variables.get("SSH_TTY"))

    async def copy(self, text: str) -> str:
        """Copy `text`; returns how it was done.

        Raises:
            NoClipboard: no tool works and the terminal cannot, or the text is too long for it.
        """
        size = f"{len(text)} characters"
        if not self._is_remote and await _with_tool(text):
            return f"Copied {size}."
        if self._is_dumb:
            raise NoClipboard("No clipboard tool works here.", "Name a file: /copy FILE.")
        encoded = base64.b64encode(text.encode("utf-8", "replace")).decode()
        if len(encoded) > OSC_52_LIMIT:
            raise NoClipboard(
                f"{size} are too long for the terminal's clipboard (75 KB).",
                "Name a file: /copy FILE, or install a clipboard tool.",
            )
        self._output.write(f"\x1b]52;c;{encoded}\x1b\\")
        self._output.flush()
        return f"Sent {size} to the terminal's clipboard (OSC 52; tmux needs `set-clipboard on`)."


async def _with_tool(text: str) -> bool:
    loop = asyncio.get_running_loop()
    copied: asyncio.Future[bool] = loop.create_future()

    def settle(succeeded: bool) -> None:
        if not copied.done():
            copied.set_result(succeeded)

    def work() -> None:
        import pyperclip  # not needed before somebody copies

        try:
            pyperclip.copy(text)
            succeeded = True
        except (pyperclip.PyperclipException, OSError):
            succeeded = False
        with suppress(RuntimeError):  # the chat may be over before the tool is
            loop.call_soon_threadsafe(settle, succeeded)

    # A daemon, since a tool that hangs must not keep the program from ending.
    threading.Thread(target=work, name="clipboard", daemon=True).start()
    try:
        return await asyncio.wait_for(copied, TOOL_TIMEOUT_S)
    except TimeoutError:
        return False
