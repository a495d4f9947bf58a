"""Slash-commands: found by their exact names, or the nearest are named."""

from __future__ import annotations

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.chat import register_chat_commands
from ollama_chat_tui.commands.registry import Context, Registry, is_command
from ollama_chat_tui.errors import UsageError
from tests.commands.conftest import run


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("/help", True),
        ("  /help", True),
        ("/", True),
        ("/no such thing", True),
        ("//help", False),
        ("/etc/hosts is a file", False),
        ("/tmp/a.png what is this?", False),
        ("say /help", False),
        ("/x\n/y", False),
    ],
)
def test_a_line_is_a_command_by_its_first_word(line: str, is_one: bool) -> None:
    assert is_command(line) is is_one


async def test_help_shows_every_command_once(context: Context) -> None:
    shown = await run(context, "/help")
    for name in ("/help", "/model", "/new", "/quit"):
        assert sum(line.split()[:1] == [name] for line in shown.splitlines()) == 1
    assert max(map(len, shown.splitlines())) < 80


async def test_help_of_one_command_shows_usage_and_aliases(context: Context) -> None:
    assert await run(context, "/help quit") == "/quit\nLeave.\nAlso: /exit, /bye"
    shown = await run(context, "/? /model")
    assert shown.startswith("/model [NAME]\nSay which model answers")
    assert "The conversation stays." in shown


@pytest.mark.parametrize(
    ("line", "hint"), [("/hlep", "Did you mean /help?"), ("/xyzzy", "See /help."), ("/quitt", "/quit")]
)
async def test_an_unknown_command_names_the_nearest(context: Context, line: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        await run(context, line)
    assert hint in caught.value.hint


async def test_a_command_is_never_matched_by_its_beginning(context: Context) -> None:
    with pytest.raises(UsageError):
        await run(context, "/byebye")
    assert not context.is_leaving


async def test_new_forgets_and_quit_leaves(context: Context) -> None:
    context.conversation.append(Message(Role.USER, "hi"))
    await run(context, "/new")
    assert context.conversation.head is None
    await run(context, "/bye")
    assert context.is_leaving


def test_a_name_that_is_taken_or_has_no_help_is_refused() -> None:
    registry = Registry()
    register_chat_commands(registry)
    with pytest.raises(ValueError, match="twice"):
        register_chat_commands(registry)

    async def silent(context: Context, text: str) -> str:
        return ""

    with pytest.raises(ValueError, match="help"):
        registry.command("silent")(silent)
