"""What the next turn would send, to be read by a person."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ollama_chat_tui.chat.message import Message
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.tokens import IMAGE_TOKENS, estimate_message, estimate_tokens
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.media.size import size_text

LONGEST_EXCERPT = 60


def request_text(request: ChatRequest, window_tokens: int | None) -> str:
    """Messages with the tokens they are likely to be, options, tools and the rest; a row each."""
    rows = [("", "role", "~tokens", "text")]
    total = 0
    for number, message in enumerate(request.messages, 1):
        tokens = estimate_message(message)
        total += tokens
        rows.append((str(number), message.role.value, str(tokens), excerpt(message)))
        rows += [
            ("", "", str(IMAGE_TOKENS), f"image, {size_text(image.size_bytes)}") for image in message.images
        ]
    tools = estimate_tokens(msgspec.json.encode(request.tools).decode()) if request.tools else 0
    window = f" of {window_tokens} in the window" if window_tokens else ""
    lines = [*in_columns(rows), "", f"About {total + tools} tokens{window}, images and tools included."]
    return "\n".join([*lines, *in_columns([*_facts(request)])])


def request_json(request: Mapping[str, object]) -> str:
    """The body itself, indented; images by their size."""
    body = {**request, "messages": [_without_images(message) for message in _messages(request)]}
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


def excerpt(message: Message) -> str:
    """The beginning of what a message says, on one row."""
    calls = ", ".join(f"calls {call.name}" for call in message.tool_calls)
    text = " ".join((message.content or calls or "nothing").split())
    return text if len(text) <= LONGEST_EXCERPT else f"{text[:LONGEST_EXCERPT]}…"


def _facts(request: ChatRequest) -> list[tuple[str, str]]:
    settings = request.settings
    schema = "a schema" if isinstance(settings.format, Mapping) else settings.format
    facts = {
        "model": settings.model,
        "options": ", ".join(f"{name} {value}" for name, value in settings.options.items()),
        "format": schema,
        "think": settings.think,
        "keep-alive": settings.keep_alive,
        "tools": ", ".join(_tool_name(tool) for tool in request.tools),
    }
    return [(name, str(value)) for name, value in facts.items() if value not in (None, "")]


def _tool_name(tool: Mapping[str, object]) -> str:
    function = tool.get("function")
    return str(function.get("name", "")) if isinstance(function, Mapping) else ""


def _messages(request: Mapping[str, object]) -> list[Mapping[str, object]]:
    messages = request.get("messages")
    return messages if isinstance(messages, list) else []


def _without_images(message: Mapping[str, object]) -> Mapping[str, object]:
    images = message.get("images")
    if not isinstance(images, list):
        return message
    return {**message, "images": [f"(base64, {size_text(_bytes(str(image)))})" for image in images]}


def _bytes(base64_text: str) -> int:
    return len(base64_text) * 3 // 4
