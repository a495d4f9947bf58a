"""A Python function as a tool: its schema from type hints and docstring, its arguments checked."""

from __future__ import annotations

import copy
import inspect
import typing
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import docstring_parser
import msgspec

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import Arguments, Tool, ToolFailure
from ollama_chat_tui.tools.marker import ATTRIBUTE, Marks
from ollama_chat_tui.tools.schema import for_model

_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Function:
    """A function and what a model must know to call it.

    Attributes:
        name: the tool's name.
        description, parameters: as the model sees them.
        marks: what the decorator said.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read the signature.

        Raises:
            BadTools: it cannot be put into a schema.
        """
        self.marks: Marks = getattr(function, ATTRIBUTE, Marks())
        self.name = self.marks.name or function.__name__
        self._function = function
        self._fields = self._read_fields()
        try:
            self._type = msgspec.defstruct(
                self.name, self._fields.values(), kw_only=True, forbid_unknown_fields=True
            )
            schema = msgspec.json.schema(self._type, schema_hook=_path_schema)
        except (TypeError, ValueError, NotImplementedError) as exc:
            reason = str(exc).strip().rpartition("\n")[2].rstrip(".")
            raise BadTools(f"{self.name} cannot be a tool: {reason}.", "Use types that JSON has.") from exc
        said = docstring_parser.parse(inspect.getdoc(function) or "")
        paragraphs = (said.short_description, said.long_description)
        self.description = "\n".join(filter(None, paragraphs))
        struct_schema = schema.get("$defs", {}).get(self.name, schema)
        self.parameters = for_model(
            {**struct_schema, "$defs": schema.get("$defs", {})},
            {each.arg_name: each.description or "" for each in said.params},
        )

    def facts(self) -> ToolFacts:
        """What the marks mean to the engine."""
        effect = Effect.READS if self.marks.reads_only else Effect.UNKNOWN
        return ToolFacts(Effect.CHANGES if self.marks.changes else effect, self.marks.repeatable)

    def call(self, given: Arguments) -> Any:
        """Check the arguments and call the function; an asynchronous one gives an awaitable.

        Raises:
            ToolFailure: the arguments are wrong; the text says how.
        """
        optional = {name for name, field in self._fields.items() if len(field) == 3}
        meant = {name: value for name, value in given.items() if value is not None or name not in optional}
        try:
            converted = msgspec.convert(meant, self._type, strict=False, dec_hook=_path)
        except msgspec.ValidationError as exc:
            raise ToolFailure(
                f"The arguments of {self.name} are wrong: {exc}. Correct them and call it again. "
                f"The schema is {msgspec.json.encode(self.parameters).decode()}"
            ) from exc
        return self._function(**{name: getattr(converted, name) for name in self._fields})

    def _read_fields(self) -> dict[str, Any]:
        try:
            hints = typing.get_type_hints(self._function, include_extras=True)
        except Exception as exc:
            raise BadTools(f"The type hints of {self.name} cannot be read: {exc}.") from exc
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self._function).parameters.items():
            if parameter.kind not in _BY_NAME:
                raise BadTools(
                    f"{self.name} cannot be a tool: its parameter {parameter} has no name of its own.",
                    "Give every parameter a name and a type.",
                )
            kind: Any = hints.get(name, Any)
            if told := _told(parameter.default):
                kind = Annotated[kind, msgspec.Meta(extra_json_schema=told)]
            fields[name] = (name, kind, *_default(parameter.default))
        return fields


def tool_of(
    function: Callable[..., Any],
    facts: ToolFacts,
    *,
    explain: Callable[[Arguments], str],
    subject: str = "",
    always_asks: bool = False,
    time_limit_s: float = 60.0,
) -> Tool:
    """One of our own asynchronous functions as a tool that runs in this process."""
    read = Function(function)

    async def run(given: Arguments) -> str:
        result: str = await read.call(given)
        return result

    return Tool(
        read.name,
        read.description,
        read.parameters,
        run,
        facts,
        explain,
        subject,
        always_asks,
        time_limit_s,
    )


def _default(default: object) -> tuple[Any, ...]:
    if default is inspect.Parameter.empty:
        return ()
    if default is None or isinstance(default, bool | int | float | str | Enum):
        return (default,)
    return (msgspec.field(default_factory=lambda: copy.deepcopy(default)),)


def _told(default: object) -> dict[str, Any]:
    """What the schema says of a default that msgspec takes for the work of a function."""
    if default is inspect.Parameter.empty:
        return {}
    try:
        return {"default": msgspec.to_builtins(default, enc_hook=_path_text)}
    except (TypeError, NotImplementedError):  # JSON has no word for it
        return {}


def _path_text(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value)} is no type that JSON has")


def _path(kind: type, value: object) -> object:
    if kind is not Path:
        raise NotImplementedError(f"{kind} is no type that JSON has")
    if not isinstance(value, str):
        raise TypeError(f"Expected a path, got `{type(value).__name__}`")
    return Path(value)


def _path_schema(kind: type) -> dict[str, Any]:
    if kind is Path:
        return {"type": "string", "format": "path"}
    raise NotImplementedError(f"{kind} is no type that JSON has")
