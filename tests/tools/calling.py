"""Calls of tools as a test makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.tools.definition import Tool
from ollama_chat_tui.tools.registry import Registry
from tests.scripted_replies import PATIENCE_S


def registry_of(*tools: Tool) -> Registry:
    registry = Registry()
    registry.put("test", tools)
    return registry


async def called(tools: Tool | Iterable[Tool], name: str, **arguments: object) -> str:
    """The result of one call, as the model reads it."""
    registry = registry_of(*([tools] if isinstance(tools, Tool) else tools))
    async with asyncio.timeout(PATIENCE_S):
        return await registry.run(ToolCall(name, arguments))
