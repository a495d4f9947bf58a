"""Copying: with the tools that people have, and over the terminal where there are none."""

from __future__ import annotations

import base64
import io
import os
import re
from pathlib import Path

import pytest

from ollama_chat_tui.errors import NoClipboard
from ollama_chat_tui.terminal import clipboard
from ollama_chat_tui.terminal.clipboard import SystemClipboard

TEXT = "a\tb\n中 👩‍👧 \x1b[31m\n"


class Tools:
    """The only programs there are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.copied = folder / "copied"

    def make(self, name: str, body: str) -> None:
        """Make a tool with a shell script's body."""
        tool = self._folder / name
        tool.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{body}\n")
        tool.chmod(0o755)

    def copying(self, name: str) -> None:
        """Make a tool that works."""
        self.make(name, f"cat > '{self.copied}'")

    def variables(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self._folder), "TERM": "xterm", **more}


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    return Tools(tmp_path)


@pytest.mark.parametrize(
    ("tool", "variable"),
    [
        ("xclip", "DISPLAY"),
        ("xsel", "DISPLAY"),
        ("wl-copy", "WAYLAND_DISPLAY"),
        ("termux-clipboard-set", "TERMUX_VERSION"),
        ("pbcopy", "HOME"),
    ],
)
async def test_the_tool_gets_the_text_as_it_is(tools: Tools, tool: str, variable: str) -> None:
    tools.copying(tool)
    output = io.StringIO()
    said = await SystemClipboard(output, tools.variables(**{variable: ":0"})).copy(TEXT)
    assert said == f"Copied {len(TEXT)} characters."
    assert tools.copied.read_text("utf-8") == TEXT
    assert output.getvalue() == ""


async def test_windows_below_linux_gets_its_own_encoding(tools: Tools) -> None:
    tools.copying("clip.exe")
    await SystemClipboard(io.StringIO(), tools.variables(WSL_DISTRO_NAME="Debian")).copy(TEXT)
    assert tools.copied.read_bytes().decode("utf-16le") == TEXT


@pytest.mark.parametrize("variables", [{}, {"DISPLAY": ":0"}], ids=str)
async def test_without_a_tool_the_terminal_is_asked(tools: Tools, variables: dict[str, str]) -> None:
    output = io.StringIO()
    said = await SystemClipboard(output, tools.variables(**variables)).copy(TEXT)
    assert "OSC 52" in said
    assert decoded(output.getvalue()) == TEXT


@pytest.mark.parametrize(
    ("tool", "variable"), [("xclip", "DISPLAY"), ("xsel", "DISPLAY"), ("wl-copy", "WAYLAND_DISPLAY")]
)
@pytest.mark.parametrize("body", ["cat >/dev/null; echo no display >&2; exit 1", "exit 1", "kill -9 $$"])
async def test_a_tool_that_fails_has_not_copied(
    tools: Tools, capfd: pytest.CaptureFixture[str], tool: str, variable: str, body: str
) -> None:
    tools.make(tool, body)
    output = io.StringIO()
    assert "OSC 52" in await SystemClipboard(output, tools.variables(**{variable: ":0"})).copy("x" * 70_000)
    assert decoded(output.getvalue()) == "x" * 70_000
    assert capfd.readouterr() == ("", "")  # nor is its complaint in the chat


async def test_after_a_tool_that_fails_the_next_is_tried(tools: Tools) -> None:
    tools.make("wl-copy", "exit 1")
    tools.copying("xclip")
    variables = tools.variables(WAYLAND_DISPLAY="wayland-0", DISPLAY=":0")
    assert (await SystemClipboard(io.StringIO(), variables).copy(TEXT)).startswith("Copied")
    assert tools.copied.read_text("utf-8") == TEXT


async def test_a_tool_that_is_no_program_is_none(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "xclip").write_text("\x7fELF nonsense")
    (tmp_path / "xclip").chmod(0o755)
    said = await SystemClipboard(io.StringIO(), tools.variables(DISPLAY=":0")).copy(TEXT)
    assert "OSC 52" in said


@pytest.mark.parametrize("variable", ["SSH_CONNECTION", "SSH_TTY"])
async def test_over_ssh_a_tool_of_the_other_machine_is_not_used(tools: Tools, variable: str) -> None:
    tools.copying("xclip")
    output = io.StringIO()
    await SystemClipboard(output, tools.variables(DISPLAY=":0", **{variable: "1"})).copy(TEXT)
    assert decoded(output.getvalue()) == TEXT
    assert not tools.copied.exists()


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


async def test_a_terminal_without_escapes_gets_none(tools: Tools) -> None:
    output = io.StringIO()
    with pytest.raises(NoClipboard):
        await SystemClipboard(output, tools.variables(TERM="dumb")).copy(TEXT)
    assert output.getvalue() == ""


async def test_a_tool_that_hangs_is_ended(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "fifo")
    tools.make("xclip", f"echo $$ > '{tmp_path}/pid'; cat >/dev/null; read line <'{tmp_path}/fifo'")
    monkeypatch.setattr(clipboard, "TOOL_TIMEOUT_S", 1.0)
    assert "OSC 52" in await SystemClipboard(io.StringIO(), tools.variables(DISPLAY=":0")).copy(TEXT)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def decoded(written: str) -> str:
    match = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]+)\x1b\\", written)
    assert match
    return base64.b64decode(match[1]).decode()


@pytest.mark.parametrize(
    ("tool", "variable"),
    [
        ("xclip", "DISPLAY"),
        ("xsel", "DISPLAY"),
        ("wl-paste", "WAYLAND_DISPLAY"),
        ("termux-clipboard-get", "TERMUX_VERSION"),
        ("powershell.exe", "WSL_DISTRO_NAME"),
        ("pbpaste", "HOME"),
    ],
)
async def test_the_text_in_the_clipboard_is_read(tools: Tools, tool: str, variable: str) -> None:
    tools.make(tool, "printf 'a\\303\\251\\n'")
    assert await SystemClipboard(io.StringIO(), tools.variables(**{variable: ":0"})).paste() == "a\u00e9\n"


async def test_where_no_tool_gives_a_text_there_is_none(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipboard, "PASTE_TIMEOUT_S", 0.2)
    pasting = SystemClipboard(io.StringIO(), tools.variables(DISPLAY=":0"))
    assert await pasting.paste() == ""
    tools.make("xclip", "echo half; sleep 1000")
    tools.make("xsel", "echo no; exit 1")
    assert await pasting.paste() == ""
