"""What the engine needs from others: a backend, a toolbox, an approver, a clock. Others fill them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Protocol

from msgspec import Struct, field, structs

from ollama_chat_tui.chat.events import Metrics, Phase
from ollama_chat_tui.chat.image import ImageStore, MemoryImages
from ollama_chat_tui.chat.message import Message, ToolCall
from ollama_chat_tui.chat.settings import Settings

Clock = Callable[[], float]
"""Monotonic seconds."""
Window = Callable[[str], Awaitable[int | None]]
"""How many tokens fit into the window of a loaded model; None: not known. Raises only `BackendError`."""


class ChatRequest(Struct, frozen=True):
    """One question to a backend: the whole history, since the API keeps no state.

    Attributes:
        tools: declarations as Ollama's API has them.
        stream: whether the answer is wanted piece by piece.
        images: where the bytes are that the messages name.
    """

    settings: Settings
    messages: Sequence[Message]
    tools: Sequence[Mapping[str, object]] = ()
    stream: bool = True
    images: ImageStore = field(default_factory=MemoryImages)

    def with_model(self, model: str) -> ChatRequest:
        """The same question; to `model`, unless it names one."""
        return (
            self
            if self.settings.model
            else structs.replace(self, settings=replace(self.settings, model=model))
        )

    def with_options(self, options: Mapping[str, object]) -> ChatRequest:
        """The same question with other options."""
        return structs.replace(self, settings=replace(self.settings, options=options))


class Delta(Struct, frozen=True):
    """A piece of an answer; the last one, and only it, carries `metrics`."""

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[object, ...] = ()
    metrics: Metrics | None = None


class Backend(Protocol):
    """A way to reach a model."""

    def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        """Ask; closing the generator stops the model.

        Yields phases until the answer begins, then its pieces. Raises `BackendError` and nothing else.
        """
        ...


class Effect(StrEnum):
    """What a call does to the world."""

    READS = "reads"
    UNKNOWN = "unknown"
    CHANGES = "changes"


class ToolFacts(Struct, frozen=True):
    """What the engine must know of a tool, wherever it comes from.

    Attributes:
        effect: calls that only read run beside each other; after one that changes something, an answer that
            was given before no longer holds.
        is_repeatable: whether the same call may have another answer the next time, as the time of day has.
    """

    effect: Effect = Effect.UNKNOWN
    is_repeatable: bool = False


class Toolbox(Protocol):
    """Functions a model may call."""

    def declarations(self) -> Sequence[Mapping[str, object]]:
        """The tools as Ollama's API wants them; empty for none."""
        ...

    def facts(self) -> Mapping[str, ToolFacts]:
        """The tools that may be called, by name."""
        ...

    async def run(self, call: ToolCall) -> str:
        """Run a call and return what the model is to read; a failure is a text too.

        Cancelling stops the call, with everything that it started.
        """
        ...


class Refused(Struct, frozen=True):
    """A call that is not to be run.

    Attributes:
        reason: what the model is told.
        ends_turn: whether the whole turn is to stop.
    """

    reason: str
    ends_turn: bool = False


class Approver(Protocol):
    """Who decides whether a call is run."""

    async def decide(self, call: ToolCall) -> ToolCall | Refused:
        """The call that may run, perhaps with other arguments, or why none may."""
        ...

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        """Whether the turn goes on although the same call came for the `times`th time."""
        ...
