"""The way turns are shown on the terminal at hand."""

from __future__ import annotations

import shutil
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol, TextIO

from prompt_toolkit.input import Input

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import Event
from ollama_chat_tui.terminal.ability import has_hyperlinks, is_dumb
from ollama_chat_tui.terminal.answer import AnswerScreen, End
from ollama_chat_tui.terminal.drawer import make_tty
from ollama_chat_tui.terminal.plain import PlainAnswers
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.theme import Theme, ThemeName, colour_depth, make_theme
from ollama_chat_tui.terminal.typeahead import TypeAhead

if TYPE_CHECKING:
    from ollama_chat_tui.tools.permission import Asker


class Answers(Protocol):
    """Shows turns, one after the other."""

    def say(self, text: str) -> bool:
        """Put lines of our own between the rows of the answer that is being shown.

        False: no answer is being shown, and they are still to be written.
        """

    def replayed(self, conversation: Conversation, pictures: Mapping[str, str]) -> str:
        """The last turns of a conversation as they looked, as lines; with pictures of images by SHA-256."""
        ...

    def rendered(self, markdown: str) -> str:
        """Markdown of our own as this terminal shows it."""
        ...

    def aside(self) -> AbstractAsyncContextManager[None]:
        """Leave the terminal to a question while a turn goes on."""
        ...

    async def show(self, turn: AsyncGenerator[Event, None], typed: TypeAhead) -> End | None:
        """Show a turn until it ends or is stopped, and return its last event."""


def make_answers(
    output: TextIO,
    keyboard: Input,
    variables: Mapping[str, str],
    view: Callable[[], ThinkingView],
    theme: ThemeName = "dark",
    *,
    tells_focus: bool = False,
) -> Answers:
    """Look at the terminal and choose; `view` is asked when reasoning begins.

    `tells_focus`: the terminal is asked to tell whether its window has the focus.
    """
    if is_dumb(variables):
        return PlainAnswers(output, view)
    look = _look(variables, theme)
    return AnswerScreen(make_tty(output, keyboard, variables, tells_focus=tells_focus), look, view)


def make_asker(
    output: TextIO,
    keyboard: Input,
    variables: Mapping[str, str],
    theme: ThemeName,
    aside: Callable[[], AbstractAsyncContextManager[None]],
) -> Asker:
    """Who asks whether a tool may be called; `aside` takes away what else stands on the screen."""
    from ollama_chat_tui.terminal.approval import ApprovalPrompt  # for chats that use tools

    has_no_cursor = is_dumb(variables)
    look = _look(variables, "none" if has_no_cursor else theme)
    return ApprovalPrompt(output, keyboard, look, _columns, aside, is_dumb=has_no_cursor)


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _look(variables: Mapping[str, str], theme: ThemeName) -> Theme:
    return make_theme(theme, colour_depth(variables), hyperlinks=has_hyperlinks(variables))
