"""Keeps a chat on disk while it goes on: what the rest of the program knows of sessions being written.

A message is on disk when `save` returns; of an answer that is coming in, what came until a second ago is.
A disk that fails never stops the chat: `state` says so, and it is tried again with every save.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.events import (
    CallUnreadable,
    Event,
    Failed,
    Finished,
    Interrupted,
    Judged,
    TextDelta,
    ThinkingDelta,
    ToolDone,
)
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.errors import SessionUnwritable
from ollama_chat_tui.sessions.changes import Changes, Server, items_of
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.journal import Journal
from ollama_chat_tui.sessions.loading import Loaded, load, load_to_write
from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.records import Item, Tagged, Titled
from ollama_chat_tui.sessions.writer import Writer

CHECKPOINT_S = 0.7
"""Text waits as long before it goes to the disk, which leaves the disk the rest of the second."""


class Saved(StrEnum):
    """Whether what was said is on disk."""

    YES = "saved"
    NO = "NOT SAVED"
    PRIVATE = "incognito"


class SaveState(Struct, frozen=True):
    """How things stand with the disk, for the bar.

    Attributes:
        unsaved: messages that are in memory alone.
    """

    saved: Saved
    unsaved: int = 0
    since: datetime | None = None
    reason: str = ""

    @property
    def fact(self) -> str:
        """What the bar shows; empty when all is as usual."""
        if self.saved is Saved.YES:
            return ""
        return f"{self.saved}: {self.reason}" if self.reason else str(self.saved)


class Recorder(Protocol):
    """What the chat asks of whoever keeps it; one for the whole chat.

    Attributes:
        server: who answers, noted with what is saved from now on.
    """

    server: Server

    @property
    def state(self) -> SaveState:
        """How things stand."""
        ...

    @property
    def path(self) -> Path | None:
        """The file; None as long as there is none."""
        ...

    async def save(self, conversation: Conversation, settings: Settings) -> None:
        """Return when all that is new is on disk, or cannot be; another conversation is another session."""
        ...

    def follow(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """Pass on the events of a turn of the saved conversation, and keep its answer as it comes."""
        ...

    async def resume(self, path: Path) -> Loaded:
        """Go on with a session that is on disk.

        Raises:
            SessionLocked: another process has it open.
            SessionUnreadable: it cannot be read.
            SessionUnwritable: a newer version wrote it, or it cannot be locked.
        """
        ...

    async def fork(self, path: Path) -> Loaded:
        """Go on with a copy of a session that is on disk, whoever has it open.

        Raises:
            SessionUnreadable: it cannot be read.
        """
        ...

    async def rename(self, title: str) -> None:
        """Give the session a title."""
        ...

    async def tag(self, tag: str, *, removed: bool = False) -> None:
        """Give the session a tag, or take it away."""
        ...

    async def save_to(self, path: Path) -> None:
        """Write the whole session to a new file, and go on there if the usual place does not take it.

        Raises:
            SessionUnwritable: that place does not take it either, or there is nothing to save.
        """
        ...

    async def close(self) -> None:
        """Let go of the session; `state` tells afterwards whether anything is lost."""
        ...


class SessionRecorder:
    """Keeps every conversation in a file of its own."""

    def __init__(
        self, directory: Path, disk: Disk | None = None, on_change: Callable[[], None] = lambda: None
    ) -> None:
        """`on_change` is called when saving begins to fail, and when it works again."""
        self.server = Server()
        self._directory = directory
        self._disk = disk or Disk()
        self._on_change = on_change
        self._settings = Settings("")
        self._changes: Changes | None = None
        self._held: list[Item] = []
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._journal = Journal(directory, self._disk)
        self._writer = Writer(self._journal, on_change)
        self._left: list[Writer] = []

    @property
    def state(self) -> SaveState:
        writers = [self._writer, *self._left]
        troubles = [writer.trouble for writer in writers if writer.trouble]
        if not troubles:
            return SaveState(Saved.YES)
        first = min(troubles, key=lambda trouble: trouble.since)
        return SaveState(Saved.NO, sum(writer.unsaved for writer in writers), first.since, first.reason)

    @property
    def path(self) -> Path | None:
        return self._journal.path

    async def save(self, conversation: Conversation, settings: Settings) -> None:
        if self._changes is None:
            self._changes = Changes(conversation)
        elif self._changes.conversation is not conversation:
            await self._begin(Journal(self._directory, self._disk), Changes(conversation))
        self._settings = settings
        self._note_changes()
        await self._writer.settled()

    async def follow(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(events):
                async for event in events:
                    self._listen(event)
                    yield event
        finally:
            # A turn that was closed gave no last event, but its answer is part of the conversation.
            self._end_answer()
            self._note_changes()

    async def resume(self, path: Path) -> Loaded:
        opening = asyncio.ensure_future(asyncio.to_thread(load_to_write, path))
        try:
            loaded, lock = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_let_go)
            raise
        written = items_of(loaded.session, loaded.conversation)
        journal = Journal(path.parent, self._disk, path, lock)
        await self._begin(journal, Changes(loaded.conversation, loaded.session), written)
        return loaded

    async def fork(self, path: Path) -> Loaded:
        loaded = await asyncio.to_thread(load, path)
        loaded.session.title = ""
        journal = Journal(self._directory, self._disk)
        held = items_of(loaded.session, loaded.conversation)
        await self._begin(journal, Changes(loaded.conversation, loaded.session), held=held)
        return loaded

    async def rename(self, title: str) -> None:
        await self._put(Item(Titled(title, datetime.now(UTC))))

    async def tag(self, tag: str, *, removed: bool = False) -> None:
        await self._put(Item(Tagged(tag, datetime.now(UTC), removed)))

    async def save_to(self, path: Path) -> None:
        if self._writer.is_empty:
            raise SessionUnwritable("There is nothing to save yet.")
        journal = Journal(path.parent, self._disk, path)
        writer = Writer(journal, self._on_change)
        items = self._writer.items
        writer.put(items)
        await writer.settled()
        if writer.trouble:
            writer.abandon()
            await writer.close()
            raise SessionUnwritable(
                f"{path} cannot be written: {writer.trouble.reason}.", "Name another place."
            )
        if self._writer.trouble:
            writer.put(self._writer.items[len(items) :])
            self._writer.abandon()
            writer, self._writer, self._journal = self._writer, writer, journal
        await writer.close()
        self._on_change()

    async def close(self) -> None:
        self._end_answer()
        for writer in (self._writer, *self._left):
            await writer.close()

    async def _begin(
        self, journal: Journal, changes: Changes, written: Iterable[Item] = (), held: Iterable[Item] = ()
    ) -> None:
        self._end_answer()
        before = self._writer
        self._held = list(held)
        self._changes = changes
        self._journal = journal
        self._writer = Writer(journal, self._on_change, written)
        await asyncio.shield(self._leave(before))

    async def _leave(self, writer: Writer) -> None:
        """Let go of what is no longer spoken in, unless the disk still owes us something."""
        writer.put([])
        await writer.settled()
        if writer.trouble:
            self._left.append(writer)
        else:
            await writer.close()

    def _note_changes(self) -> None:
        items = self._changes.take(self._settings, self.server) if self._changes else []
        if items:
            self._writer.put(self._held + items)
            self._held = []
        else:
            self._writer.put([])

    async def _put(self, item: Item) -> None:
        if not self._writer.is_empty:
            self._writer.put([item])
            await self._writer.settled()
        else:  # a title alone is no session
            self._held.append(item)

    def _listen(self, event: Event) -> None:
        match event:
            case TextDelta(text):
                self._content.append(text)
                self._expect_checkpoint()
            case ThinkingDelta(text):
                self._thinking.append(text)
                self._expect_checkpoint()
            case Finished() | Interrupted() | Failed() | CallUnreadable():
                if self._changes:
                    self._changes.note_cost(event.message, event.metrics)
                self._end_answer()
                self._note_changes()
            case ToolDone() | Judged():
                self._note_changes()
            case _:
                pass

    def _expect_checkpoint(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CHECKPOINT_S, self._checkpoint)

    def _checkpoint(self) -> None:
        if self._changes:
            self._writer.put(self._changes.take_partial("".join(self._content), "".join(self._thinking)))
        self._end_answer()

    def _end_answer(self) -> None:
        self._content.clear()
        self._thinking.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _let_go(opening: asyncio.Future[tuple[Loaded, Lock]]) -> None:
    """Unlock a session that nobody wants any more when it is open at last."""
    if not opening.cancelled() and not opening.exception():
        opening.result()[1].release()


class Unrecorded:
    """Keeps nothing and touches no disk, for a chat that is incognito."""

    path = None
    state = SaveState(Saved.PRIVATE)

    def __init__(self) -> None:
        self.server = Server()

    async def save(self, conversation: Conversation, settings: Settings) -> None:
        pass

    async def follow(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        async with aclosing(events):
            async for event in events:
                yield event

    async def resume(self, path: Path) -> Loaded:
        return await asyncio.to_thread(load, path)

    async def fork(self, path: Path) -> Loaded:
        return await self.resume(path)

    async def rename(self, title: str) -> None:
        pass

    async def tag(self, tag: str, *, removed: bool = False) -> None:
        pass

    async def save_to(self, path: Path) -> None:
        raise SessionUnwritable(
            f"This chat is incognito, and nothing of it goes to {path}.", "/export writes it."
        )

    async def close(self) -> None:
        pass
