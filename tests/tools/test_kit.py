"""The tools of a chat as its commands and flags use them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ollama_chat_tui.chat.brakes import Limits
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.builtin.catalog import builtin_tools
from ollama_chat_tui.tools.kit import ToolKit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[ToolKit]:
    kit = ToolKit(lambda: builtin_tools([tmp_path], os.environ), {})
    yield kit
    await kit.aclose()


async def test_every_built_in_tool_is_off_until_it_is_switched_on(kit: ToolKit) -> None:
    assert [(each.tool.name, each.source, each.is_on) for each in kit.listed()] == [
        (name, "built in", False)
        for name in (
            *("now", "calculate", "read_file", "list_files", "search_files", "fetch_url", "run_shell"),
        )
    ]
    assert kit.use(Limits()) is None
    assert kit.turn("now", on=True) == ["now"]
    use = kit.use(Limits(rounds=3))
    assert use
    assert list(use.toolbox.facts()) == ["now"]
    assert use.limits.rounds == 3
    kit.turn("now", on=False)
    assert kit.use(Limits()) is None


async def test_a_file_is_added_read_anew_and_kept_when_it_is_broken(kit: ToolKit, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def mine(): return 'first'")
    assert await kit.add(path) == ["mine"]
    path.write_text("def mine(): return 'second'\ndef more(): ...")
    assert await kit.reload() == ["mine", "more"]
    path.write_text("def broken(")
    with pytest.raises(BadTools):
        await kit.reload()
    assert await kit.registry.run(ToolCall("mine", {})) == "second"


async def test_a_change_of_equal_length_in_the_same_second_counts(kit: ToolKit, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    for number in (1, 2):
        path.write_text(f"def mine(): return {number}")
        os.utime(path, (1, 1))
        await kit.add(path)
        assert await kit.registry.run(ToolCall("mine", {})) == str(number)


async def test_a_file_cannot_take_the_name_of_another_tool(kit: ToolKit, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def run_shell(command: str): ...")
    with pytest.raises(BadTools) as error:
        await kit.add(path)
    assert "already, from built in" in error.value.sentence


async def test_without_files_there_is_nothing_to_read_anew(kit: ToolKit) -> None:
    with pytest.raises(BadTools):
        await kit.reload()


def test_flags_may_name_built_in_tools_before_anything_is_listed() -> None:
    kit = ToolKit(lambda: builtin_tools([], {}), {})
    assert kit.turn("calculate", on=True) == ["calculate"]
    assert "run_shell" not in [each.tool.name for each in kit.listed()]
