"""All tools of a chat by name, from whatever source, on or off: the toolbox that the engine is given.

Nothing else knows where a tool came from. A source is a name and its tools; putting it again replaces them,
so a source whose tools change, such as a file or a server, just does that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ollama_chat_tui.chat.brakes import without_middle
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Toolbox, ToolFacts
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import Tool, ToolFailure

MOST_RESULT_CHARS = 1_000_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}\Z", re.ASCII)


@dataclass(frozen=True)
class Listed:
    """A tool in a list."""

    tool: Tool
    source: str
    is_on: bool


class Registry:
    """The tools of a chat; fits the engine's `Toolbox`."""

    def __init__(self) -> None:
        self._sources: dict[str, dict[str, Tool]] = {}
        self._on: set[str] = set()

    def put(self, source: str, tools: Iterable[Tool], *, on: bool = True) -> list[str]:
        """Take the tools of a source in place of those it had, and return their names.

        Those that were there before stay on or off as they are; `on` is for the new ones.

        Raises:
            BadTools: a name is none, or another source has it.
        """
        named = {tool.name: tool for tool in tools}
        for name in named:
            if not _NAME.match(name):
                raise BadTools(f"{name!r} cannot be the name of a tool.", "Use letters, digits and _.")
            if (other := self._source_of(name)) not in (None, source):
                raise BadTools(f"There is a tool {name} already, from {other}.", "Give one another name.")
        before = self._sources.get(source, {})
        self._on -= before.keys() - named.keys()
        if on:
            self._on |= named.keys() - before.keys()
        self._sources[source] = named
        return list(named)

    def drop(self, source: str) -> None:
        """Forget a source and its tools."""
        self._on -= self._sources.pop(source, {}).keys()

    def turn(self, *wanted: str, on: bool) -> list[str]:
        """Switch tools, or all of a source, on or off; return the names.

        Raises:
            BadTools: there is none of one of the names; nothing is switched.
        """
        names = [name for each in wanted for name in self._sources.get(each) or (each,)]
        for each in names:
            if self._source_of(each) is None:
                known = ", ".join(listed.tool.name for listed in self.listed())
                raise BadTools(f"There is no tool {each}.", f"The tools are: {known or 'none'}.")
        self._on = self._on | set(names) if on else self._on - set(names)
        return names

    def listed(self) -> list[Listed]:
        """Every tool, source by source."""
        return [
            Listed(tool, source, tool.name in self._on)
            for source, tools in self._sources.items()
            for tool in tools.values()
        ]

    def tool(self, name: str) -> Tool | None:
        """The tool of that name, if it is on."""
        return next((each.tool for each in self.listed() if each.is_on and each.tool.name == name), None)

    def declarations(self) -> Sequence[Mapping[str, object]]:
        return [each.tool.declaration() for each in self.listed() if each.is_on]

    def facts(self) -> Mapping[str, ToolFacts]:
        return {each.tool.name: each.tool.facts for each in self.listed() if each.is_on}

    async def run(self, call: ToolCall) -> str:
        """Run a call; whatever goes wrong is a text for the model."""
        tool = self.tool(call.name)
        if tool is None:
            return "There is no tool of that name."
        try:
            async with asyncio.timeout(tool.time_limit_s) as limit:
                result = await tool.run(call.arguments)
        except ToolFailure as failure:
            result = str(failure)
        except TimeoutError as exc:
            result = (
                f"{call.name} took over {tool.time_limit_s:.0f} s and was stopped."
                if limit.expired()
                else f"{call.name} failed: {type(exc).__name__}: {exc}"
            )
        except Exception as exc:  # noqa: BLE001 - a tool may be anybody's; its failure is the model's to read
            result = f"{call.name} failed: {type(exc).__name__}: {exc}"
        return without_middle(result, MOST_RESULT_CHARS)

    def _source_of(self, name: str) -> str | None:
        return next((source for source, tools in self._sources.items() if name in tools), None)


def _fits(registry: Registry) -> Toolbox:
    """Checked by mypy: it is what the engine asks for."""
    return registry
