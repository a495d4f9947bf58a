"""The page of commands says what the program says."""

from __future__ import annotations

from pathlib import Path

from ollama_chat_tui.commands.page import commands_page
from ollama_chat_tui.commands.table import make_registry

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text() == commands_page(make_registry()), "make docs renews it"


def test_every_command_has_a_row() -> None:
    registry = make_registry()
    page = commands_page(registry)
    assert all(f"| `/{command.name}" in page for command in registry.commands)
