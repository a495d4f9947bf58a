"""What may follow `/config`, `/profile` and `/host`, for completion: from the configuration and its table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

from ollama_chat_tui.chat.options import OPTION_MEANINGS, OPTION_TYPES, THINK_LEVELS
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import Word
from ollama_chat_tui.config.keys import (
    Config,
    Host,
    Profile,
    Tools,
    bare_type,
    description_of,
    in_words,
    keys_of,
)
from ollama_chat_tui.config.text import KeyPath, dotted
from ollama_chat_tui.preferences import leaves


def host_names(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """A server of the configuration, as the first word."""
    hosts = context.preferences.config.hosts
    return [] if before else [(name, host.url) for name, host in hosts.items()]


def profile_names(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """A profile, as the first word."""
    profiles = context.preferences.file.data.get("profile", {})
    named = [(name, ", ".join(dotted(key) for key, _ in leaves(said))) for name, said in profiles.items()]
    return [] if before else [*named, ("off", "no profile")]


def config_words(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """What `/config` does, a key, a value."""
    match list(before):
        case []:
            return [("set", "change the file"), ("unset", "take a key out of it"), ("path", "where it is")]
        case ["set"]:
            return _keys(context)
        case ["unset"]:
            return [(dotted(key), "") for key, _ in leaves(context.preferences.file.data)]
        case ["set", key]:
            from ollama_chat_tui.config.places import split_key  # it compiles patterns no start waits for

            return [(word, "") for word in _values(context, split_key(key) or ())]
    return []


def _keys(context: Context) -> Iterable[Word]:
    config = context.preferences.config
    yield from _keys_of(Config)
    yield from _keys_of(Tools, "tools")
    for name in config.hosts:
        yield from _keys_of(Host, "hosts", name)
    for name in config.profile:
        yield from _keys_of(Profile, "profile", name)


def _keys_of(table: type[Any], *path: str) -> Iterable[Word]:
    for name, field in keys_of(table).items():
        key = (*path, name)
        if name == "options":
            yield from ((dotted((*key, option)), means) for option, means in OPTION_MEANINGS.items())
        elif get_origin(bare_type(field.type)) is not dict and bare_type(field.type) is not Tools:
            yield dotted(key), f"{in_words(field.type)} · {description_of(field.type)}"


def _values(context: Context, key: KeyPath) -> Iterable[str]:
    """The values that a key may have, as far as they can be counted."""
    match key[2:] if key[:1] in (("profile",), ("hosts",)) else key:
        case ("options", name):
            return ("on", "off") if OPTION_TYPES.get(str(name)) is bool else ()
        case ("think",):
            return ("on", "off", *THINK_LEVELS)
        case ("model",):
            return context.model_names
        case ("host",):
            return context.preferences.config.hosts
        case ("format",):
            return ("json",)
        case (str(name),):
            return _choices({**keys_of(Host), **keys_of(Config)}.get(name))
    return ()


def _choices(field: Any) -> Iterable[str]:
    bare = bare_type(field.type) if field else None
    if get_origin(bare) is Literal:
        return get_args(bare)
    return ("on", "off") if bare_type(bare) is bool else ()
