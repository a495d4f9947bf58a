"""Ollama's JSON, typed: what goes over the wire and nothing else. Names and units are the server's.

Unknown fields of replies are passed over, since newer servers add some. Durations are nanoseconds.
Source: api/types.go of Ollama 0.33, and recordings of a real server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ollama_chat_tui.backends.body import Body, Marks
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.message import Message, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta

_NS = 1_000_000_000
UNREADABLE = (msgspec.DecodeError, RecursionError)
"""What decoding raises: it is no JSON, JSON of another shape, or JSON nested beyond all reason."""


class WireFunction(Struct, omit_defaults=True):
    """`arguments` are sent back even where there are none: older templates would print `null` for them."""

    name: str = ""
    arguments: dict[str, Any] | None = None
    index: int | None = None


class WireToolCall(Struct, omit_defaults=True):
    function: WireFunction
    id: str = ""

    def to_call(self) -> ToolCall:
        return ToolCall(self.function.name, self.function.arguments or {}, self.id)


class WireMessage(Struct, omit_defaults=True):
    """`content` is always sent: a message without it is not what Ollama's templates expect."""

    role: str = ""
    content: str | UnsetType | None = UNSET
    thinking: str | None = ""
    images: Sequence[str] = ()
    tool_calls: Sequence[WireToolCall] | None = ()
    tool_name: str = ""
    tool_call_id: str = ""


class WireChatRequest(Struct):
    """POST /api/chat. Every field but the first three is left out when unset."""

    model: str
    messages: Sequence[WireMessage]
    stream: bool
    tools: Sequence[Mapping[str, object]] | UnsetType = UNSET
    format: str | Mapping[str, object] | UnsetType = UNSET
    options: Mapping[str, object] | UnsetType = UNSET
    think: bool | str | UnsetType = UNSET
    keep_alive: float | str | UnsetType = UNSET
    truncate: bool | UnsetType = UNSET
    shift: bool | UnsetType = UNSET
    logprobs: bool | UnsetType = UNSET
    top_logprobs: int | UnsetType = UNSET


class Refusal(Struct):
    """The shape of every error. `error` is a text, but foreign servers send objects.

    `StatusCode` is told by models that run elsewhere, in a line under 200.
    """

    error: Any = None
    signin_url: str = ""
    status_code: int = msgspec.field(default=0, name="StatusCode")


class ChatLine(Refusal):
    """One line of a reply of /api/chat, or the whole of it when not streamed."""

    model: str = ""
    message: WireMessage | None = None
    done: bool = False
    done_reason: str = ""
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    logprobs: list[Any] | None = None

    def to_delta(self) -> Delta:
        """What the engine wants to know of it."""
        message = self.message
        if message is None:
            return Delta(metrics=self._metrics() if self.done else None)
        return Delta(
            message.content or "",
            message.thinking or "",
            tuple(each.to_call() for each in message.tool_calls) if message.tool_calls else (),
            tuple(self.logprobs) if self.logprobs else (),
            self._metrics() if self.done else None,
        )

    def _metrics(self) -> Metrics:
        return Metrics(
            model=self.model,
            done_reason=self.done_reason,
            load_s=_seconds(self.load_duration),
            prompt_s=_seconds(self.prompt_eval_duration),
            answer_s=_seconds(self.eval_duration),
            total_s=_seconds(self.total_duration),
            prompt_tokens=self.prompt_eval_count,
            answer_tokens=self.eval_count,
        )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / _NS


class ModelDetails(Struct):
    """What a model is made of, as /api/tags, /api/ps and /api/show tell it."""

    format: str = ""
    family: str = ""
    families: list[str] | None = None
    parent_model: str = ""
    parameter_size: str = ""
    quantization_level: str = ""
    context_length: int | None = None
    embedding_length: int | None = None


class InstalledModel(Struct):
    """A model of /api/tags. `size` in bytes; `modified_at` RFC 3339 with the server's offset."""

    name: str
    model: str = ""
    modified_at: str = ""
    size: int = 0
    digest: str = ""
    details: ModelDetails = msgspec.field(default_factory=ModelDetails)
    capabilities: list[str] | None = None
    remote_model: str = ""
    remote_host: str = ""

    @property
    def can_chat(self) -> bool:
        """Whether it answers at all; an old server does not tell, a model for embeddings does not."""
        return self.capabilities is None or "completion" in self.capabilities


class InstalledModels(Struct):
    models: list[InstalledModel] | None = None


class LoadedModel(Struct):
    """A model of /api/ps. Sizes in bytes; `context_length` is the window in force, in tokens."""

    name: str
    model: str = ""
    size: int = 0
    size_vram: int = 0
    digest: str = ""
    details: ModelDetails = msgspec.field(default_factory=ModelDetails)
    expires_at: str = ""
    context_length: int | None = None


class LoadedModels(Struct):
    models: list[LoadedModel] | None = None


class ShownModel(Struct):
    """The reply of /api/show. `messages` are the Modelfile's own, put in front by the server."""

    license: str = ""
    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    details: ModelDetails = msgspec.field(default_factory=ModelDetails)
    messages: list[WireMessage] | None = None
    model_info: dict[str, Any] | None = None
    projector_info: dict[str, Any] | None = None
    capabilities: list[str] | None = None
    modified_at: str = ""
    remote_model: str = ""
    remote_host: str = ""

    @property
    def max_context_tokens(self) -> int | None:
        """The window the model was trained for, not the one that will be allocated."""
        info = self.model_info or {}
        length = info.get(f"{info.get('general.architecture')}.context_length")
        return length if isinstance(length, int) else None


class Version(Struct):
    version: str


class Account(Struct):
    """The reply of /api/me."""

    name: str = ""
    email: str = ""
    plan: str = ""


class StatusLine(Refusal):
    """One line of /api/pull and /api/create. `total` and `completed` in bytes of the layer `digest`."""

    status: str = ""
    digest: str = ""
    total: int = 0
    completed: int = 0


class CreateRequest(Struct, omit_defaults=True):
    """POST /api/create: how a conversation becomes a model."""

    model: str
    from_: str = msgspec.field(name="from")
    system: str = ""
    parameters: Mapping[str, object] = {}
    messages: Sequence[WireMessage] = ()


Reply = TypeVar("Reply")


class Decoder(Generic[Reply]):
    """Decodes one kind of reply, or of line of one."""

    def __init__(self, kind: type[Reply]) -> None:
        self._decode = msgspec.json.Decoder(kind).decode

    def __call__(self, body: bytes) -> Reply:
        """Decode one.

        Bad UTF-8 becomes U+FFFD, as Ollama's own encoder does it; a word is never lost to one bad byte.

        Raises:
            UNREADABLE: it is not of that kind.
        """
        try:
            return self._decode(body)
        except UnicodeDecodeError:
            return self._decode(body.decode("utf-8", "replace"))


_REFUSALS = Decoder(Refusal)


def read_refusal(body: bytes) -> Refusal:
    """Read the body of a refusal; what is no JSON object says nothing."""
    try:
        return _REFUSALS(body)
    except UNREADABLE:
        return Refusal()


def encode(body: object) -> bytes:
    """Encode the body of a request.

    Half a surrogate pair, which Python's texts may hold where bytes were no UTF-8, goes as an escape: the
    server makes U+FFFD of it.
    """
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(body)).encode()


def encode_chat(request: ChatRequest) -> Body:
    """The body of POST /api/chat. What is None in the settings is left to the server."""
    settings = request.settings
    marks = Marks(request.images)
    document = encode(
        WireChatRequest(
            model=settings.model,
            messages=[_with_images(message, marks) for message in request.messages],
            stream=request.stream,
            tools=request.tools or UNSET,
            format=_or_unset(settings.format),
            options=settings.options or UNSET,
            think=_or_unset(settings.think),
            keep_alive=_or_unset(settings.keep_alive),
            truncate=_or_unset(settings.truncate),
            shift=_or_unset(settings.shift),
            logprobs=_or_unset(settings.logprobs),
            top_logprobs=_or_unset(settings.top_logprobs),
        )
    )
    return marks.body(document)


def to_wire(message: Message) -> WireMessage:
    """A message as the server wants it, but for its images."""
    return WireMessage(
        role=message.role.value,
        content=message.content,
        thinking=message.thinking,
        # A tuple, since an empty list is not the default and would be sent.
        tool_calls=tuple(
            WireToolCall(WireFunction(call.name, call.arguments), call.id) for call in message.tool_calls
        ),
        tool_name=message.tool_name,
        tool_call_id=message.tool_call_id,
    )


def _with_images(message: Message, marks: Marks) -> WireMessage:
    """A message with marks for its images; of those that are gone, the model is told."""
    wire = to_wire(message)
    if message.images:
        found, missing = marks.mark(message.images)
        wire.images = tuple(found)  # an empty list would be sent
        told = [f"[The image {image.name} is not there any more.]" for image in missing]
        wire.content = "\n\n".join([*([message.content] if message.content else []), *told])
    return wire


Value = TypeVar("Value")


def _or_unset(value: Value | None) -> Value | UnsetType:
    return UNSET if value is None else value
