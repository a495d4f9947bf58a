"""The requests the embedded engine understands, typed as Ollama's Go structs are, and first checks on them.

Unknown keys are ignored and nulls stand for "not given". Nothing here knows a model.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, TypeVar

import msgspec

from ollama_chat_tui.backends.embedded.calls import Tool, ToolCall
from ollama_chat_tui.backends.embedded.duration import read_keep_alive
from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.backends.embedded.schema import check_schema

_THINK_VALUES = '"high", "medium", "low", "max", true, or false'
_NO_FORMAT = (b"", b"null", b'""')

Request = TypeVar("Request", bound=msgspec.Struct)


class Message(msgspec.Struct):
    """One message, as far as a model without images and thinking reads it."""

    role: str | None = None
    content: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class ChatRequest(msgspec.Struct):
    """The body of `/api/chat`."""

    model: str | None = None
    messages: list[Message] | None = None
    stream: bool | None = None
    format: msgspec.Raw = msgspec.Raw(b"")
    keep_alive: Any = None
    tools: list[Tool] | None = None
    options: dict[str, Any] | None = None
    think: Any = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None

    def check(self) -> None:
        """Check what is wrong whatever the model.

        Raises:
            Refusal: 400.
        """
        _check_think(self.think)
        read_keep_alive(self.keep_alive)
        for message in self.messages or ():
            for image in message.images or ():
                _check_base64(image)
        if not 0 <= (self.top_logprobs or 0) <= 20:
            raise Refusal(400, "top_logprobs must be between 0 and 20")

    def schema(self) -> dict[str, Any] | None:
        """Return the schema the answer must fit, an empty one for any JSON object, None for free text.

        Raises:
            Refusal: 500 when `format` is neither, 400 when the schema cannot be used.
        """
        raw = bytes(self.format)
        if raw in _NO_FORMAT:
            return None
        if raw == b'"json"':
            return {}
        if not raw.startswith(b"{"):
            quoted = json.dumps(raw.decode(), ensure_ascii=False)
            raise Refusal(500, f'invalid format: {quoted}; expected "json" or a valid JSON Schema object')
        schema: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
        check_schema(schema)
        return schema


class ShowRequest(msgspec.Struct):
    """The body of `/api/show`; `name` is the old spelling."""

    model: str | None = None
    name: str | None = None


def decode(body: bytes, kind: type[Request]) -> Request:
    """Read a request's body.

    Raises:
        Refusal: 400; the reason is worded by msgspec, where Ollama's is worded by Go.
    """
    if not body.strip():
        raise Refusal(400, "missing request body")
    if body.strip() == b"null":
        return kind()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as exc:
        raise Refusal(400, f"json: cannot unmarshal request: {exc}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Refusal(400, str(exc)) from exc


def required_name(name: str | None) -> str:
    """Return the name of the model asked for.

    Raises:
        Refusal: 400 when there is none.
    """
    if not (name or "").strip():
        raise Refusal(400, "model is required")
    return name or ""


def _check_think(think: object) -> None:
    if think is None or isinstance(think, bool):
        return
    if not isinstance(think, str):
        raise Refusal(400, f"think must be a boolean or string ({_THINK_VALUES})")
    if think not in ("high", "medium", "low", "max"):
        raise Refusal(400, f"invalid think value: {json.dumps(think)} (must be {_THINK_VALUES})")


def _check_base64(image: str) -> None:
    try:
        base64.b64decode("".join(image.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n"
        bad = next((i for i, byte in enumerate(image.encode()) if byte not in alphabet), len(image))
        raise Refusal(400, f"illegal base64 data at input byte {bad}") from exc
