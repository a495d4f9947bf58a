"""The tools of one chat in one hand: registry, files of functions, permissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ollama_chat_tui.chat.brakes import Limits
from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.protocols import Window
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import Tool
from ollama_chat_tui.tools.function_file import FunctionFile, path_of
from ollama_chat_tui.tools.permission import Asker, Gatekeeper, Rule
from ollama_chat_tui.tools.registry import Listed, Registry

BUILT_IN = "built in"


class ToolKit:
    """What a chat, or one question, needs of tools.

    Attributes:
        registry: for other sources to put their tools into.
        gatekeeper: whom the engine asks; `check` says at the end what was not allowed.
    """

    def __init__(
        self, builtin: Callable[[], Sequence[Tool]], rules: Mapping[str, Rule], asker: Asker | None = None
    ) -> None:
        """Call `builtin` when one of its tools is wanted, and not before; without `asker` nobody is asked."""
        self.registry = Registry()
        self.gatekeeper = Gatekeeper(self.registry, rules, asker)
        self._builtin: Callable[[], Sequence[Tool]] | None = builtin
        self._files: dict[Path, FunctionFile] = {}

    async def add(self, path: Path, *, on: bool = True) -> list[str]:
        """Offer the functions of a file, read anew if it was there before; return their names.

        Those that are new are `on` or not.

        Raises:
            BadTools: it cannot be loaded; what was there before stays.
        """
        self._put_builtin()  # so that their names are taken
        file = FunctionFile(path)
        try:
            names = self.registry.put(str(file.path), await file.load(), on=on)
        except BadTools:
            await file.aclose()
            raise
        if (before := self._files.get(file.path)) is not None:
            await before.aclose()
        self._files[file.path] = file
        return names

    async def reload(self) -> list[str]:
        """Read every file anew; what is new in one that is off is off.

        Raises:
            BadTools: there is none, or one cannot be loaded; what that had before stays.
        """
        if not self._files:
            raise BadTools("No file of tools was added.", "Add one: /tools add FILE.py")
        on = {each.source for each in self.registry.listed() if each.is_on}
        return [name for path in tuple(self._files) for name in await self.add(path, on=str(path) in on)]

    def turn(self, *names: str, on: bool) -> list[str]:
        """Switch tools, or all of a source, such as a file, on or off.

        Raises:
            BadTools: there is none of one of the names; nothing is switched.
        """
        self._put_builtin()
        files = {name: str(path) for name in names if (path := path_of(name)) in self._files}
        return self.registry.turn(*(files.get(name, name) for name in names), on=on)

    def listed(self) -> list[Listed]:
        """Every tool there is."""
        self._put_builtin()
        return self.registry.listed()

    def use(self, limits: Limits, window: Window | None = None) -> ToolUse | None:
        """What the engine is given for a turn; None while every tool is off."""
        return ToolUse(self.registry, self.gatekeeper, limits, window) if self.registry.facts() else None

    async def aclose(self) -> None:
        """End the processes of all files."""
        for file in self._files.values():
            await file.aclose()

    def _put_builtin(self) -> None:
        builtin, self._builtin = self._builtin, None
        if builtin is not None:
            self.registry.put(BUILT_IN, builtin(), on=False)
