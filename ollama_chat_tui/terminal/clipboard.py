"""The clipboard: the system's own tool, or the terminal's (OSC 52) where the tool is on another machine."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from ollama_chat_tui.errors import NoClipboard
from ollama_chat_tui.terminal.ability import is_dumb

TOOL_TIMEOUT_S = 5.0
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


class SystemClipboard:
    """Copies text with the first tool of Wayland, X11, macOS, Windows, WSL or Termux that does it."""

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


async def _with_tool(text: str, variables: Mapping[str, str]) -> bool:
    if sys.platform == "win32":
        return await asyncio.to_thread(_into_windows, text)
    for variable, command in _TOOLS:
        if variable and not variables.get(variable):
            continue
        encoding = "utf-16le" if command[0] == "clip.exe" else "utf-8"
        if await _run(command, text.encode(encoding, "replace"), variables):
            return True
    return False


async def _run(command: Sequence[str], data: bytes, variables: Mapping[str, str]) -> bool:
    """Run a tool, and say whether it is there and did what it should; what it writes is nobody's business."""
    found = shutil.which(command[0], path=variables.get("PATH"))
    if found is None:
        return False
    try:
        # A session of its own: some stay to serve the clipboard, and Ctrl-C in the chat must not end them.
        process = await asyncio.create_subprocess_exec(
            found,
            *command[1:],
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=DEVNULL,
            env=dict(variables),
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(data), TOOL_TIMEOUT_S)
    except TimeoutError:
        return False
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode == 0


def _into_windows(text: str) -> bool:
    import pyperclip  # not needed before somebody copies

    try:
        pyperclip.copy(text)
    except (pyperclip.PyperclipException, OSError):
        return False
    return True
