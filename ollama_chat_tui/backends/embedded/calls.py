"""Tools and the calls of them: as Ollama has them, and as llama.cpp wants and gives them (OpenAI's form).

The shapes are those of Ollama's Go structs, so the model sees of a tool what it would see there: other keys
of its schema are dropped (§1.4 of the API).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.backends.embedded.schema import check_schema

_NO_SCHEMA = (
    "Unable to generate parser for this template. Automatic parser generation failed: JSON schema error: "
)


class _Property(Struct, omit_defaults=True):
    anyOf: list[_Property] | None = None  # noqa: N815 - the key's own spelling
    type: str | list[str] | None = None
    items: Any = None
    description: str | None = None
    enum: list[Any] | None = None
    properties: dict[str, _Property] | None = None
    required: list[str] | None = None


class _Parameters(Struct, omit_defaults=True):
    type: str | None = None
    defs: dict[str, Any] | None = field(default=None, name="$defs")
    items: Any = None
    required: list[str] | None = None
    properties: dict[str, _Property] | None = None


class _Function(Struct, omit_defaults=True):
    name: str | None = None
    description: str | None = None
    parameters: _Parameters | None = None


class Tool(Struct):
    """A tool as a request declares it."""

    type: str | None = None
    function: _Function | None = None


class CalledFunction(Struct):
    """Which function, and with what."""

    name: str | None = None
    arguments: dict[str, Any] | None = None


class ToolCall(Struct):
    """A call in a message of the history."""

    id: str | None = None
    function: CalledFunction | None = None


class CallDelta(Struct):
    """A piece of a call as llama.cpp streams it: the id and the name once, the arguments in pieces."""

    index: int = 0
    id: str | None = None
    function: _FunctionDelta | None = None


class _FunctionDelta(Struct):
    name: str | None = None
    arguments: str | None = None


def llama_tools(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """Declare tools to llama.cpp, with the keys that Go always writes.

    Raises:
        Refusal: 400 when a schema cannot be made a grammar.
    """
    declared = []
    for tool in tools:
        function = tool.function or _Function()
        parameters = {"type": ""} | msgspec.to_builtins(function.parameters or _Parameters())
        parameters.setdefault("properties", None)
        written = {"name": ""} | msgspec.to_builtins(function) | {"parameters": parameters}
        declared.append({"type": tool.type or "", "function": written})
    check_schema(declared, _NO_SCHEMA)
    return declared


def llama_calls(calls: Iterable[ToolCall]) -> list[dict[str, Any]]:
    """Write calls of the history: the arguments are a text there."""
    written = []
    for call in calls:
        function = call.function or CalledFunction()
        arguments = msgspec.json.encode(function.arguments or {}).decode()
        named = {"name": function.name or "", "arguments": arguments}
        written.append({"id": call.id or "", "type": "function", "function": named})
    return written


class CallJoiner:
    """Puts the calls of one answer together."""

    def __init__(self) -> None:
        self._parts: dict[int, tuple[str, str, list[str]]] = {}

    def add(self, deltas: Sequence[CallDelta]) -> None:
        """Take what arrived; the first piece of a call brings its id and name."""
        for delta in deltas:
            function = delta.function or _FunctionDelta()
            _, _, arguments = self._parts.setdefault(delta.index, (delta.id or "", function.name or "", []))
            arguments.append(function.arguments or "")

    def calls(self, *, is_cut: bool) -> list[dict[str, Any]]:
        """The calls, whole, as Ollama lists them.

        Args:
            is_cut: the answer met its limit; a call that was broken off by it is left out.

        Raises:
            Refusal: 500 when the arguments of a call are no JSON object.
        """
        calls = []
        for index, (call_id, name, pieces) in self._parts.items():
            text = "".join(pieces)
            try:
                arguments = msgspec.json.decode(text, type=dict[str, Any])
            except msgspec.DecodeError as exc:
                if is_cut:
                    continue
                raise Refusal(500, f"error parsing tool call: raw='{text}', err={exc}") from exc
            calls.append({"id": call_id, "function": {"index": index, "name": name, "arguments": arguments}})
        return calls
