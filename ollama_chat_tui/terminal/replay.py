"""Turns that are over, shown again as they looked: the questions, the answers, how they ended.

Takes stored messages and gives rows. Whatever they hold is foreign: a session may be somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.message import Ending, Message, Role
from ollama_chat_tui.terminal.fill import CodeFill, Gutter
from ollama_chat_tui.terminal.json_stream import JsonStream
from ollama_chat_tui.terminal.markdown.stream import NARROWEST, MarkdownStream
from ollama_chat_tui.terminal.reasoning import ReasoningRows, ThinkingView
from ollama_chat_tui.terminal.rows import ansi_row, shortened
from ollama_chat_tui.terminal.sanitize import sanitize
from ollama_chat_tui.terminal.theme import PLAIN, Theme
from ollama_chat_tui.terminal.tool_lines import asked_lines, done_line, with_numbers

# As the prompt writes them.
_PROMPT: Final = ">>> "
_CONTINUATION: Final = "... "
_LONGEST_QUESTION: Final = 20
STOPPED, BROKEN_OFF = "stopped", "broken off"
_ENDINGS: Final = {Ending.INTERRUPTED: STOPPED, Ending.FAILED: BROKEN_OFF}


def replayed_rows(
    conversation: Conversation,
    theme: Theme,
    width: int,
    *,
    turns: int | None = None,
    view: ThinkingView = ThinkingView.FOLD,
    pictures: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the rows of the branch of a conversation, or of its last `turns` alone.

    A turn begins with a question. What was pasted into one is no longer known, so a long question is cut
    to its beginning. How long a model thought is not stored either; the length of its reasoning is shown.
    `pictures` are those of images by SHA-256, each a row that is as high as it needs.
    """
    replay = _Replay(theme, max(NARROWEST, width), view, pictures or {})
    show: dict[Role, Callable[[Message, Sequence[int]], None]] = {
        Role.USER: replay.question,
        Role.ASSISTANT: replay.answer,
        Role.TOOL: replay.result,
    }
    for message, numbers in with_numbers(last_turns(conversation, turns), conversation.result_numbers()):
        if message.role in show:
            show[message.role](message, numbers)
    return replay.rows


def last_turns(conversation: Conversation, turns: int | None) -> Sequence[Node]:
    """The end of the branch, with so many questions; None: the whole."""
    nodes = conversation.branch()
    starts = [place for place, node in enumerate(nodes) if node.message.role is Role.USER]
    if turns is None or turns >= len(starts):
        return nodes
    return nodes[starts[-turns] :] if turns > 0 else []


class _Replay:
    def __init__(self, theme: Theme, width: int, view: ThinkingView, pictures: Mapping[str, str]) -> None:
        self.rows: list[str] = []
        self._theme = theme
        self._width = width
        self._view = view
        self._pictures = pictures

    def question(self, message: Message, _: Sequence[int]) -> None:
        rows: list[str] = []
        for number, line in enumerate(sanitize(message.content).rstrip("\n").split("\n")):
            first, rest = (_CONTINUATION if number else _PROMPT), " " * len(_CONTINUATION)
            fill = CodeFill(
                Gutter(((first, PLAIN),), ((rest, PLAIN),), self._width - len(_CONTINUATION)), rows
            )
            fill.feed([(line, PLAIN)])
            fill.end_line()
            if len(rows) > _LONGEST_QUESTION:
                break
        self.rows += rows[:_LONGEST_QUESTION]
        if len(rows) > _LONGEST_QUESTION:
            self._add(f"⋮ {len(message.content):,} characters in all")
        if message.images:
            self._add(f"with {len(message.images)} image{'s'[: len(message.images) > 1]}")
            drawn = (self._pictures.get(image.sha256, "") for image in message.images)
            self.rows += [picture.removesuffix("\n") for picture in drawn if picture]
        self.rows.append("")

    def answer(self, message: Message, numbers: Sequence[int]) -> None:
        if message.thinking:
            self._think(message.thinking)
        if message.content:
            stream = (JsonStream if _is_json(message.content) else MarkdownStream)(self._theme, self._width)
            stream.feed(message.content)
            self.rows += stream.finish().finished
        if ending := _ENDINGS.get(message.ending):
            self._add(ending)
        self.rows.append("")
        for line in asked_lines(message, numbers):
            self._add(line)

    def result(self, message: Message, numbers: Sequence[int]) -> None:
        self._add(done_line(message.content, *numbers))
        self.rows.append("")

    def _think(self, thinking: str) -> None:
        if self._view is ThinkingView.FOLD:
            self._add(f"▸ thought, {len(thinking):,} characters")
            return
        reasoning = ReasoningRows(self._theme, self._width, self._view)
        reasoning.feed(thinking)
        self.rows += reasoning.finish(0)

    def _add(self, text: str) -> None:
        self.rows.append(ansi_row([(shortened(text, self._width), self._theme.ink("dim"))]))


def _is_json(text: str) -> bool:
    """Whether it is an object or a list; which answers were to fit a format is not stored."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return False
    return True
