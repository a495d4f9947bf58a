"""The picture in the clipboard, by the system's own tool; a tool that hangs is ended.

Pillow's ImageGrab runs the same tools on Linux and macOS, without a limit of time, and knows no WSL; so it is
asked on Windows alone, where it needs no tool.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import os
import re
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from ollama_chat_tui.errors import NoClipboard, NothingToPaste
from ollama_chat_tui.media.aside import aside

TIMEOUT_S: Final = 5.0
_TYPES: Final = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff", "image/gif")
_APPLESCRIPT: Final = "the clipboard as «class PNGf»"
_POWERSHELL: Final = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$i=[Windows.Forms.Clipboard]::GetImage();"
    "if($i){$m=New-Object IO.MemoryStream;$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);"
    "[Convert]::ToBase64String($m.ToArray())}"
)
Reader = Callable[[str], Awaitable[bytes]]


async def read_picture(variables: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> bytes:
    """The picture that the clipboard holds, as a file's bytes; cancelling ends the tool.

    Raises:
        NothingToPaste: it holds none.
        NoClipboard: there is no tool, or it hangs.
    """
    tool, read = _tool(variables)
    path = shutil.which(tool, path=variables.get("PATH", "")) if tool else ""
    if path is None:
        raise NoClipboard(
            f"Reading a picture from the clipboard needs {tool}.", f"Install it: {tool.partition('-')[0]}"
        )
    try:
        async with asyncio.timeout(timeout_s):
            data = await read(path)
    except TimeoutError as exc:
        raise NoClipboard(f"{tool or 'The clipboard'} does not answer.") from exc
    except OSError as exc:
        raise NoClipboard(f"{tool or 'The clipboard'} does not start: {exc.strerror}.") from exc
    if not data:
        raise NothingToPaste("The clipboard holds no picture.", "Copy one, or name a file: /image PATH.")
    return data


def _tool(variables: Mapping[str, str]) -> tuple[str, Reader]:
    """The tool to run, and how it is read; no tool where none is needed."""
    if sys.platform == "win32":
        return "", _grabbed
    if sys.platform == "darwin":
        return "osascript", _from_macos
    if variables.get("WSL_DISTRO_NAME"):
        return "powershell.exe", _from_windows
    if variables.get("WAYLAND_DISPLAY"):
        return "wl-paste", _from_wayland
    if variables.get("DISPLAY"):
        return "xclip", _from_x11
    raise NoClipboard("There is no screen here whose clipboard could be read.", "Name a file: /image PATH.")


async def _from_wayland(tool: str) -> bytes:
    kind = _best(await _output(tool, "--list-types"))
    return await _output(tool, "--no-newline", "--type", kind) if kind else b""


async def _from_x11(tool: str) -> bytes:
    kind = _best(await _output(tool, "-selection", "clipboard", "-target", "TARGETS", "-out"))
    return await _output(tool, "-selection", "clipboard", "-target", kind, "-out") if kind else b""


async def _from_macos(tool: str) -> bytes:
    """What osascript writes is «data PNGf89504E47…», a PNG in hexadecimal."""
    found = re.search(rb"PNGf([0-9A-Fa-f]+)", await _output(tool, "-e", _APPLESCRIPT))
    return binascii.unhexlify(found[1]) if found else b""


async def _from_windows(tool: str) -> bytes:
    written = await _output(tool, "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL)
    with suppress(binascii.Error):
        return base64.b64decode(written.strip(), validate=True)
    return b""


async def _grabbed(_: str) -> bytes:
    return await aside(_grab)


def _grab() -> bytes:
    try:
        from PIL import Image, ImageGrab
    except ImportError as exc:
        raise NoClipboard(
            "Reading a picture from the clipboard needs Pillow.",
            "Install it: pip install 'ollama-chat-tui[images]'",
        ) from exc
    grabbed = ImageGrab.grabclipboard()
    if not isinstance(grabbed, Image.Image):
        return b""
    out = io.BytesIO()
    grabbed.save(out, "PNG")
    return out.getvalue()


def _best(listed: bytes) -> str:
    offered = listed.decode("ascii", "replace").split()
    return next((kind for kind in _TYPES if kind in offered), "")


async def _output(*command: str) -> bytes:
    """What a tool writes; nothing when it fails, which is how they all say that there is nothing."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    )
    try:
        written, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it started itself
            await asyncio.shield(process.wait())
    return written if process.returncode == 0 else b""
