"""Conversations as other programs keep them: Ollama's request JSON and messages as OpenAI's API has them.

Both are read by the same eyes, since programs mix them. What is missing is at its default; what is there and
makes no sense is a `Misfit` that names its place.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from ollama_chat_tui.chat.image import ImageStore
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.options import OPTION_TYPES
from ollama_chat_tui.sessions.attachments import described

_ROLES: Final[Mapping[str, Role]] = {
    **{role.value: role for role in Role},
    "developer": Role.SYSTEM,
    "function": Role.TOOL,
    "human": Role.USER,
}
_THINKING: Final = ("thinking", "reasoning_content", "reasoning")


class Misfit(Exception):
    """What stands at a place of the file makes no sense; the text says place and fault."""


class Foreign(Struct, frozen=True):
    """A conversation without ids and times.

    Attributes:
        system: the leading system messages, which hold for the whole.
    """

    messages: tuple[Message, ...]
    system: str = ""
    model: str = ""
    title: str = ""
    options: dict[str, object] = {}
    format: str | dict[str, object] | None = None
    think: bool | str | None = None


def read_foreign(data: object, images: ImageStore) -> Foreign:
    """Read a messages array, or an object with one; its images go into `images`.

    Raises:
        Misfit: it is neither, or a message in it makes no sense.
    """
    request: Mapping[str, object] = data if isinstance(data, dict) else {"messages": data}
    listed = request.get("messages")
    if not isinstance(listed, list):
        raise Misfit("has no messages")
    messages = [_message(value, f"messages[{place}]", images) for place, value in enumerate(listed)]
    first = next(
        (place for place, message in enumerate(messages) if message.role is not Role.SYSTEM), len(messages)
    )
    if first == len(messages):
        raise Misfit("has no question and no answer")
    options = request.get("options")
    format_ = request.get("format")
    think = request.get("think")
    return Foreign(
        tuple(messages[first:]),
        "\n\n".join(message.content for message in messages[:first]) or _text(request, "system", "$"),
        _text(request, "model", "$"),
        _text(request, "title", "$"),
        {name: value for name, value in options.items() if name in OPTION_TYPES}
        if isinstance(options, dict)
        else {},
        format_ if isinstance(format_, str | dict) and format_ else None,
        think if isinstance(think, bool | str) else None,
    )


def _message(value: object, place: str, store: ImageStore) -> Message:
    if not isinstance(value, dict):
        raise Misfit(f"has no message at {place}")
    role = value.get("role")
    if not isinstance(role, str) or role.lower() not in _ROLES:
        raise Misfit(f"has a message of nobody at {place}.role")
    content, images = _content(value.get("content"), f"{place}.content")
    listed = value.get("images") or []
    if not isinstance(listed, list):
        raise Misfit(f"has no list of images at {place}.images")
    images += [_image(image, f"{place}.images[{number}]") for number, image in enumerate(listed)]
    return Message(
        _ROLES[role.lower()],
        content,
        next((text for name in _THINKING if (text := _text(value, name, place))), ""),
        tuple(described(base64.b64decode(image), store) for image in images),
        _calls(value, place),
        _text(value, "tool_name", place) or _text(value, "name", place),
        _text(value, "tool_call_id", place),
    )


def _text(value: Mapping[str, object], name: str, place: str) -> str:
    text = value.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise Misfit(f"has no text at {place}.{name}")
    return text


def _content(value: object, place: str) -> tuple[str, list[str]]:
    """A text, or OpenAI's list of parts."""
    if value is None or isinstance(value, str):
        return value or "", []
    if not isinstance(value, list):
        raise Misfit(f"has no text at {place}")
    texts, images = [], []
    for number, part in enumerate(value):
        text, image = _part(part, f"{place}[{number}]")
        texts += [text] if text else []
        images += [image] if image else []
    return "\n\n".join(texts), images


def _part(part: object, place: str) -> tuple[str, str]:
    """A part as text or as base64."""
    if isinstance(part, str):
        return part, ""
    if not isinstance(part, dict):
        raise Misfit(f"has no part of a message at {place}")
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return _text(part, "text", place), ""
        case "refusal":
            return _text(part, "refusal", place), ""
        case "image_url" | "input_image":
            url = part.get("image_url")
            url = url.get("url") if isinstance(url, dict) else url
            if isinstance(url, str) and not url.lower().startswith("data:"):
                return f"[image: {url}]", ""  # fetching it would tell a stranger who reads what
            return "", _image(url, place)
        case "input_audio":
            sound = part.get("input_audio")
            return "", _image(sound.get("data") if isinstance(sound, dict) else None, place)
        case kind:
            raise Misfit(f"has a part of the unknown kind {kind} at {place}")


def _image(value: object, place: str) -> str:
    """Base64 with or without `data:…;base64,` before it, as Ollama wants it."""
    if not isinstance(value, str):
        raise Misfit(f"has no image at {place}")
    head, comma, rest = value.partition(",")
    encoded = rest if comma and head.lower().startswith("data:") else value
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Misfit(f"has an image that is not base64 at {place}") from exc
    return base64.b64encode(data).decode()


def _calls(value: Mapping[str, object], place: str) -> tuple[ToolCall, ...]:
    listed = value.get("tool_calls") or []
    if not isinstance(listed, list):
        raise Misfit(f"has no list of calls at {place}.tool_calls")
    calls = [_call(call, f"{place}.tool_calls[{number}]") for number, call in enumerate(listed)]
    if value.get("function_call"):
        calls.append(_call({"function": value["function_call"]}, f"{place}.function_call"))
    return tuple(calls)


def _call(value: object, place: str) -> ToolCall:
    function = value.get("function") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(function, dict):
        raise Misfit(f"has no call at {place}")
    arguments = function.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError) as exc:
            raise Misfit(f"has arguments that are not JSON at {place}") from exc
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        raise Misfit(f"has arguments that are no object at {place}")
    name = _text(function, "name", place)
    if not name:
        raise Misfit(f"has a call of nothing at {place}")
    return ToolCall(name, arguments, _text(value, "id", place))
