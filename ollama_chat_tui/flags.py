"""The flags that every way of talking to a model shares, and what they mean together.

typer, for which they are annotated, is imported by the commands that read them: a chat without any does not.
"""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from ollama_chat_tui.environment import DATA_DIR_VARIABLE, Environment
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.session_choice import complete_session

if TYPE_CHECKING:
    from typer import Option

    from ollama_chat_tui.backends.choice import Wanted
    from ollama_chat_tui.preferences import Preferences
    from ollama_chat_tui.tools.bench import ToolsGiven


def _use_data_dir(given: str) -> str:
    """Let the directory hold for all that is read from now on; this comes before any command begins."""
    if given:
        os.environ[DATA_DIR_VARIABLE] = given
    return given


@dataclass(frozen=True)
class ProgramFlags:
    """What was given on the command line that concerns every command; empty or None: not given."""

    data_dir: Annotated[
        str,
        Option(
            "--data-dir",
            metavar="DIR",
            callback=_use_data_dir,
            help="Where models, history and sessions are. [OLLAMA_CHAT_DATA_DIR]",
        ),
    ] = ""
    debug: Annotated[bool, Option("--debug", help="Show tracebacks.")] = False

    def over(self, earlier: ProgramFlags) -> Self:
        """These flags, and where they say nothing those given before the name of the command.

        Raises:
            UsageError: one of the earlier flags means nothing to this command.
        """
        before = _given(earlier)
        known = {field.name for field in fields(self)}
        if strange := [name for name in before if name not in known]:
            flag = _NAMES.get(strange[0], strange[0]).replace("_", "-")
            raise UsageError(f"--{flag} means nothing to this command.", "Its --help lists what does.")
        return replace(self, **{**before, **_given(self)})


_NAMES = {"continues": "continue"}
"""Flags that are no names in Python."""


@dataclass(frozen=True)
class ConnectionFlags(ProgramFlags):
    """And of where to connect."""

    host: Annotated[
        str, Option("--host", help="The server: an address or a name of the configuration. [OLLAMA_HOST]")
    ] = ""
    profile: Annotated[str, Option("--profile", metavar="NAME", help="A profile of the configuration.")] = ""
    embedded: Annotated[bool, Option("--embedded", help="Let the embedded engine answer.")] = False
    embedded_model: Annotated[
        Path | None, Option("--embedded-model", metavar="FILE.gguf", help="The model that it runs.")
    ] = None
    fetch: Annotated[bool, Option("--fetch", help="Download the embedded model without asking.")] = False
    header: Annotated[
        list[str] | None, Option("--header", metavar="'NAME: VALUE'", help="Sent with every request.")
    ] = None
    ca_file: Annotated[
        Path | None, Option("--ca-file", metavar="FILE.pem", help="Certificates of your own authority.")
    ] = None
    send_key: Annotated[bool, Option("--send-key", help="Send OLLAMA_API_KEY to this host too.")] = False

    def preferences(self, environment: Environment) -> Preferences:
        """What holds: these flags over environment, profile and configuration.

        Raises:
            UsageError: a value makes no sense.
        """
        from ollama_chat_tui.config.file import load_config
        from ollama_chat_tui.preferences import meaning, resolve

        file = load_config(environment, meaning())
        return resolve(file, environment.variables, self._by_key(), self.profile)

    def wanted_unchecked(self, environment: Environment) -> Wanted:
        """Where the answer is to come from, also when the configuration or a value is broken."""
        from ollama_chat_tui.backends.choice import Wanted

        try:
            return self.wanted(environment, self.preferences(environment))
        except UsageError:
            host = self.host or environment.variables.get("OLLAMA_HOST", "")
            return Wanted(host, is_embedded=self.embedded, model_file=self.embedded_model)

    def wanted(self, environment: Environment, preferences: Preferences) -> Wanted:
        """Where the answer is to come from.

        Raises:
            UsageError: a header is none, or the key of the host is not there.
        """
        from ollama_chat_tui.backends.choice import Wanted
        from ollama_chat_tui.preferences import access_to

        host = preferences.host()
        access = access_to(host, environment.variables)
        access = replace(
            access,
            sends_key=self.send_key or access.sends_key,
            headers={**access.headers, **dict(_header(line) for line in self.header or ())},
            ca_file=self.ca_file or access.ca_file,
        )
        return Wanted(host.url, access, self.embedded, self.embedded_model)

    def _by_key(self) -> dict[str, object]:
        """The flags that were given, by the keys of the configuration."""
        return {"host": self.host} if self.host else {}


@dataclass(frozen=True)
class LoadingFlags(ConnectionFlags):
    """And of how a model is loaded."""

    option: Annotated[
        list[str] | None, Option("--option", "-o", metavar="NAME=VALUE", help="Any option of Ollama's.")
    ] = None
    keep_alive: Annotated[
        str, Option("--keep-alive", metavar="TIME", help="How long the model stays loaded: 5m, forever.")
    ] = ""

    def _by_key(self) -> dict[str, object]:
        from ollama_chat_tui.chat.options import parse_keep_alive

        keep_alive = {"keep_alive": parse_keep_alive(self.keep_alive)} if self.keep_alive else {}
        options = self._options()
        return {**super()._by_key(), **keep_alive, **({"options": options} if options else {})}

    def _options(self) -> dict[str, object]:
        from ollama_chat_tui.chat.options import parse_option

        options: dict[str, object] = {}
        for assignment in self.option or ():
            name, value = parse_option(assignment)
            before = options.get(name)
            options[name] = (
                [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
            )
        return options


@dataclass(frozen=True)
class QuestionFlags(LoadingFlags):
    """And of which model is asked, and how."""

    model: Annotated[str, Option("--model", "-m", help="The model to talk to.")] = ""
    system: Annotated[str, Option("--system", "-s", help="A system prompt.")] = ""
    seed: Annotated[int | None, Option("--seed", help="The same seed gives the same answer.")] = None
    temperature: Annotated[float | None, Option("--temperature", "-t", help="0 is the most certain.")] = None
    think: Annotated[
        str, Option("--think", metavar="[LEVEL]", help="on, off, low, medium, high or max; alone: on.")
    ] = ""
    no_think: Annotated[bool, Option("--no-think", help="The same as --think=off.")] = False
    format: Annotated[
        str,
        Option(
            "--format", metavar="FORMAT", help="Of answers: json, a schema, its file, name or short form."
        ),
    ] = ""
    retries: Annotated[
        int | None,
        Option("--retries", metavar="N", min=0, help="Ask again if it does not fit."),
    ] = None
    no_history: Annotated[
        bool, Option("--no-history", help="Keep what is typed out of the history on disk.")
    ] = False

    tools: Annotated[
        list[str] | None,
        Option("--tools", metavar="FILE.py", help="Functions that the model may call; or a tool's name."),
    ] = None
    allow_tools: Annotated[
        list[str] | None,
        Option(
            "--allow-tools",
            "--yes-tools",
            metavar="NAME",
            help="A tool that is called without asking, or NAME=WHAT for one exact call.",
        ),
    ] = None

    def tools_given(self) -> ToolsGiven:
        """What the model may call."""
        from ollama_chat_tui.tools.bench import ToolsGiven

        return ToolsGiven(self.tools or (), self.allow_tools or ())

    def _by_key(self) -> dict[str, object]:
        from ollama_chat_tui.chat.options import parse_think

        named = {"model": self.model, "system": self.system, "format": self.format}
        think = (
            {"think": False} if self.no_think else {"think": parse_think(self.think)} if self.think else {}
        )
        history = {"history": False} if self.no_history else {}
        retries = {} if self.retries is None else {"format_retries": self.retries}
        texts = {key: text for key, text in named.items() if text}
        return {**super()._by_key(), **texts, **think, **retries, **history}

    def _options(self) -> dict[str, object]:
        named = {"seed": self.seed, "temperature": self.temperature}
        return {**super()._options(), **{name: it for name, it in named.items() if it is not None}}


@dataclass(frozen=True)
class Flags(QuestionFlags):
    """And of which chat it is."""

    continues: Annotated[bool, Option("--continue", help="Go on with the last session.")] = False
    resume: Annotated[
        str,
        Option(
            "--resume",
            metavar="ID",
            autocompletion=complete_session,
            help="Go on with a session: its id, a beginning of it, or its title.",
        ),
    ] = ""
    no_save: Annotated[bool, Option("--no-save", help="Keep nothing of this chat on the disk.")] = False

    def _by_key(self) -> dict[str, object]:
        return {**super()._by_key(), **({"history": False} if self.no_save else {})}


def taking_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of the type of its parameter `flags`, since typer knows no groups."""
    from typer import Option

    parameters = inspect.signature(command, eval_str=True).parameters
    kind = parameters["flags"].annotation
    hints = typing.get_type_hints(kind, localns={"Option": Option}, include_extras=True)
    defaults = {field.name: field.default for field in fields(kind)}
    # In the help what is special comes before what every command has.
    names = [name for each in kind.__mro__ for name in inspect.get_annotations(each)]

    def run(**arguments: Any) -> None:
        flags = kind(**{name: arguments.pop(name) for name in names})
        command(flags=flags, **arguments)

    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in parameters.values()
        if parameter.name != "flags"
    ]
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name]
        )
        for name in names
    ]
    together = [*own, *shared]
    run.__signature__ = inspect.Signature(together)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in together}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _given(flags: ProgramFlags) -> dict[str, Any]:
    return {
        field.name: value for field in fields(flags) if (value := getattr(flags, field.name)) != field.default
    }


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not line.isascii() or not line.isprintable():
        raise UsageError(f"“{name}” is no header.", "Write it as --header 'Name: value'.")
    return name.strip(), value.strip()
