"""The clipboard: the system's own tool, or the terminal's (OSC 52) where the tool is on another machine."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, TextIO

from ollama_chat_tui.errors import NoClipboard
from ollama_chat_tui.terminal.ability import is_dumb

TOOL_TIMEOUT_S = 5.0
PASTE_TIMEOUT_S = 1.0
# xterm takes this many characters of base64; kitty, foot, WezTerm and iTerm2 take more.
OSC_52_LIMIT = 100_000

# What must be set for a tool to be of use, and the tool; it reads the text. pyperclip knows them, too, but
# not whether they failed.
_TOOLS: Final = (
    ("WSL_DISTRO_NAME", ("clip.exe",)),
    ("WAYLAND_DISPLAY", ("wl-copy", "--type", "text/plain;charset=utf-8")),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("TERMUX_VERSION", ("termux-clipboard-set",)),
    ("", ("pbcopy",)),
)
_PASTING_TOOLS: Final = (
    (
        "WSL_DISTRO_NAME",
        (
            *("powershell.exe", "-NoProfile", "-NonInteractive", "-Command"),
            "[Console]::OutputEncoding=[Text.Encoding]::UTF8;Get-Clipboard -Raw",
        ),
    ),
    ("WAYLAND_DISPLAY", ("wl-paste", "--no-newline", "--type", "text")),
    ("DISPLAY", ("xclip", "-selection", "clipboard", "-out")),
    ("DISPLAY", ("xsel", "--clipboard", "--output")),
    ("TERMUX_VERSION", ("termux-clipboard-get",)),
    ("", ("pbpaste",)),
)


class SystemClipboard:
    """Copies and pastes text with the first tool of Wayland, X11, macOS, Windows, WSL, Termux that works."""

    def __init__(self, output: TextIO, variables: Mapping[str, str]) -> None:
        self._output = output
        self._variables = variables
        self._is_dumb = is_dumb(variables)
        self._is_remote = bool(variables.get("SSH_CONNECTION") or variables.get("SSH_TTY"))

    async def copy(self, text: str) -> str:
        """Copy `text`; returns how it was done.

        Raises:
            NoClipboard: no tool works and the terminal cannot, or the text is too long for it.
        """
        size = f"{len(text)} characters"
        if not self._is_remote and await _with_tool(text, self._variables):
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

    async def paste(self) -> str:
        """The text in it; empty when it holds none, or no tool tells."""
        if sys.platform == "win32":
            return await asyncio.to_thread(_from_windows)
        for variable, command in _PASTING_TOOLS:
            if variable and not self._variables.get(variable):
                continue
            if found := await _run(command, None, self._variables):
                return found.decode("utf-8", "replace")
        return ""


async def _with_tool(text: str, variables: Mapping[str, str]) -> bool:
    if sys.platform == "win32":
        return await asyncio.to_thread(_into_windows, text)
    for variable, command in _TOOLS:
        if variable and not variables.get(variable):
            continue
        encoding = "utf-16le" if command[0] == "clip.exe" else "utf-8"
        if await _run(command, text.encode(encoding, "replace"), variables) is not None:
            return True
    return False


async def _run(command: Sequence[str], data: bytes | None, variables: Mapping[str, str]) -> bytes | None:
    """Run a tool: with `data` it reads them, else returns what it writes; None when it does not work."""
    found = shutil.which(command[0], path=variables.get("PATH"))
    if found is None:
        return None
    try:
        # A session of its own: some stay to serve the clipboard, and Ctrl-C in the chat must not end them.
        process = await asyncio.create_subprocess_exec(
            found,
            *command[1:],
            stdin=DEVNULL if data is None else PIPE,
            # One that stays to serve the clipboard would hold the pipe.
            stdout=PIPE if data is None else DEVNULL,
            stderr=DEVNULL,
            env=dict(variables),
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        timeout_s = PASTE_TIMEOUT_S if data is None else TOOL_TIMEOUT_S
        written, _ = await asyncio.wait_for(process.communicate(data), timeout_s)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it started, which may hold the pipe
            await process.wait()
    return (written or b"") if process.returncode == 0 else None


def _from_windows() -> str:
    import pyperclip  # not needed before somebody pastes

    try:
        return str(pyperclip.paste())
    except (pyperclip.PyperclipException, OSError):
        return ""


def _into_windows(text: str) -> bool:
    import pyperclip  # not needed before somebody copies

    try:
        pyperclip.copy(text)
    except (pyperclip.PyperclipException, OSError):
        return False
    return True
