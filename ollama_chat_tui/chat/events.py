"""What a turn tells its listeners: the only thing that leaves the engine.

Each reply of the model is any number of `Waiting`, `ThinkingDelta` and `TextDelta`, then one of `Finished`,
`Interrupted` or `Failed`. A finished reply that calls tools is followed by a `ToolAsked` and a `ToolDone` for
each call and by the next reply; `Interrupted` or `Failed`, with that reply again, may come between them.
Between the two stands a `ToolStarted` when the call is run; several may run at once, and their `number` tells
them apart. A reply whose call nobody could read ends with `CallUnreadable` and is followed by another one.
Where a format was asked for, each try begins with `JsonDue`; its last `Finished` is followed by `Judged`, and
that, while there are tries left, by the next try.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ollama_chat_tui.chat.message import Message, ToolCall
from ollama_chat_tui.errors import ChatError
from ollama_chat_tui.schemas.fault import Fault


class Phase(StrEnum):
    """What the server is doing while nothing can be read yet."""

    CONNECTING = "connecting"
    WAITING = "waiting"
    LOADING = "loading the model"
    READING = "reading the prompt"
    ANSWERING = "answering"


class CutBy(StrEnum):
    """Why an answer with `done_reason` length ended."""

    NUM_PREDICT = "num_predict"
    WINDOW = "the context window"


class Metrics(Struct, frozen=True, kw_only=True):
    """What an answer cost. Times are seconds, counts are tokens; None: not known.

    Attributes:
        load_s, prompt_s, answer_s, total_s: measured by the server.
        header_s, first_token_s, last_token_s: measured here, from the moment of sending.
        prompt_tokens: the whole prompt, cached parts included.
        answer_tokens: written tokens, thinking included.
    """

    model: str = ""
    done_reason: str = ""
    cut_by: CutBy | None = None
    load_s: float | None = None
    prompt_s: float | None = None
    answer_s: float | None = None
    total_s: float | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    header_s: float | None = None
    first_token_s: float | None = None
    last_token_s: float | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """The server's own rate of writing; None where it did not say."""
        if not self.answer_tokens or not self.answer_s:
            return None
        return self.answer_tokens / self.answer_s


class Waiting(Struct, frozen=True, tag="waiting"):
    """Nothing to read yet; `elapsed_s` since the request was made."""

    phase: Phase
    elapsed_s: float


class ThinkingDelta(Struct, frozen=True, tag="thinking"):
    """More of the model's reasoning."""

    text: str


class TextDelta(Struct, frozen=True, tag="text"):
    """More of the answer."""

    text: str


class ToolAsked(Struct, frozen=True, tag="tool_asked"):
    """The model wants a function called; `number` counts the calls of a conversation from 1."""

    call: ToolCall
    number: int = 0


class ToolStarted(Struct, frozen=True, tag="tool_started"):
    """A call is running, as `call` has it: the arguments may have been changed by the user."""

    call: ToolCall
    number: int


class ToolDone(Struct, frozen=True, tag="tool_done"):
    """A call has its result, which may say that it was refused.

    Attributes:
        result: what the model reads, cut to what fits into the window.
        seconds: how long it ran; 0 when it did not.
        whole: the result before it was cut.
    """

    call: ToolCall
    result: str
    seconds: float = 0.0
    number: int = 0
    whole: str = ""


class CallUnreadable(Struct, frozen=True, tag="call_unreadable"):
    """The model's tool call was malformed; it is told so, once, and asked again."""

    message: Message
    metrics: Metrics
    error: ChatError


class Finished(Struct, frozen=True, tag="finished"):
    """The answer is whole and part of the conversation."""

    message: Message
    metrics: Metrics
    logprobs: tuple[object, ...] = ()


class JsonDue(Struct, frozen=True, tag="json_due"):
    """The answer that follows is to be JSON."""


class Judged(Struct, frozen=True, tag="judged"):
    """The answer was held against its format: it is valid when there are no `faults`.

    Attributes:
        next_try: the number of the try that follows; 0: none does.
        is_schema: the format was a schema, not any JSON object.
    """

    faults: tuple[Fault, ...] = ()
    next_try: int = 0
    is_schema: bool = True


class Interrupted(Struct, frozen=True, tag="interrupted"):
    """The turn was stopped; what had arrived is part of the conversation."""

    message: Message
    metrics: Metrics


class Failed(Struct, frozen=True, tag="failed"):
    """The turn broke; what had arrived is part of the conversation."""

    message: Message
    metrics: Metrics
    error: ChatError


Event = (
    Waiting
    | ThinkingDelta
    | TextDelta
    | ToolAsked
    | ToolStarted
    | ToolDone
    | CallUnreadable
    | Finished
    | JsonDue
    | Judged
    | Interrupted
    | Failed
)
