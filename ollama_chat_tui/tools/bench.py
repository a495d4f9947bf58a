"""The tools of a chat, or of one question, before anybody uses them: built when the first one is wanted.

Most chats call none. So nothing that a tool needs is imported here, and no file of functions is run, before
something is on or somebody asks what there is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ollama_chat_tui.config.keys import Tools
from ollama_chat_tui.errors import BadTools, ChatError

if TYPE_CHECKING:
    from ollama_chat_tui.chat.calls import ToolUse
    from ollama_chat_tui.chat.protocols import Window
    from ollama_chat_tui.tools.kit import ToolKit
    from ollama_chat_tui.tools.permission import Asker
    from ollama_chat_tui.tools.registry import Listed


@dataclass(frozen=True)
class ToolsGiven:
    """What flags say of tools.

    Attributes:
        on: files of functions, and names of tools.
        allowed: names of tools that nobody is asked about, or `NAME=WHAT` for one exact call.
    """

    on: Sequence[str] = ()
    allowed: Sequence[str] = ()


class Bench:
    """Where the tools lie that may be taken up."""

    def __init__(
        self,
        config: Tools | None = None,
        given: ToolsGiven | None = None,
        variables: Mapping[str, str] | None = None,
        make_asker: Callable[[], Asker] | None = None,
    ) -> None:
        """Without `make_asker` nobody is asked, and nothing runs that was not allowed before."""
        self._config = config or Tools()
        self._given = given or ToolsGiven()
        self._variables = variables or {}
        self._make_asker = make_asker
        self._kit: ToolKit | None = None
        self._is_laid_out = False
        self._one_by_one = asyncio.Lock()
        self._troubles: list[ChatError] = []

    @property
    def is_wanted(self) -> bool:
        """Whether some tool is to be on from the start."""
        return bool(self._config.on or self._given.on)

    @property
    def number_on(self) -> int:
        """How many tools the model may call, as far as they are there."""
        return len(self._kit.registry.facts()) if self._kit else 0

    def declarations(self) -> Sequence[Mapping[str, object]]:
        """What the model is told of them."""
        return self._kit.registry.declarations() if self._kit else ()

    def listed(self) -> list[Listed]:
        """Every tool that is there; files that were not needed yet are not read."""
        return self._built().listed()

    async def open(self) -> ToolKit:
        """Every tool there is, those on that are to be; what is wrong with them `take_troubles` has."""
        async with self._one_by_one:
            kit = self._built()
            if not self._is_laid_out:
                await self._lay_out(kit)
                self._is_laid_out = True
        return kit

    async def use(self, window: Window | None = None) -> ToolUse | None:
        """What the engine is given for a turn; None when no tool is on."""
        if not self.is_wanted and self._kit is None:
            return None
        kit = await self.open()
        from ollama_chat_tui.chat.brakes import Limits

        config = self._config
        return kit.use(Limits(config.rounds, config.time_s, config.tokens), window)

    def take_troubles(self) -> list[ChatError]:
        """What was wrong with tools that were to be on; each is told once."""
        troubles, self._troubles = self._troubles, []
        return troubles

    def check(self) -> None:
        """Say what was not allowed, when all is over.

        Raises:
            ToolNotAllowed: a call was refused because nobody could be asked.
        """
        if self._kit:
            self._kit.gatekeeper.check()

    async def aclose(self) -> None:
        """End all processes that run functions."""
        if self._kit:
            await self._kit.aclose()

    def _built(self) -> ToolKit:
        if self._kit is None:
            from ollama_chat_tui.tools.builtin.catalog import builtin_tools
            from ollama_chat_tui.tools.function_file import path_of
            from ollama_chat_tui.tools.kit import ToolKit
            from ollama_chat_tui.tools.permission import read_policy

            config, variables = self._config, self._variables
            folders = [path_of(folder) for folder in config.folders or ["."]]
            # The working directory may be gone: then `.` is nowhere.
            there = [folder for folder in folders if folder.is_absolute()]
            self._kit = ToolKit(
                lambda: builtin_tools(there, variables, allow_private=config.allow_private),
                read_policy(config.permission, self._given.allowed),
                self._make_asker() if self._make_asker else None,
            )
        return self._kit

    async def _lay_out(self, kit: ToolKit) -> None:
        self._troubles.clear()
        for name in self._config.files:
            await self._try(kit, name, is_file=True, on=False)
        for name in self._config.on:
            await self._try(kit, name, is_file=False)
        for name in self._given.on:
            await self._try(kit, name, is_file=name.endswith(".py") or os.sep in name)

    async def _try(self, kit: ToolKit, name: str, *, is_file: bool, on: bool = True) -> None:
        try:
            if is_file:
                await kit.add(Path(name), on=on)
            if on:
                kit.turn(name, on=True)
        except BadTools as error:
            self._troubles.append(error)
