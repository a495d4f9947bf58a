"""The command about the format of answers: JSON, a schema, one that was kept under a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import file_names, unquoted
from ollama_chat_tui.commands.registry import Registry, Typed, Word
from ollama_chat_tui.commands.words import either, schemas
from ollama_chat_tui.errors import NothingThere, UsageError
from ollama_chat_tui.schemas.check import limit_lines
from ollama_chat_tui.schemas.reading import NamedSchema
from ollama_chat_tui.shown import Markdown, json_block

_WORDS: Mapping[str, str] = {
    "json": "any JSON object",
    "off": "any text",
    "save": "keep the schema under a name",
    "retries": "how often an answer that does not fit is asked for again",
    "prompt": "whether the model is told the format",
}
_SWITCH = {"on": True, "off": False}


def register_format_command(registry: Registry) -> None:
    """Add the command to the topic that was begun."""
    registry.command(
        "format",
        arguments="[json | SCHEMA | FILE | NAME | off | save NAME | retries N | prompt on/off]",
        words=_words,
    )(answer_format)


def _words(context: Context, typed: Typed) -> Iterable[Word]:
    match tuple(typed):
        case ("save",):
            return [(name, "replaces it") for name, _ in schemas(context, ())]
        case ("retries",):
            return [(str(number), "") for number in range(4)]
        case ("prompt",):
            return [("on", "the schema is added to the question"), ("off", "the grammar must do")]
        case ():
            return [*_WORDS.items(), *_names_and_files(context, typed)]
    return []


_names_and_files = either(schemas, file_names())


async def answer_format(context: Context, text: str) -> str:
    """Ask for JSON, or for JSON of a schema.

    A schema is its text, its short form (such as `name, age:int`), its file, or the name that `save` kept it
    under. With `retries` an answer that does not fit is asked for again; `prompt` says whether the model is
    told the format. Alone it shows what holds.
    """
    word, _, rest = text.partition(" ")
    match word, rest.strip():
        case "", _:
            return _shown(context)
        case "save", name:
            return await _save(context, name)
        case "retries", number:
            if not (number.isascii() and number.isdecimal()):
                raise UsageError(f"“{number}” is no number of retries.")
            context.settings = replace(context.settings, format_retries=int(number))
        case "prompt", switch:
            if switch not in _SWITCH:
                raise UsageError(f"“{switch}” is neither on nor off.")
            context.settings = replace(context.settings, format_in_prompt=_SWITCH[switch])
        case _:
            return _set(context, text)
    return _facts(context)


def _set(context: Context, text: str) -> str:
    typed = text if '"' in text[1:-1] else unquoted(text)
    wanted = None if text == "off" else context.preferences.read_format(typed)
    context.settings = replace(context.settings, format=wanted)
    limits = "\n".join(f"- {line}" for line in limit_lines(wanted))
    shown = _shown(context)
    return Markdown(f"{shown}\n\n{limits}") if limits else shown


async def _save(context: Context, name: str) -> str:
    schema, shelf = context.settings.format, context.preferences.shelf
    if not isinstance(schema, Mapping):
        raise NothingThere("There is no schema to save.", "Set one with /format first.")
    if name in shelf.names() and not await context.screen.confirm(f"There is a format {name}. Replace it?"):
        return "Nothing was saved."
    path = shelf.keep(name, schema)
    context.settings = replace(context.settings, format=NamedSchema(schema, name))
    return f"Saved: /format {name} sets it again. It is in {path}."


def _shown(context: Context) -> str:
    wanted = context.settings.format
    if not isinstance(wanted, Mapping):
        return _facts(context)
    text = msgspec.json.format(msgspec.json.encode(wanted), indent=2).decode()
    return Markdown(f"{_facts(context)}\n\n{json_block(text)}")


def _facts(context: Context) -> str:
    settings = context.settings
    if not settings.format:
        return "Format: any text."
    name = settings.format.name if isinstance(settings.format, NamedSchema) else "a schema"
    told = "told" if settings.format_in_prompt else "not told"
    retries = f"{settings.format_retries or 'no'} retr{'y' if settings.format_retries == 1 else 'ies'}"
    what = settings.format if isinstance(settings.format, str) else name
    return f"Format: {what}; the model is {told}; {retries}."
