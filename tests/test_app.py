"""The chat's loop, with a prompt that is told what is typed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, cast

import pytest

from ollama_chat_tui.app import _Chat, _Front
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.chat import register_chat_commands
from ollama_chat_tui.commands.registry import Context, Registry
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.history import PromptHistory
from ollama_chat_tui.terminal.notices import Notices

ABSENT = cast(Any, None)


class TypedLines:
    """Fits `Prompt` as far as the loop needs it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)
        self.history = PromptHistory(None)

    async def read(self, text: str = "") -> str:
        assert not text
        return self._lines.pop(0)


def chat_of(*lines: str) -> tuple[_Chat, io.StringIO]:
    registry, shown = Registry(), io.StringIO()
    register_chat_commands(registry)

    @registry.command("break")
    async def run(_context: Context, _text: str) -> str:
        """Do what nobody foresaw."""
        raise ZeroDivisionError("never mind")

    context = Context(Conversation(), Settings("m"), ABSENT, ABSENT, registry)
    front = _Front(cast(Any, TypedLines(lines)), ABSENT, Notices(shown, {}), ABSENT)
    return _Chat(context, ABSENT, front, Status()), shown


async def test_a_defect_is_told_and_the_chat_goes_on() -> None:
    chat, shown = chat_of("/break", "/help quit", "/quit")
    await chat.run()
    assert "This is a defect of ollama-chat: ZeroDivisionError: never mind" in shown.getvalue()
    assert "Leave." in shown.getvalue()


async def test_a_defect_ends_the_chat_of_those_who_debug() -> None:
    chat, _ = chat_of("/break")
    with pytest.raises(ZeroDivisionError):
        await chat.run(is_debugging=True)
