"""The external editor: real programs, here small scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.terminal.test_prompt_keys import every_key
from tests.terminal.typing_line import typing_line


def write_editor(folder: Path, code: str) -> str:
    script = folder / "an editor.py"
    script.write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[-1])\n{code}\n")
    return f"'{sys.executable}' '{script}' --wait"


@pytest.mark.parametrize(("action", "key"), every_key("open-editor"))
async def test_the_editors_text_comes_back_and_is_not_sent(action: str, key: str, tmp_path: Path) -> None:
    editor = write_editor(tmp_path, "file.write_text(file.read_text().upper() + 'more\\n')")
    async with typing_line("text", variables={"VISUAL": "false", "OLLAMA_EDITOR": editor}) as line:
        await line.press_until(key, "TEXT\nmore")
        line.press("\r")
        assert await line.sent() == "TEXT\nmore"


async def test_an_editor_that_fails_changes_nothing(tmp_path: Path) -> None:
    editor = write_editor(
        tmp_path, f"file.write_text('x'); pathlib.Path({str(tmp_path)!r}, 'ran').touch(); sys.exit(1)"
    )
    async with typing_line("text", variables={"EDITOR": editor}) as line:
        line.press("\x07")
        await line.until((tmp_path / "ran").exists)
        await line.until(lambda: not line.prompt._line._is_editing)
        await line.press_until("!", "text!")


@pytest.mark.parametrize("editor", ["/no/such/editor", "an 'open quote", ""])
async def test_an_editor_that_is_not_there_changes_nothing(editor: str) -> None:
    async with typing_line("text", variables={"EDITOR": editor, "PATH": "/nowhere"}) as line:
        line.press("\x07")
        await line.until(lambda: line.prompt._line._is_editing)
        await line.until(lambda: not line.prompt._line._is_editing)
        await line.press_until("!", "text!")


async def test_quotes_from_the_editor_are_no_block(tmp_path: Path) -> None:
    code = '"""Doc."""\nimport this'
    editor = write_editor(tmp_path, f"file.write_text({code!r})")
    async with typing_line("", variables={"EDITOR": editor}) as line:
        await line.press_until("\x07", code)
        line.press("\r")
        assert await line.sent() == code


async def test_what_the_editor_makes_of_a_paste_stays_as_it_is(tmp_path: Path) -> None:
    editor = write_editor(tmp_path, "file.write_text('[short]')")
    async with typing_line("", variables={"EDITOR": editor}) as line:
        line.paste("x\n" * 20)
        await line.press_until("\x07", "[short]")
        await line.press_until("\x1f", "[pasted text #1, 20 lines]")
        await line.press_until("\x1b/", "[short]")


async def test_the_editor_gets_pastes_and_blocks_opened(tmp_path: Path) -> None:
    editor = write_editor(tmp_path, f"pathlib.Path({str(tmp_path)!r}, 'seen').write_text(file.read_text())")
    async with typing_line("", variables={"EDITOR": editor}) as line:
        line.press('"""\rsee ')
        line.paste("x\n" * 20)
        line.press("\x07")
        await line.until(lambda: line.text == "see [pasted text #1, 20 lines]")
    assert (tmp_path / "seen").read_text() == "see " + "x\n" * 20 + "\n"
