"""The lines of a session file, one type a kind, as docs/session-format.md describes them.

A line is a JSON object whose `kind` says which of these it is. What is at its default is left out. Times
are UTC. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.image import Image, ImageStore
from ollama_chat_tui.chat.message import Ending, Message, Role, ToolCall
from ollama_chat_tui.chat.settings import Settings

FORMAT_VERSION = 1


class StoredMetrics(Metrics, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer cost, without what is not known."""


class Opened(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="opened"):
    """A process began to write; the first line of a file is one of these.

    Attributes:
        version: of the format.
        program: the version of ollama-chat.
    """

    version: int
    id: str
    at: datetime
    program: str = ""


class SettingsChanged(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="settings"):
    """What holds for every message after it, until the next of these; always whole.

    Attributes:
        digest: of the model, as the server has it; empty where it does not say.
        host: who answers: an address, or what stands for the embedded engine.
        server: the version of the server.
    """

    at: datetime
    model: str
    digest: str = ""
    host: str = ""
    server: str = ""
    system: str = ""
    options: dict[str, object] = {}
    format: str | dict[str, object] | None = None
    format_in_prompt: bool = True
    format_retries: int = 0
    think: bool | str | None = None
    keep_alive: float | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None

    @classmethod
    def of(cls, settings: Settings, at: datetime, digest: str, host: str, server: str) -> SettingsChanged:
        """The record of what holds."""
        values = {name: getattr(settings, name) for name in Settings.__dataclass_fields__}
        plain = {name: dict(value) for name, value in values.items() if isinstance(value, Mapping)}
        return cls(at=at, digest=digest, host=host, server=server, **{**values, **plain})

    @property
    def settings(self) -> Settings:
        """The same for the engine."""
        values = msgspec.structs.asdict(self)
        return Settings(**{name: values[name] for name in Settings.__dataclass_fields__})


class Said(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="message"):
    """A message and its place in the tree; it is the head from here on.

    Attributes:
        parent: the message before it, None at a root.
        images: what they are; their bytes lie in `attachments/`, by their SHA-256.
        metrics: what the answer cost, where it is one and that is known.
        whole: a tool's result, where the model was given less of it.
    """

    id: str
    parent: str | None
    at: datetime
    role: Role
    content: str = ""
    thinking: str = ""
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""
    ending: Ending = Ending.COMPLETE
    metrics: StoredMetrics | None = None
    whole: str = ""

    def message(self) -> Message:
        """The message for the core."""
        return Message(
            self.role,
            self.content,
            self.thinking,
            self.images,
            self.tool_calls,
            self.tool_name,
            self.tool_call_id,
            self.ending,
            self.whole,
        )


class Partial(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="partial"):
    """What came of an answer since the last of these; the `message` line of the same id replaces them all.

    Attributes:
        parent: on the first of them, the message before the answer.
    """

    id: str
    at: datetime
    parent: str | None = None
    content: str = ""
    thinking: str = ""


class HeadMoved(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="head"):
    """The next message goes after that one; None: it begins anew."""

    id: str | None
    at: datetime


class Titled(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="title"):
    """The session has a title; an empty one takes it away."""

    title: str
    at: datetime


class Tagged(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="tag"):
    """The session has a tag, or has it no more."""

    tag: str
    at: datetime
    removed: bool = False


class TornBefore(Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="torn"):
    """The line before this one was never finished; it has that many bytes."""

    bytes: int
    at: datetime


Record = Opened | SettingsChanged | Said | Partial | HeadMoved | Titled | Tagged | TornBefore


class Item(NamedTuple):
    """A record, and where the bytes of its images are, which must be on disk before it."""

    record: Record
    images: ImageStore | None = None


class Unknown(Struct, frozen=True):
    """A line of a kind that this version does not know, word for word."""

    kind: str
    line: bytes


class NotARecord(Exception):
    """The bytes are no line of a session."""


class _Kind(Struct):
    kind: str


_KINDS = frozenset(type_.__struct_config__.tag for type_ in Record.__args__)
_decoder: msgspec.json.Decoder[Record] = msgspec.json.Decoder(Record)
_kind_decoder = msgspec.json.Decoder(_Kind)
_encoder = msgspec.json.Encoder()
_BAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode(line: bytes) -> Record | Unknown:
    """Read one line without its end.

    Raises:
        NotARecord: it is damaged.
    """
    try:
        return _decoder.decode(line)
    except _BAD as exc:
        try:
            kind = _kind_decoder.decode(line).kind
        except _BAD:
            raise NotARecord(str(exc)) from exc
        if kind in _KINDS:
            raise NotARecord(str(exc)) from exc
        return Unknown(kind, line)


def encode(record: Record) -> bytes:
    """One line with its end; what UTF-8 cannot say is replaced."""
    try:
        return _encoder.encode(record) + b"\n"
    except UnicodeEncodeError:  # a lone surrogate, from a name of a file or from a model
        import json  # 4 ms for what never happens

        text = json.dumps(msgspec.to_builtins(record), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace") + b"\n"
