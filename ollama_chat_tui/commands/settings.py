"""Commands about how the model is asked: options, system prompt, format. `ollama run`'s words work too."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import msgspec

from ollama_chat_tui.chat.options import OPTION_TYPES, parse_option, parse_think
from ollama_chat_tui.commands.chat import incognito
from ollama_chat_tui.commands.files import file_names, path_of, read_text, unquoted
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Context, Registry
from ollama_chat_tui.commands.words import either, one_of, option_names, schemas, set_options
from ollama_chat_tui.errors import UsageError

RELOADING = (
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread", "draft_num_predict"
)  # fmt: skip
MAX_SEED = 2**31


def register_settings_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("How the model is asked")
    registry.command(
        "set", arguments="[NAME VALUE… | system TEXT | format json | think [LEVEL]]", words=option_names
    )(set_option)
    registry.command("unset", arguments="NAME | all", words=set_options)(unset)
    registry.command("seed", arguments="[N | random]", words=one_of("random"))(seed)
    registry.command("temperature", arguments="[NUMBER]")(temperature)
    registry.command("system", arguments="[TEXT | @FILE | off]", words=_system_words)(system)
    registry.command("format", arguments="[json | SCHEMA | FILE | off]", words=_format_words)(answer_format)


_system_words = either(one_of("off"), file_names(mark="@"))
_format_words = either(one_of("json", "off"), schemas, file_names())


async def set_option(context: Context, text: str) -> str:
    """Set an option; alone, show what is set."""
    words = text.removeprefix("parameter").strip() if text.split()[:1] == ["parameter"] else text
    name, _, value = words.partition(" ")
    if not name:
        return _in_force(context)
    if name in _OF_OLLAMA_RUN:
        return await _OF_OLLAMA_RUN[name](context, value.strip())
    return _set(context, name, value.strip())


def _set(context: Context, name: str, text: str) -> str:
    if not text and name in OPTION_TYPES:
        return _shown(context, name)
    value: object = text.split()
    if OPTION_TYPES.get(name) is not list:
        name, value = parse_option(f"{name}={text}")
    context.settings = replace(context.settings, options={**context.settings.options, name: value})
    reload = " The server loads the model anew for it." if name in RELOADING else ""
    return f"{name} is {_text(value)}.{reload}"


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
    context.settings = replace(context.settings, options=options)
    return _in_force(context)


async def seed(context: Context, text: str) -> str:
    """Set the seed, so that an answer can be had again.

    `random` draws one and shows it.
    """
    if text == "random":
        text = str(secrets.randbelow(MAX_SEED))
    return _set(context, "seed", text)


async def temperature(context: Context, text: str) -> str:
    """Set the temperature; 0 is the most certain."""
    return _set(context, "temperature", text)


async def system(context: Context, text: str) -> str:
    """Show or set the system prompt.

    `@FILE` takes it from a file.
    """
    if text.startswith("@"):
        context.settings = replace(context.settings, system=read_text(path_of(text[1:])).strip())
    elif text:
        prompt = "" if text == "off" else text.strip('"').strip()
        context.settings = replace(context.settings, system=prompt)
    return context.settings.system or "There is no system prompt."


async def answer_format(context: Context, text: str) -> str:
    """Ask for JSON, or for JSON of a schema.

    A schema is its text, its file, or the name of one in `schemas/` beside the configuration.
    """
    if text:
        wanted = (
            None
            if text == "off"
            else context.preferences.read_format(text if '"' in text[1:-1] else unquoted(text))
        )
        context.settings = replace(context.settings, format=wanted)
    return f"Format: {_text(context.settings.format) if context.settings.format else 'any text'}."


async def _think(context: Context, text: str) -> str:
    context.settings = replace(context.settings, think=parse_think(text or "on"))
    return _in_force(context)


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


def _shown(context: Context, name: str) -> str:
    value = context.settings.options.get(name)
    return f"{name} is left to the model." if value is None else f"{name} is {_text(value)}."


def _in_force(context: Context) -> str:
    settings = context.settings
    facts: list[tuple[str, object]] = [
        *settings.options.items(),
        ("system", settings.system or None),
        ("format", settings.format),
        ("think", settings.think),
        ("keep-alive", settings.keep_alive),
    ]
    rows = [(name, _text(value)) for name, value in facts if value is not None]
    return "\n".join(in_columns(rows)) if rows else "Everything is left to the model."


def _text(value: object) -> str:
    if isinstance(value, Mapping | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
