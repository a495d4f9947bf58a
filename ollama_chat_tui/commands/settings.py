"""Commands about how the model is asked: options, system prompt, format. `ollama run`'s words work too."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import msgspec

from ollama_chat_tui.chat.options import OPTION_MEANINGS, OPTION_TYPES, parse_option, parse_think
from ollama_chat_tui.commands.chat import incognito
from ollama_chat_tui.commands.configuration import THIS_CHAT, by_key
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import file_names, path_of, read_text
from ollama_chat_tui.commands.formats import answer_format, register_format_command
from ollama_chat_tui.commands.layout import in_columns, shortened
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.words import either, one_of, option_names, set_options
from ollama_chat_tui.config.text import KeyPath
from ollama_chat_tui.errors import BadOption, ChatError, UsageError
from ollama_chat_tui.schemas.reading import NamedSchema

RELOADING = (
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"
)  # fmt: skip
MAX_SEED = 2**31
AT_ONCE_S = 0.5
LONGEST_VALUE = 60


def register_settings_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("How the model is asked")
    registry.command(
        "set", arguments="[NAME VALUE… | system TEXT | format json | think [LEVEL]]", words=option_names
    )(set_option)
    registry.command("unset", arguments="NAME | all", words=set_options)(unset)
    registry.command("seed", arguments="[N | random]", words=one_of("random"))(seed)
    registry.command("temperature", arguments="[NUMBER]")(temperature)
    registry.command("system", arguments="[TEXT | @FILE | edit | off]", words=_system_words)(system)
    register_format_command(registry)


_system_words = either(one_of("edit", "off"), file_names(mark="@"))


async def set_option(context: Context, text: str) -> str:
    """Set an option; alone, show what is in force and why.

    An option alone shows its value, its range and its default.
    """
    words = text.removeprefix("parameter").strip() if text.split()[:1] == ["parameter"] else text
    name, _, value = words.partition(" ")
    if not name:
        return await _in_force(context)
    if name in _OF_OLLAMA_RUN:
        return await _OF_OLLAMA_RUN[name](context, value.strip())
    return await _set(context, name, value.strip())


async def _set(context: Context, name: str, text: str) -> str:
    before = context.settings.options
    if not text and name in OPTION_TYPES:
        state = _text(before[name]) if name in before else "left to the model"
        return f"{name} is {state} ({OPTION_MEANINGS[name]})."
    value: object = text.split()
    if OPTION_TYPES.get(name) is not list:
        name, value = parse_option(f"{name}={text}")
    reload = await _reload(context, before, {**before, name: value})
    context.settings = replace(context.settings, options={**before, name: value})
    return f"{name} is {_text(value)}.{reload}"


async def _reload(context: Context, before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Say whether other options make the server load the model anew."""
    if all(before.get(name) == after.get(name) for name in RELOADING):
        return ""
    own = await model_options(context)
    names = [name for name in RELOADING if {**own, **before}.get(name) != {**own, **after}.get(name)]
    return f" The server loads the model anew for {' and '.join(names)}." if names else ""


async def model_options(context: Context) -> Mapping[str, object]:
    """The options that the model brings with it; none where the server does not tell at once."""
    model = context.settings.model
    try:
        async with asyncio.timeout(AT_ONCE_S):
            client = (await context.opening.answerer()).client
            key = (client.host.label, model)
            if key not in context.model_options:
                context.model_options[key] = _read_parameters((await client.show(model)).parameters)
            return context.model_options[key]
    except (ChatError, TimeoutError):
        return {}


def _read_parameters(text: str) -> Mapping[str, object]:
    """Read what /api/show says: a line each, texts as Go quotes them."""
    options: dict[str, object] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        value = value.strip()
        with suppress(msgspec.DecodeError):
            value = str(msgspec.json.decode(value)) if value.startswith('"') else value
        with suppress(BadOption):
            _, option = parse_option(f"{name}={value}")
            if isinstance(option, list) and isinstance(before := options.get(name), list):
                option = [*before, *option]
            options[name] = option
    return options


async def unset(context: Context, name: str) -> str:
    """Leave an option to the model again."""
    options = dict(context.settings.options)
    if name == "all":
        options = {}
    elif name in options:
        del options[name]
    elif not name:
        raise UsageError("Which option?", f"Set: {', '.join(options) or 'nothing'}.")
    else:
        raise UsageError(f"“{name}” is not set.", f"Set: {', '.join(options) or 'nothing'}.")
    reload = await _reload(context, context.settings.options, options)
    context.settings = replace(context.settings, options=options)
    shown = await _in_force(context)
    return f"{shown}\n{reload.strip()}" if reload else shown


async def seed(context: Context, text: str) -> str:
    """Set the seed, so that an answer can be had again.

    `random` draws one and shows it.
    """
    if text == "random":
        text = str(secrets.randbelow(MAX_SEED))
    return await _set(context, "seed", text)


async def temperature(context: Context, text: str) -> str:
    """Set the temperature; 0 is the most certain."""
    return await _set(context, "temperature", text)


async def system(context: Context, text: str) -> str:
    """Show or set the system prompt.

    `@FILE` takes it from a file, `edit` opens it in your editor.
    """
    if text == "edit":
        edited = await context.screen.edit(context.settings.system)
        context.settings = replace(context.settings, system=edited.strip())
    elif text.startswith("@"):
        context.settings = replace(context.settings, system=read_text(path_of(text[1:])).strip())
    elif text:
        prompt = "" if text == "off" else text.strip('"').strip()
        context.settings = replace(context.settings, system=prompt)
    return context.settings.system or "There is no system prompt."


async def _think(context: Context, text: str) -> str:
    context.settings = replace(context.settings, think=parse_think(text or "on"))
    return await _in_force(context)


def _always(sentence: str) -> Callable[[Context, str], Awaitable[str]]:
    async def say(_context: Context, _text: str) -> str:
        return sentence

    return say


_OF_OLLAMA_RUN: Mapping[str, Callable[[Context, str], Awaitable[str]]] = {
    "system": system,
    "format": answer_format,
    "noformat": lambda context, _: answer_format(context, "off"),
    "think": _think,
    "nothink": lambda context, _: _think(context, "off"),
    "history": lambda context, _: incognito(context, "off"),
    "nohistory": lambda context, _: incognito(context, "on"),
    "wordwrap": _always("Rows are always broken between words."),
    "nowordwrap": _always("Rows are always broken between words; /copy gives the text as it was written."),
    "verbose": _always("Tokens and times stand below every answer."),
    "quiet": _always("Tokens and times stand below every answer, in one row."),
}


async def _in_force(context: Context) -> str:
    settings = context.settings
    held: dict[KeyPath, object] = {("options", name): value for name, value in settings.options.items()}
    held |= {(name,): getattr(settings, name) for name in ("system", "format", "think", "keep_alive")}
    own = {("options", name): value for name, value in (await model_options(context)).items()}
    said: dict[KeyPath, object] = {}
    with suppress(UsageError):  # the file of a format may be gone meanwhile
        said = by_key(context.preferences.settings())
    rows = [
        (
            str(key[-1]).replace("keep_alive", "keep-alive"),
            _text(value),
            str(context.preferences.origin(key)) if said.get(key) == value else THIS_CHAT,
        )
        for key, value in held.items()
        if value not in (None, "")
    ]
    rows += [(str(key[-1]), _text(value), "the model") for key, value in own.items() if key not in held]
    return "\n".join(in_columns(rows)) if rows else "Everything is left to the model."


def _text(value: object) -> str:
    if isinstance(value, Mapping | list):
        text = value.name if isinstance(value, NamedSchema) else msgspec.json.encode(value).decode()
    else:
        text = ("on" if value else "off") if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return shortened(text, LONGEST_VALUE)
