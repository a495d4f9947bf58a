"""Every command of the chat, in the order of the help."""

from __future__ import annotations

from pathlib import Path

from ollama_chat_tui.commands.answer import register_answer_commands
from ollama_chat_tui.commands.chat import register_chat_commands
from ollama_chat_tui.commands.configuration import register_configuration_commands
from ollama_chat_tui.commands.hosts import register_host_commands
from ollama_chat_tui.commands.images import register_image_commands
from ollama_chat_tui.commands.model import register_model_commands
from ollama_chat_tui.commands.own import FOLDER, OwnCommandFolder
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.reproduce import register_reproduce_commands
from ollama_chat_tui.commands.sessions import register_session_commands
from ollama_chat_tui.commands.settings import register_settings_commands
from ollama_chat_tui.commands.tools import register_tool_commands
from ollama_chat_tui.commands.turns import register_turn_commands


def make_registry(folder: Path | None = None) -> Registry:
    """Build the table; fails at once where a name stands twice or a help is missing.

    Args:
        folder: where the user's own things are: in `commands/` there are commands, too.
    """
    registry = Registry()
    register_chat_commands(registry)
    register_turn_commands(registry)
    register_image_commands(registry)
    register_session_commands(registry)
    register_model_commands(registry)
    register_settings_commands(registry)
    register_answer_commands(registry)
    register_reproduce_commands(registry)
    register_tool_commands(registry)
    register_configuration_commands(registry)
    register_host_commands(registry)
    if folder:
        registry.own = OwnCommandFolder(folder / FOLDER, registry.names)
    return registry
