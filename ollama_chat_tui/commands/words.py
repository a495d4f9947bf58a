"""What may follow the name of a command, for completion. Answers from what is known, and never waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ollama_chat_tui.chat.options import OPTION_MEANINGS, THINK_LEVELS
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import Word, Words

SET_MEANINGS: Mapping[str, str] = {
    "system": "the system prompt",
    "format": "json, a schema or off",
    "noformat": "any text",
    "think": "alone, or low, medium, high or max",
    "nothink": "answer at once",
    "history": "questions go into the history on disk",
    "nohistory": "they do not",
}
"""What `/set` takes beside options, as `ollama run` does."""


def model_names(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """An installed model, as the first word."""
    return [] if before else [(name, "") for name in context.model_names]


def one_of(*words: str) -> Words:
    """One of a few words, as the first."""
    return lambda _context, before: [] if before else [(word, "") for word in words]


def either(*kinds: Words) -> Words:
    """What any of several kinds offers."""
    return lambda context, typed: [word for kind in kinds for word in kind(context, typed)]


def command_names(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """A command, as the first word."""
    return [] if before else [*context.registry.descriptions(), ("all", "every command")]


def option_names(_context: Context, before: Sequence[str]) -> Iterable[Word]:
    """An option with its type, default and meaning, as the first word."""
    words = [*OPTION_MEANINGS.items(), *SET_MEANINGS.items()]
    if list(before) == ["parameter"]:
        return OPTION_MEANINGS.items()
    return [] if before else words


def schemas(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """A schema that has a name, as the first word."""
    return [] if before else [(name, "your schema") for name in context.preferences.shelf.names()]


def set_options(context: Context, before: Sequence[str]) -> Iterable[Word]:
    """An option that is set, as the first word."""
    return [] if before else [("all", "all of them"), *((name, "") for name in context.settings.options)]


def models_and_parts(*parts: str) -> Words:
    """A model or a part of it; after a model, a part."""

    def words(context: Context, before: Sequence[str]) -> Iterable[Word]:
        names = list(model_names(context, before))
        return [*names, *((part, "") for part in parts)] if len(before) < 2 else []

    return words


thinking = one_of("on", "off", *THINK_LEVELS, "auto", "show", "fold", "hide", "last")
