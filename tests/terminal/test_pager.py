"""The pager gets the text, harmless, and Ctrl-C is its own meanwhile."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ollama_chat_tui.errors import NoPager, UsageError
from ollama_chat_tui.terminal.pager import SystemPager


def make_pager(folder: Path, body: str) -> str:
    script = folder / "my pager"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    return f"'{script}' -x"


async def test_the_pager_shows_the_text_with_its_options(tmp_path: Path) -> None:
    pager = make_pager(tmp_path, f"echo \"$@\" > '{tmp_path}/options'; cat > '{tmp_path}/shown'")
    await SystemPager({"PAGER": pager}).show("# Ä\n\x1b]0;owned\x07中\n")
    assert (tmp_path / "shown").read_text("utf-8") == "# Ä\n␛]0;owned␇中\n"
    assert (tmp_path / "options").read_text() == "-x\n"


async def test_ctrl_c_is_the_pagers(tmp_path: Path) -> None:
    """It neither ends the chat nor is it ignored in the pager."""
    pager = make_pager(
        tmp_path, f"cat >/dev/null; kill -INT $PPID; kill -INT $$; echo no > '{tmp_path}/survived'"
    )
    before = signal.getsignal(signal.SIGINT)
    await SystemPager({"PAGER": pager}).show("text")
    assert not (tmp_path / "survived").exists()
    assert signal.getsignal(signal.SIGINT) is before


async def test_a_pager_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    await SystemPager({"PAGER": make_pager(tmp_path, "exit 3")}).show("x" * 1_000_000)


async def test_the_editor_gets_a_copy_that_cannot_be_written_to(tmp_path: Path) -> None:
    editor = make_pager(
        tmp_path, f"cp -p \"$2\" '{tmp_path}/shown.md'; echo \"$2\" > '{tmp_path}/name'; exit 1"
    )
    variables = {"VISUAL": editor, "EDITOR": "/no/such", "PATH": os.environ["PATH"]}
    await SystemPager(variables).show_in_editor("# Ä\n\x1b]0;owned\x07中")
    shown, name = tmp_path / "shown.md", Path((tmp_path / "name").read_text().strip())
    assert shown.read_text("utf-8") == "# Ä\n␛]0;owned␇中\n"
    assert shown.stat().st_mode & 0o222 == 0
    assert name.suffix == ".md"
    assert name.parent not in name.parents[1].iterdir()


async def test_an_editor_that_cannot_run_is_said() -> None:
    with pytest.raises(UsageError, match="/no/such cannot be started"):
        await SystemPager({"EDITOR": "/no/such"}).show_in_editor("text")


@pytest.mark.parametrize("pager", ["/no/such/pager", "less 'unbalanced"])
async def test_a_pager_that_cannot_run_is_said(pager: str) -> None:
    with pytest.raises(NoPager, match="pager") as caught:
        await SystemPager({"PAGER": pager}).show("text")
    assert "PAGER" in caught.value.hint


@pytest.mark.parametrize("variables", [{}, {"PAGER": ""}, {"PAGER": " "}], ids=str)
async def test_less_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    less = tmp_path / "less"
    less.write_text(f"#!/bin/sh\n/bin/cat > '{tmp_path}/shown'\n")
    less.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    await SystemPager(variables).show("text")
    assert (tmp_path / "shown").read_text() == "text"
