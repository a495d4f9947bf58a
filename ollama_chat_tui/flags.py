"""The flags that every way of talking to a model shares, and what they mean together."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import UsageError

if TYPE_CHECKING:
    from ollama_chat_tui.backends.choice import Wanted
    from ollama_chat_tui.chat.settings import Settings


@dataclass(frozen=True)
class Flags:
    """What was given on the command line; empty or None: not given."""

    model: Annotated[str, Option("--model", "-m", help="The model to talk to.")] = ""
    host: Annotated[str, Option("--host", envvar="OLLAMA_HOST", help="The server.")] = ""
    system: Annotated[str, Option("--system", "-s", help="A system prompt.")] = ""
    seed: Annotated[int | None, Option("--seed", help="The same seed gives the same answer.")] = None
    temperature: Annotated[float | None, Option("--temperature", "-t", help="0 is the most certain.")] = None
    option: Annotated[
        list[str] | None, Option("--option", "-o", metavar="NAME=VALUE", help="Any option of Ollama's.")
    ] = None
    think: Annotated[
        str, Option("--think", metavar="[LEVEL]", help="on, off, low, medium, high or max; alone: on.")
    ] = ""
    no_think: Annotated[bool, Option("--no-think", help="The same as --think=off.")] = False
    keep_alive: Annotated[
        str, Option("--keep-alive", metavar="TIME", help="How long the model stays loaded: 5m, forever.")
    ] = ""
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
    debug: Annotated[bool, Option("--debug", help="Show tracebacks.")] = False

    def over(self, earlier: Flags) -> Flags:
        """These flags, and where they say nothing those given before the name of the command."""
        given = {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }
        return replace(earlier, **given)

    def settings(self) -> Settings:
        """How the model is asked; `model` may still be empty.

        Raises:
            UsageError: a value makes no sense.
        """
        from ollama_chat_tui.chat.options import parse_keep_alive, parse_think
        from ollama_chat_tui.chat.settings import Settings

        return Settings(
            self.model,
            self.system,
            self._options(),
            think=False if self.no_think else parse_think(self.think) if self.think else None,
            keep_alive=parse_keep_alive(self.keep_alive) if self.keep_alive else None,
        )

    def wanted(self, environment: Environment) -> Wanted:
        """Where the answer is to come from.

        Raises:
            UsageError: a header is none.
        """
        from ollama_chat_tui.backends.choice import Wanted
        from ollama_chat_tui.backends.connection import Access

        access = Access(
            environment.variables.get("OLLAMA_API_KEY", ""),
            self.send_key,
            dict(_header(line) for line in self.header or ()),
            self.ca_file,
        )
        return Wanted(self.host, access, self.embedded, self.embedded_model)

    def _options(self) -> dict[str, object]:
        from ollama_chat_tui.chat.options import parse_option

        options: dict[str, object] = {}
        for assignment in self.option or ():
            name, value = parse_option(assignment)
            before = options.get(name)
            options[name] = (
                [*before, *value] if isinstance(before, list) and isinstance(value, list) else value
            )
        named = {"seed": self.seed, "temperature": self.temperature}
        return options | {name: number for name, number in named.items() if number is not None}


def taking_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that has a parameter `flags` every option of `Flags`, since typer knows no groups."""
    names = [field.name for field in fields(Flags)]

    def run(**arguments: Any) -> None:
        flags = Flags(**{name: arguments.pop(name) for name in names})
        command(flags=flags, **arguments)

    hints = typing.get_type_hints(Flags, include_extras=True)
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "flags"
    ]
    shared = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(Flags)
    ]
    parameters = [*own, *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    return run


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip() or not line.isascii() or not line.isprintable():
        raise UsageError(f"“{name}” is no header.", "Write it as --header 'Name: value'.")
    return name.strip(), value.strip()
