"""What a tool is, wherever it comes from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ollama_chat_tui.chat.protocols import ToolFacts

Arguments = Mapping[str, object]


class ToolFailure(Exception):
    """A call that came to nothing; the text is for the model, which may correct itself by it."""


@dataclass(frozen=True)
class Tool:
    """A function a model may call.

    Attributes:
        description, parameters: what the model is told; a foreign text and a JSON Schema.
        run: takes the arguments as the model wrote them, unchecked; raises `ToolFailure`.
        explain: what a call will do, in our own words; None where only its author could say.
        subject: the parameter that says what a call is about, by which one may be allowed: a command, a path.
        always_asks: whether nothing but that exact call can be allowed for good.
        time_limit_s: when a call is cancelled.
    """

    name: str
    description: str
    parameters: Mapping[str, object]
    run: Callable[[Arguments], Awaitable[str]]
    facts: ToolFacts = field(default_factory=ToolFacts)
    explain: Callable[[Arguments], str] | None = None
    subject: str = ""
    always_asks: bool = False
    time_limit_s: float = 60.0

    def declaration(self) -> dict[str, object]:
        """The tool as Ollama's API has it."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}
