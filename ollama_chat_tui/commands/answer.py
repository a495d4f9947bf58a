"""Commands about an answer that stands: copy it, save its code, view it, see its reasoning again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.options import parse_think
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.extract import code_blocks, tables
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.words import one_of, thinking
from ollama_chat_tui.errors import NothingThere, UsageError


def register_answer_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Answers")
    registry.command(
        "copy", arguments="[all | code [N] | table [N]] [FILE]", words=one_of("all", "code", "table")
    )(copy)
    registry.command("code", arguments="N save FILE")(save_code)
    registry.command("view", arguments="[N] [editor]", words=one_of("editor"))(view)
    registry.command("think", arguments="[on | off | LEVEL | show | hide | fold | last [N]]", words=thinking)(
        think
    )


async def copy(context: Context, text: str) -> str:
    """Copy the last answer, or a part of it, as it was written.

    `all` is the whole chat, `code` and `table` one block; without a number the last.
    """
    words = text.split()
    source, words = _source(context, words)
    if words:
        return _save(source, " ".join(words))
    return await context.screen.copy(source)


def _source(context: Context, words: list[str]) -> tuple[str, list[str]]:
    if not words or words[0] not in ("all", "code", "table"):
        return last_answer(context).content, words
    what, *words = words
    if what == "all":
        return _whole_chat(context), words
    answer = last_answer(context).content
    found = [block.code for block in code_blocks(answer)] if what == "code" else tables(answer)
    if words and words[0].isdecimal():
        return _pick(found, words[0], what), words[1:]
    return _pick(found, "", what), words


Item = TypeVar("Item")


def _pick(found: Sequence[Item], number: str, what: str) -> Item:
    """The item of that number, the last one without a number."""
    if not found:
        raise NothingThere(f"The last answer has no {what}.")
    place = int(number) if number else len(found)
    if not 1 <= place <= len(found):
        raise NothingThere(f"The last answer has no {what} {number}.", f"It has 1 to {len(found)}.")
    return found[place - 1]


async def save_code(context: Context, text: str) -> str:
    """Save a block of code of the last answer to a file."""
    match text.split(maxsplit=2):
        case [number, "save", file] if number.isdecimal():
            blocks = [block.code for block in code_blocks(last_answer(context).content)]
            return _save(_pick(blocks, number, "code"), file)
    raise UsageError("This needs a number and a file.", "Usage: /code N save FILE")


def _save(source: str, file: str) -> str:
    try:
        path = Path(file).expanduser()
    except RuntimeError as exc:
        raise UsageError(f"There is no user of the home directory in {file}.", "Write the path.") from exc
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(source)
    except FileExistsError as exc:
        raise UsageError(f"{path} exists already.", "Give another name; nothing was overwritten.") from exc
    except OSError as exc:
        raise UsageError(f"{path} cannot be written: {exc.strerror}.") from exc
    return f"Saved to {path} ({len(source.encode())} bytes)."


async def view(context: Context, text: str) -> str:
    """View the last answer, or the Nth, in pager or editor."""
    words = text.split()
    in_editor = "editor" in words
    if in_editor:
        words.remove("editor")
    show = context.screen.open_in_editor if in_editor else context.screen.page
    await show(_answer(context, " ".join(words)).content)
    return ""


async def think(context: Context, text: str) -> str:
    """Set whether the model thinks, and what is shown of it."""
    word, _, rest = text.partition(" ")
    if word == "last":
        thinking = _answer(context, rest).thinking
        if not thinking:
            raise NothingThere("The model did not think aloud.")
        return thinking
    if word in ("show", "hide", "fold"):
        context.screen.show_thinking("full" if word == "show" else word, context.settings.model)
        return {
            "show": "Thoughts are shown whole.",
            "hide": "Thoughts are hidden; the model still has them.",
            "fold": "Thoughts are shown live and folded when the answer begins.",
        }[word]
    if word:
        value = None if word == "auto" else parse_think(word)
        context.settings = replace(context.settings, think=value)
    return f"Thinking: {_describe_think(context.settings.think)}."


def _describe_think(value: bool | str | None) -> str:
    if value is None:
        return "as the model does by itself"
    return value if isinstance(value, str) else "on" if value else "off"


def last_answer(context: Context) -> Message:
    """The last answer of the chat.

    Raises:
        NothingThere: there is none.
    """
    return _answer(context, "")


def _answer(context: Context, number: str) -> Message:
    answers = [
        node.message
        for node in context.conversation.branch()
        if node.message.role is Role.ASSISTANT and (node.message.content or node.message.thinking)
    ]
    number = number.strip()
    if not answers:
        raise NothingThere("There is no answer yet.")
    if number and not (number.isdecimal() and 1 <= int(number) <= len(answers)):
        raise NothingThere(f"There is no answer {number}.", f"There are 1 to {len(answers)}.")
    return answers[int(number) - 1 if number else -1]


def _whole_chat(context: Context) -> str:
    parts = [
        f"## {node.message.role.value.capitalize()}\n\n{node.message.content.strip()}\n"
        for node in context.conversation.branch()
        if node.message.content
    ]
    if not parts:
        raise NothingThere("There is nothing to copy yet.")
    return "\n".join(parts)
