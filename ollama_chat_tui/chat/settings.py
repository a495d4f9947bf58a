"""What holds for the next turn: the model and how it is asked. A value, never changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """The request but for its messages and tools; None means: not sent, the server decides.

    Attributes:
        options: Ollama's model options by name, checked by `chat.options`.
        format: `"json"` or a JSON Schema.
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
    think: bool | str | None = None
    keep_alive: float | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
