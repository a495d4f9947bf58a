"""The terminal as commands see it: clipboard, pager, questions, lists and bars in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TextIO

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.progress import ShowProgress
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.answer import REPLAYED_TURNS
from ollama_chat_tui.terminal.bars import progress_bars
from ollama_chat_tui.terminal.clipboard import SystemClipboard
from ollama_chat_tui.terminal.confirm import confirm
from ollama_chat_tui.terminal.outlet import Outlet
from ollama_chat_tui.terminal.pager import SystemPager
from ollama_chat_tui.terminal.picker import Picker, pick_by_number
from ollama_chat_tui.terminal.prompt import Prompt
from ollama_chat_tui.terminal.replay import last_turns
from ollama_chat_tui.terminal.sanitize import sanitize
from ollama_chat_tui.terminal.thumbnail import Thumbnails
from ollama_chat_tui.terminal.views import ThinkingViews

MOST_PICTURES = 6
"""Of how many images there are thumbnails when a session is resumed."""


class TerminalScreen:
    """Fits `commands.registry.Screen`."""

    def __init__(
        self,
        output: TextIO,
        prompt: Prompt,
        variables: Mapping[str, str],
        views: ThinkingViews,
        outlet: Outlet,
        thumbnails: Thumbnails,
    ) -> None:
        self._output = output
        self._outlet = outlet
        self._prompt = prompt
        self._views = views
        self._thumbnails = thumbnails
        self._is_dumb = is_dumb(variables)
        self._clipboard = SystemClipboard(output, variables)
        self._pager = SystemPager(variables)

    async def copy(self, text: str) -> str:
        return await self._clipboard.copy(text)

    async def paste(self) -> str:
        return await self._clipboard.paste()

    async def page(self, text: str) -> None:
        await self._pager.show(text)

    async def open_in_editor(self, text: str) -> None:
        await self._pager.show_in_editor(text)

    async def edit(self, text: str) -> str:
        return await self._pager.edit(text)

    async def confirm(self, question: str) -> bool:
        return await confirm(question, default=False, keyboard=self._prompt.input)

    @property
    def has_cursor(self) -> bool:
        return not self._is_dumb

    async def pick(self, title: str, rows: Sequence[str]) -> int | None:
        if self._is_dumb:
            return await pick_by_number(title, rows, self._prompt.input, self._output)
        return await Picker(title, rows).pick(self._prompt.input, self._prompt.output)

    def progress(self) -> AbstractContextManager[ShowProgress]:
        return progress_bars(self._output)

    async def replay(self, conversation: Conversation) -> None:
        shown = last_turns(conversation, REPLAYED_TURNS)
        attached = {image.sha256: image for node in shown for image in node.message.images}
        newest = list(attached.values())[-MOST_PICTURES:]
        pictures = {image.sha256: await self._thumbnail(image, conversation.images) for image in newest}
        self._outlet.replay(conversation, pictures)

    async def show_image(self, sentence: str, image: Image, images: ImageStore) -> None:
        picture = await self._thumbnail(image, images)
        self._outlet.write(f"{sanitize(sentence)}\n", picture)

    async def _thumbnail(self, image: Image, images: ImageStore) -> str:
        return await self._thumbnails.of(image, images, self._prompt.output.get_size().columns)

    def keys(self) -> Sequence[tuple[str, str]]:
        return [(" or ".join(row.keys), row.description) for row in self._prompt.keymap.rows() if row.keys]

    @property
    def is_recording(self) -> bool:
        return self._prompt.history.is_recording

    def record(self, is_recording: bool) -> None:
        self._prompt.history.is_recording = is_recording
        self._prompt.refresh()

    def show_thinking(self, view: str, model: str) -> None:
        self._views.choose(model, view)
