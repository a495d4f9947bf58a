"""The session that a chat is kept in, and the way to all the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import SessionMissing
from ollama_chat_tui.sessions.catalog import Catalog, Listed
from ollama_chat_tui.sessions.changes import Server
from ollama_chat_tui.sessions.loading import Loaded, load
from ollama_chat_tui.sessions.recorder import Recorder, SessionRecorder, Unrecorded
from ollama_chat_tui.sessions.search import Filter, Hit, Search
from ollama_chat_tui.sessions.snapshot import snapshot
from ollama_chat_tui.sessions.store import Store


class Keeping:
    """What a chat knows of sessions; the disk is looked at in threads, so that keys never wait for it.

    Attributes:
        recorder: keeps what is said; another one when the chat becomes private.
        store: the sessions of the user.
        shown: the ids of the last list, for `/resume 2`.
        known: every session as it was last listed, for completion.
        wants_title: whether the model is to find a title when it has nothing else to do.
    """

    def __init__(
        self, environment: Environment, *, is_private: bool, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self.store = Store.of(environment)
        self.shown: Sequence[str] = ()
        self.known: Sequence[Listed] = ()
        self.wants_title = False
        self._cache_dir = environment.cache_dir
        self._on_change = on_change
        self._server = Server()
        self.recorder = self._recorder(is_private=is_private)

    @property
    def is_private(self) -> bool:
        """Whether nothing of the chat goes to the disk."""
        return isinstance(self.recorder, Unrecorded)

    def _recorder(self, *, is_private: bool) -> Recorder:
        if is_private:
            return Unrecorded()
        return SessionRecorder(self.store.directory, on_change=self._on_change)

    async def be_private(self, is_private: bool) -> None:
        """Keep what is said from now on, or keep it no more; the conversation must be a new one."""
        if is_private != self.is_private:
            before, self.recorder = self.recorder, self._recorder(is_private=is_private)
            self.recorder.server = self._server
            await before.close()

    def answered_by(self, server: Server) -> None:
        """Note who answers."""
        self._server = self.recorder.server = server

    @property
    def server(self) -> Server:
        """Who answers, as far as it is known."""
        return self._server

    async def list(self) -> Sequence[Listed]:
        """Every session, the one used last first."""

        def look() -> Sequence[Listed]:
            with Catalog(self.store.directory, self._cache_dir) as catalog:
                return catalog.sessions()

        self.known = await asyncio.to_thread(look)
        self.shown = [each.id for each in self.known]
        return self.known

    async def find(self, wanted: str) -> str:
        """The id of the session that is meant: a number of the last list, an id, or a title.

        Raises:
            SessionMissing: there is none.
            SessionAmbiguous: there are several.
        """
        shown = self.shown
        titles: Mapping[str, str] = {each.id: each.name for each in await self.list()}
        self.shown = shown or self.shown
        return await asyncio.to_thread(self.store.find, wanted, shown, titles)

    async def last(self) -> str:
        """The id of the session that was used last.

        Raises:
            SessionMissing: there is none.
        """
        found = await self.list()
        if not found:
            raise SessionMissing("There is no session yet.", "A chat is one from its first question on.")
        return found[0].id

    async def search(self, text: str, wanted: Filter) -> Sequence[Hit]:
        """The messages that hold what was typed, best first; raises as `Search.find` does."""

        def look() -> Sequence[Hit]:
            with Search(self.store.directory, self._cache_dir) as search:
                return search.find(text, wanted)

        found = await asyncio.to_thread(look)
        self.shown = [hit.session.id for hit in found]
        return found

    async def loaded(self, conversation: Conversation, settings: Settings) -> Loaded:
        """The chat as it would be read from the disk, for an export."""
        await self.recorder.save(conversation, settings)
        path = self.recorder.path
        if path is not None and not self.recorder.state.unsaved:
            return await asyncio.to_thread(load, path)
        return snapshot(conversation, settings, self._server)

    def path(self, id_: str) -> Path:
        """Where a session is."""
        return self.store.path(id_)
