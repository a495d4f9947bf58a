"""The chat's loop, with a prompt that is told what is typed."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, cast

import pytest
from prompt_toolkit.key_binding import KeyPress

from ollama_chat_tui.app import Beginning, _Chat, _Front
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, Metrics
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.chat import register_chat_commands
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.composing import Composer
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.media.attachments import Attachments
from ollama_chat_tui.sessions.recorder import Unrecorded
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.answer import End
from ollama_chat_tui.terminal.history import PromptHistory
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.window import Window

ABSENT = cast(Any, None)
MESSAGE = Message(Role.ASSISTANT, "Here.")


class Private:
    """Fits `Keeping` as far as the loop needs it: nothing is kept."""

    def __init__(self) -> None:
        self.recorder = Unrecorded()
        self.wants_title = False


class TypedLines:
    """Fits `Prompt` as far as the loop needs it."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = list(lines)
        self.history = PromptHistory(None)

    async def read(self, _text: str = "") -> str:
        return self._lines.pop(0)

    def take_typeahead(self) -> list[KeyPress]:
        return []

    def refresh(self) -> None:
        pass


class PlayedAnswers:
    """Fits `Answers`: every turn ends at once, as it was told."""

    def __init__(self, end: End) -> None:
        self._end = end

    async def show(self, turn: AsyncGenerator[Event, None], _typed: TypeAhead) -> End:
        await turn.aclose()
        return self._end


def chat_of(
    *lines: str, answers: PlayedAnswers = ABSENT, variables: Mapping[str, str] | None = None
) -> tuple[_Chat, io.StringIO]:
    registry, shown = Registry(), io.StringIO()
    register_chat_commands(registry)

    @registry.command("break")
    async def run(_context: Context, _text: str) -> str:
        """Do what nobody foresaw."""
        raise ZeroDivisionError("never mind")

    keeping, attachments = cast(Any, Private()), Attachments({})
    context = Context(Conversation(), Settings("m"), ABSENT, ABSENT, registry, ABSENT, keeping, attachments)
    notices = Notices(shown, {})
    window = Window(shown, variables or {"TERM": "dumb"}, has_title=False, calls=True)
    front = _Front(cast(Any, TypedLines(lines)), cast(Any, answers), notices, window)
    composer = Composer(context, ABSENT, notices, lambda: None)
    return _Chat(context, ABSENT, composer, front, Status()), shown


async def test_a_defect_is_told_and_the_chat_goes_on() -> None:
    chat, shown = chat_of("/break", "/help quit", "/quit")
    await chat.run(Beginning())
    assert "This is a defect of ollama-chat: ZeroDivisionError: never mind" in shown.getvalue()
    assert "Leave." in shown.getvalue()


async def test_a_defect_ends_the_chat_of_those_who_debug() -> None:
    chat, _ = chat_of("/break")
    with pytest.raises(ZeroDivisionError):
        await chat.run(Beginning(is_debugging=True))


@pytest.mark.parametrize(
    ("end", "rings"),
    [
        (Finished(MESSAGE, Metrics(last_token_s=31.0)), True),
        (Finished(MESSAGE, Metrics(last_token_s=29.0)), False),
        (Finished(MESSAGE, Metrics()), False),
        (Failed(MESSAGE, Metrics(last_token_s=31.0), UsageError("No.")), True),
        (Interrupted(MESSAGE, Metrics(last_token_s=31.0)), False),
    ],
)
async def test_a_long_answer_calls_unless_somebody_stopped_it(end: End, rings: bool) -> None:
    chat, shown = chat_of("hi", "/quit", answers=PlayedAnswers(end), variables={"TERM": "xterm"})
    await chat.run(Beginning())
    assert ("\a" in shown.getvalue()) is rings
