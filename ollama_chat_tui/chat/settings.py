"""What holds for the next turn: the model and how it is asked. A value, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True)
class Settings:
    """The request but for its messages and tools; None means: not sent, the server decides.

    Attributes:
        options: Ollama's model options by name, checked by `chat.options`.
        format: `"json"` or a JSON Schema.
        format_in_prompt: whether the model is told the format in words; the server itself does not.
        format_retries: how often an answer that does not fit the format is asked for again.
        think: on, off, or an effort: low, medium, high, max.
        keep_alive: seconds, or a Go duration such as `"1h30m"`; negative is for ever.
        truncate: whether the server may drop old messages that do not fit.
        shift: whether an answer may slide past the end of the window.
        top_logprobs: alternatives for each token, 0 to 20; wants `logprobs`.
    """

    model: str
    system: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    format: str | Mapping[str, object] | None = None
    format_in_prompt: bool = True
    format_retries: int = 0
    think: bool | str | None = None
    keep_alive: float | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None

    @property
    def format_request(self) -> str:
        """What is added to the question, so that the model knows the format; may be empty."""
        if not self.format or not self.format_in_prompt:
            return ""
        if self.format == "json":
            return "Answer with a JSON object and nothing else."
        schema = msgspec.json.encode(self.format).decode()
        return f"Answer with JSON that fits this JSON Schema, and nothing else:\n{schema}"
