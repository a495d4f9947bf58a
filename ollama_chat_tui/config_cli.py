"""`ollama-chat config …`: look at the configuration and change it. Knows no chat.

Every start of the program imports this module for its commands, so what one of them needs it imports itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer import Argument, Context, Option

from ollama_chat_tui.config.file import config_path, load_config
from ollama_chat_tui.config.text import KeyPath, dotted, toml_text
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadConfig, UsageError
from ollama_chat_tui.preferences import Preferences, meaning, resolve

config_app = typer.Typer(
    help="Look at the configuration and change it.", no_args_is_help=True, rich_markup_mode=None
)


@config_app.command()
def show(
    context: Context,
    origin: Annotated[bool, Option("--origin", help="Say where each value comes from.")] = False,
    as_json: Annotated[bool, Option("--json", help="One object for scripts.")] = False,
    profile: Annotated[str, Option("--profile", metavar="NAME", help="As with this profile.")] = "",
) -> None:
    """Show what holds now; the values of headers stay hidden."""
    environment = _environment(context)
    preferences = resolve(load_config(environment, meaning()), environment.variables, profile=profile)
    rows = list(preferences.rows())
    if as_json:
        import json

        text = json.dumps({dotted(key): _member(preferences, key, value, origin) for key, value in rows})
        environment.stdout.write(f"{text}\n")
        return
    lines = [f"{dotted(key)} = {toml_text(value)}" for key, value in rows]
    if origin:
        width = min(40, max(map(len, lines)))
        lines = [
            f"{line:<{width}}  # {preferences.origin(key)}"
            for line, (key, _) in zip(lines, rows, strict=True)
        ]
    environment.stdout.write("".join(f"{line}\n" for line in lines))


@config_app.command()
def path(context: Context) -> None:
    """Say where the file is, or would be."""
    environment = _environment(context)
    environment.stdout.write(f"{config_path(environment)}\n")


@config_app.command()
def init(context: Context) -> None:
    """Write a commented sample; a file that is there is never overwritten."""
    from ollama_chat_tui.config.edit import create_config
    from ollama_chat_tui.config_docs import sample

    environment = _environment(context)
    place = config_path(environment)
    create_config(place, sample())
    environment.stderr.write(f"{place} is written; everything in it is commented out.\n")


@config_app.command()
def edit(context: Context) -> None:
    """Open the file in $VISUAL or $EDITOR, and check it afterwards."""
    import subprocess

    from ollama_chat_tui.config.edit import create_config
    from ollama_chat_tui.config_docs import sample

    environment = _environment(context)
    command = _editor(environment.variables)
    place = config_path(environment)
    if not place.exists():
        create_config(place, sample())
    try:
        # The editor is the user's own word for it, split as a shell would.
        status = subprocess.run([*command, str(place)], check=False).returncode  # noqa: S603
    except OSError as exc:
        raise UsageError(f"The editor {command[0]} does not start: {exc.strerror}.", _EDITOR_HINT) from exc
    if status:
        raise UsageError(f"The editor {command[0]} ended with status {status}.")
    load_config(environment, meaning())


# A value may begin with a minus: keep_alive -1.
@config_app.command("set", context_settings={"ignore_unknown_options": True})
def set_(
    context: Context,
    key: Annotated[str, Argument(metavar="KEY", help="As in TOML: theme, options.seed.")],
    value: Annotated[str, Argument(metavar="VALUE", help="A text, or TOML; on and off will do.")],
) -> None:
    """Set one key; comments and order stay."""
    from ollama_chat_tui.config.edit import set_key

    set_key(config_path(_environment(context)), key, value, meaning())


@config_app.command()
def unset(
    context: Context, key: Annotated[str, Argument(metavar="KEY", help="A key, or a whole table.")]
) -> None:
    """Take one key, or a whole table, out of the file."""
    from ollama_chat_tui.config.edit import unset_key

    environment = _environment(context)
    place = config_path(environment)
    if not unset_key(place, key, meaning()):
        raise BadConfig(f"{place} does not set {key}.", "What it sets: ollama-chat config show --origin")


_EDITOR_HINT = "Set EDITOR to the editor you use."


def _environment(context: Context) -> Environment:
    return context.find_object(Environment) or Environment.of_process()


def _editor(variables: Mapping[str, str]) -> list[str]:
    import os
    import shlex

    text = variables.get("VISUAL") or variables.get("EDITOR") or ""
    try:
        command = shlex.split(text, posix=os.name != "nt")
    except ValueError as exc:
        raise UsageError(f"“{text}” is no command: {exc}.", _EDITOR_HINT) from exc
    if not command:
        raise UsageError("No editor is known: VISUAL and EDITOR are not set.", _EDITOR_HINT)
    return command


def _member(preferences: Preferences, key: KeyPath, value: object, with_origin: bool) -> Any:
    if not with_origin:
        return value
    origin = preferences.origin(key)
    place = {"line": origin.place.line, "column": origin.place.column} if origin.place else {}
    return {"value": value, "origin": origin.source.value, "name": origin.name, **place}
