"""Commands about the chat itself: help, a fresh start, the end."""

from __future__ import annotations

from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Command, Registry
from ollama_chat_tui.commands.words import command_names, one_of
from ollama_chat_tui.errors import UsageError

LONGEST_USAGE = 19


def register_chat_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("The chat")
    registry.command("help", "?", arguments="[COMMAND | all]", words=command_names)(show_help)
    registry.command("keys")(show_keys)
    registry.command("new", "clear")(start_anew)
    registry.command("incognito", arguments="[on | off]", words=one_of("on", "off"))(incognito)
    registry.command("quit", "exit", "bye")(leave)


async def show_help(context: Context, name: str) -> str:
    """Find a command and say what it does.

    `all` shows every command at once, and so does a terminal without a cursor.
    """
    if name == "shortcuts":  # as in `ollama run`
        return await show_keys(context, "")
    if name not in ("", "all"):
        return _help_of(context.registry.find(name.removeprefix("/")))
    if name or not context.screen.has_cursor:
        return _every_command(context.registry)
    commands = context.registry.commands
    rows = in_columns([(_short_usage(command), command.summary) for command in commands])
    place = await context.screen.pick("Help", rows)
    return "" if place is None else _help_of(commands[place])


def _help_of(command: Command) -> str:
    others = ", ".join(f"/{alias}" for alias in command.aliases)
    return f"{command.usage}\n{command.help}" + (f"\nAlso: {others}" if others else "")


def _every_command(registry: Registry) -> str:
    shown = []
    for topic, commands in registry.topics().items():
        rows = [(f"  {_short_usage(command)}", command.summary) for command in commands]
        shown += [topic, *in_columns(rows), ""]
    shown += [error.in_a_row for error in registry.troubles]
    return "\n".join([*shown, "More of one: /help COMMAND. The keys: /keys."])


def _short_usage(command: Command) -> str:
    return command.usage if len(command.usage) <= LONGEST_USAGE else f"/{command.name} …"


async def show_keys(context: Context, _: str) -> str:
    """Show every key of the prompt."""
    return "\n".join(in_columns(context.screen.keys()))


async def incognito(context: Context, text: str) -> str:
    """Begin a conversation of which nothing goes to the disk.

    Neither a session nor a history of what you ask; `off` begins one that is kept.
    """
    if text not in ("", "on", "off"):
        raise UsageError(f"“{text}” is neither on nor off.", "Usage: /incognito [on | off]")
    is_private = text == "on"
    if text and is_private != context.keeping.is_private:
        context.begin(Conversation())  # what was said before stays where it is
        await context.keeping.be_private(is_private)
    if text:
        context.screen.record(not is_private)
    if context.keeping.is_private:
        return "Incognito: nothing of this conversation is written to disk."
    return "The chat is kept as a session. /incognito on begins one that is not."


async def start_anew(context: Context, _: str) -> str:
    """Forget the conversation and start a new one."""
    context.begin(Conversation())
    return "A new conversation."


async def leave(context: Context, _: str) -> str:
    """Leave."""
    context.is_leaving = True
    return ""
