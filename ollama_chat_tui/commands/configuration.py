"""Commands about the configuration: what holds and why, its file, its profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.config_words import config_words, profile_names
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.config.text import KeyPath, dotted, toml_text
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.preferences import Preferences, Source, leaves, meaning

SETTINGS = ("model", "system", "think", "keep_alive", "format", "format_retries", "options")
THIS_CHAT = "this chat"
_STRONGER = (Source.FLAG, Source.ENVIRONMENT, Source.PROFILE)


def register_configuration_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("The configuration")
    registry.command("config", arguments="[set KEY VALUE | unset KEY | path]", words=config_words)(config)
    registry.command("profile", arguments="[NAME | off]", words=profile_names)(profile)


async def config(context: Context, text: str) -> str:
    """Show what holds and why, or change the file.

    `set` and `unset` write one key as `ollama-chat config` does, and say from when on it holds.
    """
    path = context.preferences.file.path
    match text.split(maxsplit=2):
        case []:
            return _shown(context)
        case ["path"]:
            return str(path)
        case ["set", key, value]:
            from ollama_chat_tui.config.edit import set_key  # it compiles patterns, and few change the file

            set_key(path, key, value, meaning())
            return f"{key} is set in {path}. {_obey(context, key)}"
        case ["unset", key]:
            from ollama_chat_tui.config.edit import unset_key

            if not unset_key(path, key, meaning()):
                raise UsageError(f"{path} does not set {key}.")
            return f"{key} is taken out of {path}. {_obey(context, key)}"
        case ["set" | "unset" as word, *_]:
            raise UsageError(f"“{word}” needs a key{' and a value' if word == 'set' else ''}.")
    raise UsageError(f"“{text}” is nothing that /config does.")


def _shown(context: Context) -> str:
    preferences = context.preferences
    rows = {key: (value, str(preferences.origin(key))) for key, value in preferences.rows()}
    said = by_key(preferences.settings())
    held = by_key(context.settings) | {("history",): context.screen.is_recording}
    said[("history",)] = preferences.config.history
    if context.host:
        held[("host",)] = context.host
    for key in {**said, **held}:
        if held.get(key) != said.get(key):
            rows[key] = held.get(key), THIS_CHAT
    return "\n".join(
        in_columns([(f"{dotted(key)} = {_text(value)}", f"# {why}") for key, (value, why) in rows.items()])
    )


def by_key(settings: Settings) -> dict[KeyPath, Any]:
    """What is said of how the model is asked, by the keys of the configuration."""
    facts: dict[KeyPath, Any] = {(name,): getattr(settings, name) for name in SETTINGS if name != "options"}
    return facts | {("options", name): value for name, value in settings.options.items()}


def _text(value: object) -> str:
    return "(left to the model)" if value is None else toml_text(value)


def _obey(context: Context, key: str) -> str:
    """Let a key of the changed file hold where it can; from when on it does, in words."""
    from ollama_chat_tui.config.places import split_key

    path = split_key(key) or ()
    fresh = context.preferences.reread()
    take_over(context, fresh, lambda each: each[: len(path)] == path)
    origin = fresh.origin(path)
    if origin.source in _STRONGER:
        return f"It does not hold now: {origin} goes over it."
    if path == ("history",):
        context.screen.record(fresh.config.history)
    elif path[0] not in (*SETTINGS, "hosts", "profile"):
        return "It holds from the next start." + (" /host goes there now." if path == ("host",) else "")
    return "It holds from now on."


def take_over(context: Context, fresh: Preferences, is_said: Callable[[KeyPath], bool]) -> None:
    """Let other preferences hold.

    What was set in the chat stays, but for the keys of which something new `is_said`.

    Raises:
        UsageError: the format cannot be read; nothing has changed.
    """
    before, after, now = (
        by_key(settings) for settings in (context.preferences.settings(), fresh.settings(), context.settings)
    )
    held: dict[KeyPath, Any] = {}
    for key in {**after, **now}:
        was_set_here = now.get(key) != before.get(key)
        held[key] = now.get(key) if was_set_here and not is_said(key) else after.get(key)
    options = {str(key[1]): value for key, value in held.items() if len(key) == 2 and value is not None}
    others: Mapping[str, Any] = {str(key[0]): value for key, value in held.items() if len(key) == 1}
    # Without a model in the configuration the one that was chosen goes on.
    model = others["model"] or context.settings.model
    context.settings = replace(context.settings, **{**others, "model": model}, options=options)
    context.preferences = fresh


async def profile(context: Context, name: str) -> str:
    """Show the profiles, or let one hold from now on.

    What you have set in the chat stays where the profile says nothing.
    """
    preferences = context.preferences
    if not name:
        return _profiles(preferences)
    fresh = preferences.with_profile("" if name == "off" else name)
    said = [key for key, _ in fresh.rows() if fresh.origin(key).source is Source.PROFILE]
    take_over(context, fresh, said.__contains__)
    if name == "off":
        return "No profile holds."
    keys = ", ".join(map(dotted, said))
    going = f" /host {fresh.config.host} goes to its server." if ("host",) in said else ""
    return f"{name} holds: {keys or 'it says nothing of its own'}.{going}"


def _profiles(preferences: Preferences) -> str:
    profiles = preferences.file.data.get("profile", {})
    rows = [
        ("›" if name == preferences.profile else " ", name, ", ".join(dotted(key) for key, _ in leaves(said)))
        for name, said in profiles.items()
    ]
    if not rows:
        return "There are no profiles yet. Make one: /config set profile.NAME.system TEXT"
    return "\n".join(in_columns(rows))
