"""All tools that come with the program, as one source for the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ollama_chat_tui.tools import folder
from ollama_chat_tui.tools.address import is_any, is_public
from ollama_chat_tui.tools.builtin import shell
from ollama_chat_tui.tools.builtin.arithmetic import calculator_tool
from ollama_chat_tui.tools.builtin.clock import clock_tool
from ollama_chat_tui.tools.definition import Tool


def builtin_tools(
    folders: Sequence[Path], variables: Mapping[str, str], *, allow_private: bool = False
) -> list[Tool]:
    """The tools that work on this system.

    Args:
        folders: what the file tools may read, as absolute paths; the first is where commands run.
        variables: the environment, of which commands get a few.
        allow_private: whether pages may be fetched from this machine and its network.
    """
    from ollama_chat_tui.tools.builtin.fetch import fetch_tool  # httpx: later than the prompt

    tools = [clock_tool(), calculator_tool()]
    if folder.IS_SUPPORTED:
        from ollama_chat_tui.tools.builtin.files import file_tools

        tools += file_tools(folder.Folders(list(folders)))
    tools.append(fetch_tool(is_any if allow_private else is_public))
    if shell.IS_SUPPORTED and folders:
        tools.append(shell.shell_tool(folders[0], variables))
    return tools
