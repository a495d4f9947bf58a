"""`ollama-chat sessions …`: flags in, exit codes out; what it does stands in `sessions_work`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer import Argument, Context, Option

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import ExitCode
from ollama_chat_tui.flags import ProgramFlags, taking_flags
from ollama_chat_tui.outcome import leave
from ollama_chat_tui.session_choice import complete_session, complete_trashed

if TYPE_CHECKING:
    from ollama_chat_tui.sessions_work import Sessions

_MEANT = "The session: its id, a beginning of it, or its title."
Id = Annotated[str, Argument(metavar="ID", help=_MEANT, autocompletion=complete_session)]
Ids = Annotated[list[str], Argument(metavar="ID…", help=_MEANT, autocompletion=complete_session)]
AsJson = Annotated[bool, Option("--json", help="JSON instead of text.")]
FormatName = Literal["md", "html", "json", "text"]

sessions_app = typer.Typer(
    name="sessions",
    help="List, search, show, export, import and look after the conversations on disk.",
    rich_markup_mode=None,
)


@sessions_app.callback(invoke_without_command=True)
@taking_flags
def sessions(context: Context, flags: ProgramFlags) -> None:
    """List, search, show, export, import and look after the conversations on disk; alone it lists them."""
    if not context.invoked_subcommand:
        _run(context, flags, lambda work: work.list())


@sessions_app.command("list")
@taking_flags
def list_sessions(
    context: Context,
    flags: ProgramFlags,
    trash: Annotated[bool, Option("--trash", help="Those in the trash.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the sessions, the one used last first."""
    _run(context, flags, lambda work: work.list(in_trash=trash), as_json=as_json)


@sessions_app.command()
@taking_flags
def show(context: Context, flags: ProgramFlags, id_: Id, as_json: AsJson = False) -> None:
    """Show what is known of a session and what was said in it."""
    _run(context, flags, lambda work: work.show(id_), as_json=as_json)


@sessions_app.command()
@taking_flags
def search(
    context: Context,
    flags: ProgramFlags,
    words: Annotated[list[str], Argument(metavar="WORDS", help='Words, "a phrase", begin*, -without.')],
    role: Annotated[
        Literal["user", "assistant", "tool", "system"] | None, Option("--role", help="Who says it.")
    ] = None,
    model: Annotated[str, Option("--model", "-m", help="Part of the model's name.")] = "",
    since: Annotated[str, Option("--since", metavar="WHEN", help="2026-03-01, yesterday, 7d.")] = "",
    before: Annotated[str, Option("--before", metavar="WHEN", help="As --since.")] = "",
    tag: Annotated[str, Option("--tag", help="A tag of the session.")] = "",
    limit: Annotated[int, Option("--limit", "-n", min=1, help="As many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search everything that was ever said, best match first."""

    def find(work: Sessions) -> None:
        from ollama_chat_tui.sessions_work import narrowed

        work.search(" ".join(words), narrowed(role, model, since, before, tag), limit)

    _run(context, flags, find, as_json=as_json)


@sessions_app.command()
@taking_flags
def export(
    context: Context,
    flags: ProgramFlags,
    id_: Annotated[str, Argument(metavar="ID", help=_MEANT, autocompletion=complete_session)] = "",
    every: Annotated[bool, Option("--all", help="All sessions, into a directory.")] = False,
    format_: Annotated[
        FormatName | None, Option("--format", "-f", help="Else by the name of the file, or md.")
    ] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FILE|DIR", help="Else standard output.")
    ] = None,
) -> None:
    """Write a session, or all, as Markdown, HTML, JSON or text."""
    _run(context, flags, lambda work: work.export(id_, output, format_ or "", every=every))


@sessions_app.command("import")
@taking_flags
def import_(
    context: Context,
    flags: ProgramFlags,
    files: Annotated[list[Path], Argument(metavar="FILE…", help="JSON; - is standard input.")],
    as_json: AsJson = False,
) -> None:
    """Make sessions of exports and of other programs' files."""
    _run(context, flags, lambda work: work.import_files(files), as_json=as_json)


@sessions_app.command()
@taking_flags
def rename(
    context: Context,
    flags: ProgramFlags,
    id_: Id,
    words: Annotated[list[str], Argument(metavar="TITLE", help="Empty ('') takes it away.")],
    as_json: AsJson = False,
) -> None:
    """Give a session a title."""
    _run(context, flags, lambda work: work.rename(id_, " ".join(words)), as_json=as_json)


@sessions_app.command()
@taking_flags
def tag(
    context: Context,
    flags: ProgramFlags,
    id_: Id,
    tags: Annotated[list[str], Argument(metavar="TAG…", help="One word each.")],
    remove: Annotated[bool, Option("--remove", help="Take them away.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a session tags, or take them away."""
    _run(context, flags, lambda work: work.tag(id_, tags, removed=remove), as_json=as_json)


@sessions_app.command("rm")
@taking_flags
def remove(context: Context, flags: ProgramFlags, ids: Ids, as_json: AsJson = False) -> None:
    """Put sessions into the trash."""
    _run(context, flags, lambda work: work.trash(ids), as_json=as_json)


@sessions_app.command()
@taking_flags
def restore(
    context: Context,
    flags: ProgramFlags,
    ids: Annotated[list[str], Argument(metavar="ID…", help=_MEANT, autocompletion=complete_trashed)],
    as_json: AsJson = False,
) -> None:
    """Bring sessions back from the trash."""
    _run(context, flags, lambda work: work.restore(ids), as_json=as_json)


@sessions_app.command()
@taking_flags
def purge(
    context: Context,
    flags: ProgramFlags,
    yes: Annotated[bool, Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete for good what is in the trash.

    With it go images that no session has any more.
    """
    _run(context, flags, lambda work: work.purge(is_sure=yes), as_json=as_json)


@sessions_app.command()
@taking_flags
def check(context: Context, flags: ProgramFlags, as_json: AsJson = False) -> None:
    """Say what is wrong on disk; ends with 1 if something is."""
    _run(context, flags, lambda work: work.check(), as_json=as_json)


def _run(
    context: Context,
    flags: ProgramFlags,
    ask: Callable[[Sessions], ExitCode | None],
    *,
    as_json: bool = False,
) -> None:
    def work(environment: Environment) -> ExitCode | None:
        from ollama_chat_tui.sessions_work import Sessions

        flags.over(context.obj)
        return ask(Sessions(environment, as_json=as_json))

    leave(work, is_debugging=flags.debug or context.obj.debug)
