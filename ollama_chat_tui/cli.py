"""The command line: flags in, exit codes out. What is heavy is imported by the command that needs it."""

from __future__ import annotations

import os
import sys
from itertools import takewhile
from typing import Annotated

import typer

from ollama_chat_tui import __version__
from ollama_chat_tui.chat.options import THINK_LEVELS
from ollama_chat_tui.environment import COMPLETION_VARIABLE, Environment
from ollama_chat_tui.errors import ChatError, ExitCode, UsageError
from ollama_chat_tui.flags import ConnectionFlags, Flags, QuestionFlags, taking_flags
from ollama_chat_tui.models_cli import models_app
from ollama_chat_tui.outcome import Work, complain, finish
from ollama_chat_tui.terminal.early_prompt import EarlyPrompt

THINK_VALUES = ("on", "off", "true", "false", *THINK_LEVELS)

app = typer.Typer(
    name="ollama-chat",
    epilog="Exit codes: " + ", ".join(f"{code.value} {code.meaning}" for code in ExitCode),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models_app)


def main(early: EarlyPrompt | None = None) -> None:
    """Run the program; `early` stands on the screen, if anything does."""
    early = early or EarlyPrompt()
    _add_commands(set(sys.argv))
    early.wipe()  # what typer says of the flags does not stand beside it; `chat` puts it up again
    try:
        app(args=with_think_values(sys.argv[1:]), prog_name="ollama-chat", obj=early)
    except ChatError as error:
        if "--debug" in sys.argv:
            raise
        complain(error)
        sys.exit(error.exit_code)


def _add_commands(arguments: set[str]) -> None:
    """Add the groups of commands for which nothing else is to wait."""
    wants_all = COMPLETION_VARIABLE in os.environ or not {"-h", "--help"}.isdisjoint(arguments)
    if wants_all or "config" in arguments:
        from ollama_chat_tui.config_cli import config_app  # it reads TOML and checks it

        app.add_typer(config_app, name="config")
    if wants_all or "sessions" in arguments:
        from ollama_chat_tui.sessions_cli import sessions_app

        app.add_typer(sessions_app, name="sessions")


def with_think_values(arguments: list[str]) -> list[str]:
    """Let `--think` stand alone, which typer cannot: unless a level follows, it means `on`."""
    flags = list(takewhile("--".__ne__, arguments))  # what comes after is text
    following = [*flags[1:], ""]
    return [
        "--think=on" if argument == "--think" and after not in THINK_VALUES else argument
        for argument, after in zip(flags, following, strict=False)
    ] + arguments[len(flags) :]


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"ollama-chat {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
@taking_flags
def chat(
    context: typer.Context,
    flags: Flags,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="FILE", help="Goes with the first message (again for more)."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Chat with local language models in the terminal."""
    early, context.obj = context.obj, flags
    if image and context.invoked_subcommand:
        raise UsageError("--image stands behind the name of the command.")
    if not context.invoked_subcommand:
        if flags.continues and flags.resume:
            raise UsageError("--continue and --resume name two sessions.", "Give one of them.")
        early.stand()
        from ollama_chat_tui.front import open_chat

        open_chat(early, flags, image or ())


@app.command()
@taking_flags
def ask(
    context: typer.Context,
    flags: QuestionFlags,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="Standard input follows it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the text.")] = False,
    as_events: Annotated[bool, typer.Option("--stream-json", help="Every event as a line of JSON.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="No Markdown, even in a terminal.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Ask for the answer in one piece.")] = False,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="FILE", help="A picture or sound: file, URL, or clipboard (again for more)."
        ),
    ] = None,
) -> None:
    """Ask one question and print the answer."""
    flags = flags.over(context.obj)

    def start(environment: Environment) -> Work:
        from ollama_chat_tui.ask import Output, Question, question_text, run_ask

        output = (
            Output.JSON if as_json else Output.EVENTS if as_events else Output.RAW if raw else Output.TEXT
        )
        # Read before there is an event loop, which Ctrl-C would have to wait for.
        text = question_text(" ".join(words or ()), environment.stdin)
        question = Question(text, tuple(image or ()), output, not no_stream)
        preferences = flags.preferences(environment)
        wanted = flags.wanted(environment, preferences)
        return run_ask(environment, wanted, preferences, question, flags.tools_given(), may_fetch=flags.fetch)

    finish(start, is_debugging=flags.debug)


@app.command()
@taking_flags
def doctor(
    context: typer.Context,
    flags: ConnectionFlags,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Look whether all that a chat needs is there, and say what to do where it is not."""

    def start(environment: Environment) -> Work:
        from ollama_chat_tui.doctor import run_doctor

        given = flags.over(context.obj)
        return run_doctor(environment, given.wanted_unchecked(environment), as_json=as_json)

    finish(start, is_debugging=flags.debug or context.obj.debug)
