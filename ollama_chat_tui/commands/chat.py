"""Commands about the chat itself: help, a fresh start, the end."""

from __future__ import annotations

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.commands.registry import Context, Registry


def register_chat_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.command("help", "?", arguments="[COMMAND]")(show_help)
    registry.command("new", "clear")(start_anew)
    registry.command("quit", "exit", "bye")(leave)


async def show_help(context: Context, name: str) -> str:
    """Show what there is, or what one command does."""
    if name:
        command = context.registry.find(name.removeprefix("/"))
        others = ", ".join(f"/{alias}" for alias in command.aliases)
        return f"{command.usage}\n{command.help}" + (f"\nAlso: {others}" if others else "")
    width = max(len(command.usage) for command in context.registry.commands)
    lines = [f"{command.usage:{width}}  {command.help}" for command in context.registry.commands]
    keys = [
        f"{'Enter':{width}}  Send; Alt-Enter makes a new line",
        f"{'Ctrl-C':{width}}  Stop the answer, or clear the line",
        f"{'Ctrl-D':{width}}  Leave",
    ]
    return "\n".join([*lines, "", *keys])


async def start_anew(context: Context, _: str) -> str:
    """Forget the conversation and start a new one."""
    context.conversation = Conversation()
    return "A new conversation."


async def leave(context: Context, _: str) -> str:
    """Leave."""
    context.is_leaving = True
    return ""
