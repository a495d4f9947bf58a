"""Commands about tools: which the model may call, files of your own, and what calls gave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import file_names, names_in, path_of
from ollama_chat_tui.commands.layout import in_columns, shortened
from ollama_chat_tui.commands.registry import Registry, Typed, Word
from ollama_chat_tui.errors import NothingThere, UsageError

if TYPE_CHECKING:
    from ollama_chat_tui.tools.kit import ToolKit

MOST_LINES = 20
MOST_CHARS = 2000
LONGEST_SUMMARY = 48
_WORDS = (
    ("add", "a file of your functions"),
    ("reload", "read the files anew"),
    ("on", "let the model call a tool"),
    ("off", "no longer; alone: none at all"),
    ("show", "the whole result of a call"),
)


def register_tool_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Tools")
    arguments = "[on NAME… | off [NAME…] | add FILE.py | reload | show [N]]"
    registry.command("tools", arguments=arguments, words=_words)(tools)


async def tools(context: Context, text: str) -> str:
    """Show or change what the model may call, or show a result.

    `on` and `off` take names of tools or of files. `add` offers the functions of a file of yours, `reload`
    reads such files anew. `show` gives a whole result, of the last call or of one by its number.
    """
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    if word == "show":
        return await _show(context, rest)
    kit = await context.tools.open()
    said = [error.sentence for error in context.tools.take_troubles()]
    match word, rest:
        case "", _:
            said += _listed(kit)
        case "on" | "off", _:
            said.append(_turn(kit, names_in(rest), on=word == "on"))
        case "add", "":
            raise UsageError("Which file?")
        case "add", name:
            await kit.add(path_of(name))
            said.append(_turn(kit, [str(path_of(name))], on=True))  # it may have been there, and off
        case "reload", "":
            said.append(f"Read anew: {', '.join(await kit.reload())}.")
        case _:
            raise UsageError(f"“{text}” is nothing that /tools does.")
    if word in ("on", "add") and (lack := await context.lack_of_tools()):
        said.append(lack.in_a_row)
    return "\n".join(said)


def _turn(kit: ToolKit, names: Sequence[str], *, on: bool) -> str:
    if not names and on:
        raise UsageError("Which tool?", "/tools lists them.")
    kit.turn(*(names or _names_on(kit)), on=on)
    return f"The model may call {', '.join(_names_on(kit)) or 'nothing'}."


def _names_on(kit: ToolKit) -> list[str]:
    return [each.tool.name for each in kit.listed() if each.is_on]


def _listed(kit: ToolKit) -> list[str]:
    """Every tool, below where it is from."""
    listed = kit.listed()
    rows = [
        (
            "on" if each.is_on else "off",
            each.tool.name,
            kit.gatekeeper.words_for(each.tool),
            _summary(each.tool.description),
        )
        for each in listed
    ]
    by_source = groupby(zip(in_columns(rows), listed, strict=True), lambda pair: pair[1].source)
    return [line for source, pairs in by_source for line in (source, *(row for row, _ in pairs))]


def _summary(text: str) -> str:
    first = " ".join(text.strip().partition("\n")[0][:MOST_CHARS].split())
    return shortened(first, LONGEST_SUMMARY)


async def _show(context: Context, number: str) -> str:
    results = {str(place): each for place, each in enumerate(_results(context), 1)}
    if not results:
        raise NothingThere("No tool was called yet.")
    result = results.get(number or str(len(results)))
    if result is None:
        raise NothingThere(f"There is no call {number}.", f"The last one is {len(results)}.")
    text = result.whole or result.content
    if len(text) <= MOST_CHARS and text.count("\n") < MOST_LINES:
        return text or "It gave nothing."
    await context.screen.page(text)
    return ""


def _results(context: Context) -> list[Message]:
    """What calls gave, by their numbers: those of every branch count."""
    return [node.message for node in context.conversation.nodes if node.message.role is Role.TOOL]


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def _words(context: Context, typed: Typed) -> Iterable[Word]:
    match list(typed):
        case []:
            return _WORDS
        case ["on" | "off" as word, *before]:
            listed = [each for each in context.tools.listed() if each.is_on is (word == "off")]
            sources = {_quoted(each.source): "all of them" for each in listed}
            named = [(each.tool.name, _summary(each.tool.description)) for each in listed]
            return [each for each in [*named, *sources.items()] if each[0] not in before]
        case ["show"]:
            results = enumerate(_results(context), 1)
            return [(str(number), f"{each.tool_name}: {_summary(each.content)}") for number, each in results]
    return file_names(after=1)(context, typed) if typed[0] == "add" else []
