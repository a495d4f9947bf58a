"""What the engine needs from others: a backend, a toolbox, an approver, a clock. Others fill them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from msgspec import Struct, field, structs

from ollama_chat_tui.chat.events import Metrics, Phase
from ollama_chat_tui.chat.image import ImageStore, MemoryImages
from ollama_chat_tui.chat.message import Message, ToolCall
from ollama_chat_tui.chat.settings import Settings

Clock = Callable[[], float]
"""Monotonic seconds."""


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


class Toolbox(Protocol):
    """Functions a model may call."""

    def declarations(self) -> Sequence[Mapping[str, object]]:
        """The tools as Ollama's API wants them; empty for none."""
        ...

    async def run(self, call: ToolCall) -> str:
        """Run a call and return what the model is to read; a failure is a text too."""
        ...


class Approver(Protocol):
    """Who decides whether a call is run."""

    async def refusal(self, call: ToolCall) -> str | None:
        """None when the call may run, else the reason that the model is told."""
        ...
