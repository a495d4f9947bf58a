"""Copying: with the tools that people have, and over the terminal where there are none."""

from __future__ import annotations

import base64
import importlib
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyperclip
import pytest

from ollama_chat_tui.errors import NoClipboard
from ollama_chat_tui.terminal import clipboard
from ollama_chat_tui.terminal.clipboard import SystemClipboard

TEXT = "a\tb\n中 👩‍👧 \x1b[31m\n"

MakeTool = Callable[[str, str], Path]


@pytest.fixture
def make_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeTool]:
    """Make a tool of that name with a shell script's body; nothing else can be found."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    importlib.reload(pyperclip)  # it looks for tools once

    def make(name: str, body: str) -> Path:
        tool = tmp_path / name
        tool.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
        tool.chmod(0o755)
        return tool

    yield make
    monkeypatch.undo()
    importlib.reload(pyperclip)


@pytest.mark.parametrize(
    ("tool", "variable"), [("xclip", "DISPLAY"), ("xsel", "DISPLAY"), ("wl-copy", "WAYLAND_DISPLAY")]
)
async def test_the_tool_gets_the_text_as_it_is(
    make_tool: MakeTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str, variable: str
) -> None:
    make_tool(tool, f"cat > '{tmp_path}/copied'")
    make_tool("wl-paste", "exit 1")
    monkeypatch.setenv(variable, ":0")
    importlib.reload(pyperclip)
    output = io.StringIO()
    assert await SystemClipboard(output, {}).copy(TEXT) == f"Copied {len(TEXT)} characters."
    assert (tmp_path / "copied").read_text("utf-8") == TEXT
    assert output.getvalue() == ""


async def test_without_a_tool_the_terminal_is_asked(make_tool: MakeTool) -> None:
    output = io.StringIO()
    said = await SystemClipboard(output, {"TERM": "xterm"}).copy(TEXT)
    assert "OSC 52" in said
    assert decoded(output.getvalue()) == TEXT


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY"])
async def test_over_ssh_a_tool_of_the_other_machine_is_not_used(
    make_tool: MakeTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    make_tool("xclip", f"cat > '{tmp_path}/copied'")
    monkeypatch.setenv("DISPLAY", ":0")
    importlib.reload(pyperclip)
    output = io.StringIO()
    await SystemClipboard(output, {variable: "1"}).copy(TEXT)
    assert decoded(output.getvalue()) == TEXT
    assert not (tmp_path / "copied").exists()


async def test_the_limit_of_the_terminal_is_said_and_nothing_is_cut() -> None:
    output = io.StringIO()
    remote = SystemClipboard(output, {"SSH_TTY": "/dev/pts/1"})
    most = clipboard.OSC_52_LIMIT // 4 * 3
    await remote.copy("x" * most)
    assert decoded(output.getvalue()) == "x" * most
    output.truncate(0)
    with pytest.raises(NoClipboard, match="75 KB") as caught:
        await remote.copy("x" * (most + 1))
    assert "/copy FILE" in caught.value.hint
    assert "x" not in output.getvalue()


async def test_a_terminal_without_escapes_gets_none(make_tool: MakeTool) -> None:
    output = io.StringIO()
    with pytest.raises(NoClipboard):
        await SystemClipboard(output, {"TERM": "dumb"}).copy(TEXT)
    assert output.getvalue() == ""


async def test_a_tool_that_hangs_is_not_waited_for(
    make_tool: MakeTool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    make_tool("xclip", f"cat >/dev/null; read line <'{tmp_path}/fifo'")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(clipboard, "TOOL_TIMEOUT_S", 0.1)
    importlib.reload(pyperclip)
    output = io.StringIO()
    assert "OSC 52" in await SystemClipboard(output, {}).copy(TEXT)
    (tmp_path / "fifo").write_text("go on\n")


def decoded(written: str) -> str:
    match = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x1b\\", written)
    assert match
    return base64.b64decode(match[1]).decode()
