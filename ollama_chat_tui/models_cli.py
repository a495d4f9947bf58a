"""`ollama-chat models …`: flags in, exit codes out; what it does stands in `models`, imported when needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.flags import ConnectionFlags, LoadingFlags, taking_flags
from ollama_chat_tui.outcome import Work, finish

if TYPE_CHECKING:
    from ollama_chat_tui.models import Models

Name = Annotated[str, typer.Argument(metavar="NAME", help="The model.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]

models_app = typer.Typer(
    name="models",
    help="List, show, fetch, remove, load and unload models.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models_app.command("list")
@taking_flags
def list_models(context: typer.Context, flags: ConnectionFlags, as_json: AsJson = False) -> None:
    """List the models there are."""
    _run(context, flags, lambda models: models.list(), as_json=as_json)


@models_app.command()
@taking_flags
def show(
    context: typer.Context,
    flags: ConnectionFlags,
    name: Name,
    part: Annotated[
        str,
        typer.Argument(metavar="[PART]", help="info, template, parameters, license, system or modelfile."),
    ] = "info",
    as_json: AsJson = False,
) -> None:
    """Show what the server knows of a model."""
    _run(context, flags, lambda models: models.show(name, part), as_json=as_json)


@models_app.command()
@taking_flags
def pull(context: typer.Context, flags: ConnectionFlags, name: Name, as_json: AsJson = False) -> None:
    """Fetch a model; stop with Ctrl-C and go on later with the same command."""
    _run(context, flags, lambda models: models.pull(name), as_json=as_json)


@models_app.command("rm")
@taking_flags
def remove(
    context: typer.Context,
    flags: ConnectionFlags,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a model from the disk."""
    _run(context, flags, lambda models: models.remove(name, is_sure=yes), as_json=as_json)


@models_app.command("ps")
@taking_flags
def show_loaded(context: typer.Context, flags: ConnectionFlags, as_json: AsJson = False) -> None:
    """List the models in memory, where they are, and for how long."""
    _run(context, flags, lambda models: models.show_loaded(), as_json=as_json)


@models_app.command()
@taking_flags
def load(context: typer.Context, flags: LoadingFlags, name: Name, as_json: AsJson = False) -> None:
    """Load a model, with the options it will be asked with."""

    def ask(models: Models) -> Awaitable[None]:
        preferences = flags.over(context.obj).preferences(Environment.of_process())
        return models.load(name, preferences.settings())

    _run(context, flags, ask, as_json=as_json)


@models_app.command()
@taking_flags
def unload(
    context: typer.Context,
    flags: ConnectionFlags,
    name: Annotated[str, typer.Argument(metavar="NAME|all", help="The model.")],
    as_json: AsJson = False,
) -> None:
    """Free the memory of a model, or of all."""
    _run(context, flags, lambda models: models.unload(name), as_json=as_json)


@models_app.command()
@taking_flags
def copy(
    context: typer.Context,
    flags: ConnectionFlags,
    source: Annotated[str, typer.Argument(metavar="A", help="The model.")],
    destination: Annotated[str, typer.Argument(metavar="B", help="Its second name.")],
    as_json: AsJson = False,
) -> None:
    """Give a model a second name."""
    _run(context, flags, lambda models: models.copy(source, destination), as_json=as_json)


def _run(
    context: typer.Context,
    flags: ConnectionFlags,
    ask: Callable[[Models], Awaitable[None]],
    *,
    as_json: bool,
) -> None:
    def start(environment: Environment) -> Work:
        from ollama_chat_tui.models import with_models

        given = flags.over(context.obj)
        return with_models(
            environment,
            given.wanted(environment, given.preferences(environment)),
            ask,
            as_json=as_json,
            may_fetch=given.fetch,
        )

    finish(start, is_debugging=flags.debug or context.obj.debug)
