"""Commands that a user writes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import LARGEST_TEXT_BYTES
from ollama_chat_tui.errors import BadConfig, UsageError
from tests.commands.conftest import NotedScreen, run


@pytest.fixture
def commands(folder: Path) -> Path:
    made = folder / "commands"
    made.mkdir(parents=True)
    return made


def answered(context: Context, answer: str) -> None:
    context.conversation.append(Message(Role.USER, "How?"))
    context.conversation.append(Message(Role.ASSISTANT, answer))


async def sent(context: Context, line: str) -> tuple[str, Settings]:
    """What a command has the chat send."""
    assert await run(context, line) == ""
    assert context.outgoing is not None
    return context.outgoing.text, context.outgoing.settings


@pytest.mark.parametrize(
    ("body", "line", "text"),
    [
        ("Be brief.", "/x", "Be brief."),
        ("Be brief.", "/x on rivers", "Be brief.\n\non rivers"),
        ("In {{args}}!", "/x plain  words", "In plain  words!"),
        ("In {{ args }}!", "/x", "In !"),
        ("Sum up:\n{{input}}", "/x one\ntwo", "Sum up:\none\ntwo"),
        ("Sum up:\n{{input}}", "/x", "Sum up:\nThe answer."),
        ("To {{args}}: {{input}}", "/x French\none\ntwo", "To French: one\ntwo"),
        ("To {{args}}: {{input}}", "/x French", "To French: The answer."),
        ("To {{args}}: {{input}}", "/x", "To : The answer."),
        ("{{args}} {{args}} {{other}}", "/x a", "a a {{other}}"),
        ("{{input}}", "/x {{args}} {{input}}", "{{args}} {{input}}"),
    ],
)
async def test_the_text_is_filled_with_what_was_typed(
    context: Context, commands: Path, body: str, line: str, text: str
) -> None:
    (commands / "x.md").write_text(f"\n{body}\n\n")
    answered(context, "The answer.\n")
    assert (await sent(context, line))[0] == text


async def test_a_command_about_a_text_wants_one(context: Context, commands: Path) -> None:
    (commands / "x.md").write_text("Sum up: {{input}}")
    with pytest.raises(UsageError) as caught:
        await run(context, "/x")
    assert caught.value.sentence == "/x wants a text, and there is no answer yet."
    assert caught.value.hint == "Usage: /x [TEXT]"
    assert context.outgoing is None


async def test_the_front_matter_holds_for_the_one_turn(context: Context, commands: Path) -> None:
    (commands / "x.md").write_text(
        """---
# how I like it
description: "Exactly: so"
model: smollm2
system: 'Be exact.'
think: low
keep-alive: 5m
format: json
options:
  seed: 7
  temperature: 0
stop: END
stop: STOP
---
Go.
"""
    )
    await run(context, "/set top_k 3")
    before = context.settings
    _, settings = await sent(context, "/x")
    assert settings == Settings(
        "smollm2",
        "Be exact.",
        {"top_k": 3, "seed": 7, "temperature": 0.0, "stop": ["END", "STOP"]},
        format="json",
        think="low",
        keep_alive="5m",
    )
    assert context.settings is before
    assert (await run(context, "/help x")).startswith("/x [TEXT]\nExactly: so\n")


async def test_a_system_prompt_can_be_taken_away_for_a_turn(context: Context, commands: Path) -> None:
    (commands / "x.md").write_text('---\nsystem: ""\n---\nGo.')
    await run(context, "/system Be kind.")
    assert (await sent(context, "/x"))[1].system == ""


async def test_a_format_may_be_a_schema_with_a_name(context: Context, commands: Path) -> None:
    (commands / "x.md").write_text("---\nformat: rivers\n---\nGo.")
    with pytest.raises(BadConfig, match=r"x\.md:2: There is no format “rivers”"):
        await run(context, "/x")
    schemas = commands.parent / "schemas"
    schemas.mkdir()
    (schemas / "rivers.json").write_text('{"type": "object"}')
    assert (await sent(context, "/x"))[1].format == {"type": "object"}


async def test_a_changed_file_counts_at_once(context: Context, commands: Path) -> None:
    file = commands / "x.md"
    file.write_text("One.")
    assert (await sent(context, "/x"))[0] == "One."
    file.write_text("Another one.")
    assert (await sent(context, "/x"))[0] == "Another one."
    file.unlink()
    with pytest.raises(UsageError, match="no command /x"):
        await run(context, "/x")


async def test_help_and_completion_list_them_under_their_own_topic(
    context: Context, commands: Path, screen: NotedScreen
) -> None:
    (commands / "tldr.md").write_bytes(b"\xef\xbb\xbf# Say it in three points\r\n\r\n{{input}}\r\n")
    (commands / "notes.txt").write_text("no command")
    (commands / ".hidden.md").write_text("no command")
    shown = (await run(context, "/help all")).splitlines()
    topic = shown.index("Your commands")
    assert shown[topic + 1].split(maxsplit=2) == ["/tldr", "[TEXT]", "Say it in three points"]
    assert ("/tldr", "Say it in three points") in context.registry.complete(context, "/tl")[1]
    assert "hidden" not in "".join(shown)
    with pytest.raises(UsageError) as caught:
        await run(context, "/tldrr")
    assert "/tldr" in caught.value.hint
    await run(context, "/help")
    assert any(row.startswith("/tldr") for row in screen.listed)


BROKEN = [
    ("---\nmodel: m\nGo.", ":1: The front matter does not end."),
    ("---\n---\n \n", " has no text to send."),
    ("", " has no text to send."),
    ("---\nmodel m\n---\nGo.", ":2: “model m” is no setting."),
    ("---\n\nmodle: m\n---\nGo.", ":3: There is no setting “modle”. Did you mean model?"),
    ("---\ntemperature: hot\n---\nGo.", ":2: The option temperature cannot be “hot”. It is a number."),
    ("---\nthink: hardly\n---\nGo.", ":2: “hardly” is no way to think."),
    ("---\nkeep_alive: 5\n---\nGo.", ":2: “5” is no duration."),
    ("---\nformat: none.json\n---\nGo.", ":2: The schema none.json cannot be read"),
    ("---\nsystem: |\n  Be kind.\n---\nGo.", ":2: system has no value. Write it on the same line."),
    ("---\nmodel:\n---\nGo.", ":2: model has no value."),
    ("one\nt\udcff", ":2: This is not UTF-8."),
    ("x" * (LARGEST_TEXT_BYTES + 1), " is larger than 1 MiB."),
]


@pytest.mark.parametrize(("text", "fault"), BROKEN, ids=[fault for _, fault in BROKEN])
async def test_a_broken_file_is_named_and_costs_itself_alone(
    context: Context, commands: Path, text: str, fault: str
) -> None:
    file = commands / "x.md"
    file.write_text(text, encoding="utf-8", errors="surrogateescape")
    (commands / "whole.md").write_text("Go.")
    for line in "/x", "/help x":
        with pytest.raises(BadConfig) as caught:
            await run(context, line)
        assert f"{caught.value.sentence} {caught.value.hint}".startswith(f"{file}{fault}")
    shown = await run(context, "/help all")
    assert f"{file}{fault}" in shown
    assert "/whole" in shown
    assert "/x" not in [word for word, _ in context.registry.complete(context, "/")[1]]
    assert (await sent(context, "/whole"))[0] == "Go."


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("help", "there is /help already."),
        ("exit", "there is /exit already."),
        ("my command", "its name has other characters than letters, digits, - and _."),
        ("-x", "its name has other characters than letters, digits, - and _."),
    ],
)
async def test_a_name_that_cannot_be_used_is_said(
    context: Context, commands: Path, name: str, fault: str
) -> None:
    (commands / f"{name}.md").write_text("Go.")
    assert fault in await run(context, "/help all")
    assert await run(context, "/help quit")  # the program's own commands stay what they are
    assert context.outgoing is None


@pytest.mark.skipif(sys.platform == "win32", reason="no such files there")
async def test_what_is_no_file_is_not_waited_for(context: Context, commands: Path) -> None:
    os.mkfifo(commands / "pipe.md")
    (commands / "folder.md").mkdir()
    (commands / "lost.md").symlink_to("nowhere")
    for name, fault in ("pipe", "is no file"), ("folder", "is no file"), ("lost", "cannot be read: No such"):
        with pytest.raises(BadConfig, match=fault):
            await run(context, f"/{name}")


def test_a_folder_that_is_none_is_named(context: Context, commands: Path) -> None:
    assert context.registry.troubles == []
    commands.rmdir()
    assert context.registry.troubles == []
    commands.write_text("a file")
    assert [error.sentence for error in context.registry.troubles] == [
        f"{commands} cannot be read: Not a directory."
    ]
    assert context.registry.find("help")


async def test_a_name_is_no_way_out_of_the_folder(context: Context, commands: Path) -> None:
    (commands.parent / "secret.md").write_text("Go.")
    with pytest.raises(UsageError, match="no command"):
        context.registry.find("../secret")
