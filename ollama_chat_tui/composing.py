"""The next message, from what was typed and attached to what is sent: and whether the model can take it.

Joins the list of what is attached to the chat. Knows neither what a picture is made of nor how it is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from msgspec import structs

from ollama_chat_tui.capability import CapableBackend, Lack
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import is_command
from ollama_chat_tui.errors import ChatError, NoClipboard, NothingToPaste
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.media.aside import aside
from ollama_chat_tui.media.attachments import named_in
from ollama_chat_tui.media.paths import CLIPBOARD
from ollama_chat_tui.terminal.notices import Notices


@dataclass(frozen=True)
class Ready:
    """What is to be sent, and how.

    Attributes:
        message: None when nothing new is said.
    """

    message: Message | None
    settings: Settings


class Composer:
    """Makes messages; whatever goes wrong, what is attached stays so until it was answered."""

    def __init__(
        self, context: Context, backend: CapableBackend, notices: Notices, refresh: Callable[[], None]
    ) -> None:
        """`refresh` is called when the bar has something new to say."""
        self._context = context
        self._backend = backend
        self._notices = notices
        self._refresh = refresh
        self._attaching: set[asyncio.Task[str]] = set()
        self._before = context.attachments.snapshot()
        self._text = self._looked_at = ""
        self._named: Sequence[str] = ()
        self._look: asyncio.Task[None] | None = None

    def attach(self, sources: Sequence[str]) -> None:
        """Attach while somebody types; the next message waits for it."""
        for source in sources:
            self._begin(self._attach(source))

    async def read_clipboard(self) -> str:
        """Attach the picture in the clipboard; where there is none return the text in it."""
        return await asyncio.shield(self._begin(self._paste()))  # it goes on where the prompt is sent away

    def _begin(self, work: Coroutine[Any, Any, str]) -> asyncio.Task[str]:
        task = asyncio.create_task(work)
        self._attaching.add(task)
        task.add_done_callback(self._attaching.discard)
        return task

    async def _attach(self, source: str) -> str:
        try:
            await self._add(source)
        except ChatError as error:
            self._notices.complain(error)
        return ""

    async def _paste(self) -> str:
        try:
            await self._add(CLIPBOARD)
        except (NothingToPaste, NoClipboard) as error:
            if text := await self._context.screen.paste():
                return text
            self._notices.complain(error)
        except ChatError as error:
            self._notices.complain(error)
        return ""

    async def _add(self, source: str) -> None:
        attachments = self._context.attachments
        attached = await attachments.add(source)
        self._refresh()
        await self._context.screen.show_image(attached.sentence, attached.image, attachments.store)

    def names(self, text: str) -> Sequence[str]:
        """What would go with `text`, as far as is known; the disk is asked beside the prompt."""
        attached = self._context.attachments.names
        if not text or is_command(text):
            self._looked_at, self._named = "", ()
            return attached
        self._text = text
        if text != self._looked_at and (self._look is None or self._look.done()):
            self._look = asyncio.create_task(self._look_up())
        return [*attached, *self._named]

    async def _look_up(self) -> None:
        while self._looked_at != (text := self._text):
            named = await aside(partial(named_in, text))
            self._looked_at = text
            if named != self._named:
                self._named = named
                self._refresh()

    async def compose(self, text: str, settings: Settings, *, is_typed: bool) -> Ready | None:
        """Make the message of a text, empty for none; None when it is not to be sent.

        Only in what `is_typed` are paths looked for.

        Raises:
            ChatError: something cannot go with it. Then, too, what was attached still is.
        """
        ready = None
        self._before = self._context.attachments.snapshot()
        try:
            with cancelled_by_ctrl_c() as interruption:
                await asyncio.gather(*self._attaching)
                self._before = self._context.attachments.snapshot()
                ready = await self._compose(text, settings, is_typed=is_typed)
        except asyncio.CancelledError:
            interruption.absorb()
            self._notices.whisper("Stopped.")
        finally:
            if ready is None:
                self.take_back()
        return ready

    def take_back(self) -> None:
        """Let be attached what was attached to the last message: it was not answered."""
        self._context.attachments.restore(self._before)

    def stop(self) -> None:
        """Attach nothing any more."""
        for task in self._attaching:
            task.cancel()

    async def _compose(self, text: str, settings: Settings, *, is_typed: bool) -> Ready | None:
        context = self._context
        if not text:
            return await self._agreed(None, settings)
        composed = await context.attachments.compose(text if is_typed else "", context.conversation.images)
        parts = [composed.content] if is_typed else [text, composed.content]
        content = "\n\n".join(part for part in parts if part)
        ready = await self._agreed(Message(Role.USER, content, images=composed.images), settings)
        if ready and ready.message and ready.message.images:
            for each in composed.added:
                await context.screen.show_image(each.sentence, each.image, context.conversation.images)
        return ready

    async def _agreed(self, message: Message | None, settings: Settings) -> Ready | None:
        """Ask what to do where the model cannot take an image that would be sent."""
        conversation = self._context.conversation
        sent = [*conversation.for_request(), *([message] if message else [])]
        needs = sorted({image.capability for each in sent for image in each.images})
        lack = await self._lack(settings.model, needs) if needs else None
        if lack is None:
            return Ready(message, settings)
        rows = ["Send it without", *(f"Ask {name}" for name in lack.names), "Do not send it"]
        place = await self._context.screen.pick(f"{lack.model} cannot {lack.words}", rows)
        if place is None or place == len(rows) - 1:
            return None
        if place == 0:
            conversation.strip_images()
            return Ready(message and structs.replace(message, images=()), settings)
        model = lack.names[place - 1]
        self._context.go_over_to(model)
        return Ready(message, replace(settings, model=model))

    async def _lack(self, model: str, needs: Sequence[str]) -> Lack | None:
        with suppress(ChatError):  # the turn will say it
            return await self._backend.lack(model, needs)
        return None
