"""The picture in the clipboard, through tools that stand in for the system's own, each a real process."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from pathlib import Path

import pytest

from ollama_chat_tui.errors import NoClipboard, NothingToPaste
from ollama_chat_tui.media.clipboard import read_picture
from tests.media.pictures import png, write
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Pillow reads the clipboard itself")

WAYLAND, X11, WSL = {"WAYLAND_DISPLAY": "wayland-0"}, {"DISPLAY": ":0"}, {"WSL_DISTRO_NAME": "Ubuntu"}
# Each says what it is asked for, so that a wrong question is answered wrongly.
WL_PASTE = (
    'case "$*" in --list-types) cat "$0.types";; '
    '"--no-newline --type image/png") cat "$0.png";; *) exit 1;; esac'
)
XCLIP = (
    'case "$*" in "-selection clipboard -target TARGETS -out") cat "$0.types";; '
    '"-selection clipboard -target image/png -out") cat "$0.png";; *) exit 1;; esac'
)
HANGING = 'echo $$ >"$0.started"; sleep 1000'


def tool(folder: Path, name: str, script: str, types: str = "image/png\ntext/html\n") -> dict[str, str]:
    path = write(folder / name, f"#!/bin/sh\n{script}\n".encode())
    path.chmod(0o755)
    write(folder / f"{name}.types", types.encode())
    write(folder / f"{name}.png", png())
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.skipif(sys.platform == "darwin", reason="there osascript is asked, whatever the variables say")
class TestOnLinux:
    @pytest.mark.parametrize(
        ("name", "script", "variables"), [("wl-paste", WL_PASTE, WAYLAND), ("xclip", XCLIP, X11)]
    )
    async def test_a_picture_is_read(
        self, tmp_path: Path, name: str, script: str, variables: dict[str, str]
    ) -> None:
        assert await read_picture(tool(tmp_path, name, script) | variables) == png()

    async def test_windows_is_asked_from_within_wsl(self, tmp_path: Path) -> None:
        encoded = base64.b64encode(png()).decode()
        variables = tool(tmp_path, "powershell.exe", f"printf '%s\\r\\n' '{encoded}'")
        assert await read_picture(variables | WSL | WAYLAND) == png()

    @pytest.mark.parametrize(
        ("name", "script", "variables", "types"),
        [
            ("wl-paste", WL_PASTE, WAYLAND, "text/plain\n"),
            ("wl-paste", "echo Nothing is copied >&2; exit 1", WAYLAND, ""),
            ("xclip", XCLIP, X11, "UTF8_STRING\n"),
            ("xclip", "echo target not available >&2; exit 1", X11, ""),
            ("powershell.exe", "", WSL, ""),
            ("powershell.exe", "echo access denied", WSL, ""),
        ],
    )
    async def test_a_clipboard_without_a_picture_says_so(
        self, tmp_path: Path, name: str, script: str, variables: dict[str, str], types: str
    ) -> None:
        with pytest.raises(NothingToPaste, match="holds no picture"):
            await read_picture(tool(tmp_path, name, script, types) | variables)

    async def test_a_tool_that_hangs_is_ended(self, tmp_path: Path) -> None:
        variables = tool(tmp_path, "wl-paste", HANGING) | WAYLAND
        with pytest.raises(NoClipboard, match="wl-paste does not answer"):
            await read_picture(variables, timeout_s=0.2)

    async def test_cancelling_ends_the_tool(self, tmp_path: Path) -> None:
        variables = tool(tmp_path, "wl-paste", HANGING) | WAYLAND
        reading = asyncio.create_task(read_picture(variables))
        started = tmp_path / "wl-paste.started"
        await until(lambda: started.exists() and bool(started.read_text().strip()))
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        with pytest.raises(ProcessLookupError):
            os.kill(int(started.read_text()), 0)

    @pytest.mark.parametrize(
        ("variables", "words"),
        [
            (WAYLAND | {"PATH": ""}, "needs wl-paste"),
            (X11 | {"PATH": ""}, "needs xclip"),
            ({}, "no screen"),
        ],
    )
    async def test_a_tool_that_is_missing_is_named(self, variables: dict[str, str], words: str) -> None:
        with pytest.raises(NoClipboard, match=words):
            await read_picture(variables)

    async def test_a_tool_that_does_not_start_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "xclip", b"#!/no/such/shell\n")
        path.chmod(0o755)
        with pytest.raises(NoClipboard, match="xclip does not start"):
            await read_picture({"PATH": str(tmp_path)} | X11)


async def test_macos_is_asked_by_its_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    variables = tool(tmp_path, "osascript", f"printf '«data PNGf{png().hex().upper()}»\\n'")
    assert await read_picture(variables) == png()
    with pytest.raises(NothingToPaste):
        await read_picture(tool(tmp_path, "osascript", "exit 1"))
