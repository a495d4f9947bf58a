"""Slash-commands: found by their exact names, or the nearest are named."""

from __future__ import annotations

import pytest

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.chat import register_chat_commands
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import Registry, is_command
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ChatError, UsageError
from ollama_chat_tui.startup import Opening
from tests.commands.conftest import NotedScreen, run
from tests.scripted_server import closed_port


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


@pytest.mark.parametrize(("line", "has_cursor"), [("/help", False), ("/help all", True), ("/? all", True)])
async def test_help_shows_every_command_once(
    context: Context, screen: NotedScreen, line: str, has_cursor: bool
) -> None:
    screen.has_cursor = has_cursor
    shown = await run(context, line)
    for name in ("/help", "/model", "/new", "/quit"):
        assert sum(line.split()[:1] == [name] for line in shown.splitlines()) == 1
    assert max(map(len, shown.splitlines())) < 80


async def test_help_is_a_list_where_one_can_be_drawn(context: Context, screen: NotedScreen) -> None:
    names = [command.name for command in context.registry.commands]
    screen.picks = names.index("quit")
    assert await run(context, "/help") == "/quit\nLeave.\nAlso: /exit, /bye"
    assert len(screen.listed) == len(names)
    assert max(map(len, screen.listed)) < 78
    screen.picks = None
    assert await run(context, "/help") == ""


async def test_the_shortcuts_of_ollama_run_are_the_keys(context: Context) -> None:
    assert await run(context, "/? shortcuts") == await run(context, "/keys")


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


ALONE = ["/keys", "/new", "/clear", "/quit", "/bye", "/models", "/ps", "/continue", "/sessions", "/stats"]


@pytest.mark.parametrize("line", ALONE)
async def test_a_command_that_takes_nothing_refuses_what_stands_after_it(context: Context, line: str) -> None:
    name = context.registry.find(line[1:]).name
    with pytest.raises(UsageError) as caught:
        await run(context, f"{line} please  now")
    assert caught.value.sentence == f"/{name} stands alone: “please” means nothing to it."
    assert caught.value.hint == f"Usage: /{name}"
    assert not context.is_leaving


def test_every_command_without_arguments_is_among_them(context: Context) -> None:
    alone = {command.name for command in context.registry.commands if " " not in command.usage}
    assert alone == {context.registry.find(line[1:]).name for line in ALONE}


WRONG = [
    ("/retry x=1", "“x”"),
    ("/rename", "title"),
    ("/title", "title"),
    ("/tag", "tag"),
    ("/search", "look for"),
    ("/save", "file"),
    ("/incognito maybe", "maybe"),
    ("/keep-alive soon", "soon"),
    ("/pull", "model"),
    ("/pull a b", "model"),
    ("/rm", "model"),
    ("/show qwen3:8b nonsense", "nonsense"),
    ("/copy-model one", "two names"),
    ("/copy-model one two three", "two names"),
    ("/set temprature 1", "temprature"),
    ("/set temperature hot", "hot"),
    ("/set parameter top_k many", "many"),
    ("/set think hardly", "hardly"),
    ("/set format yaml", "yaml"),
    ("/unset", "Which option"),
    ("/unset top_k", "top_k"),
    ("/seed soon", "soon"),
    ("/temperature hot", "hot"),
    ("/format yaml", "yaml"),
    ("/think hardly", "hardly"),
    ("/code x", "number"),
]


@pytest.mark.parametrize(("line", "named"), WRONG)
async def test_a_wrong_argument_is_named_and_the_usage_shown(context: Context, line: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        await run(context, line)
    command = context.registry.find(line.split(maxsplit=1)[0].removeprefix("/"))
    assert named in caught.value.sentence + caught.value.hint
    assert f"Usage: {command.usage}" in caught.value.hint


@pytest.mark.parametrize("argument", ["", "x", "1", "on", "a b c"])
async def test_every_command_is_a_text_or_a_sentence_when_no_server_answers(
    context: Context, environment: Environment, argument: str
) -> None:
    with closed_port() as port:
        async with Opening(environment, Wanted(f"127.0.0.1:{port}"), "qwen3:8b") as opening:
            context.opening = opening
            for command in context.registry.commands:
                if not (argument and command.name == "host"):  # which would look for a server of that name
                    assert await outcome(context, f"/{command.name} {argument}")


async def outcome(context: Context, line: str) -> bool:
    """Whether a command ends as a user can bear it: with a text, or with a sentence."""
    try:
        return isinstance(await run(context, line), str)
    except ChatError as error:
        return error.sentence.partition("\n")[0].endswith((".", "?"))  # a schema is shown below it
