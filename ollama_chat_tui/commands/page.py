"""The page `docs/commands.md`, made from the table of commands."""

from __future__ import annotations

from ollama_chat_tui.commands.registry import Command, Registry

_HEAD = """# Commands

Made from the table of commands by `make docs`; a test fails when it is stale. In the chat, `/help` shows the
same, and Tab completes names and arguments.

A line that starts with `//` or with a path is sent to the model as it is.
"""


def commands_page(registry: Registry) -> str:
    """The whole page, as Markdown."""
    parts = [_HEAD]
    for topic, commands in registry.topics().items():
        rows = "".join(_row(command) for command in commands)
        parts.append(f"## {topic}\n\n| command | |\n|---|---|\n{rows}")
    return "\n".join(parts)


def _row(command: Command) -> str:
    also = "".join(f", `/{alias}`" for alias in command.aliases)
    usage = command.usage.replace("|", "\\|")
    return f"| `{usage}`{also} | {' '.join(command.help.split())} |\n"
