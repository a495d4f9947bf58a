from __future__ import annotations

import json

from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.request_view import LONGEST_EXCERPT, request_json, request_text

IMAGES = MemoryImages()
REQUEST = ChatRequest(
    Settings("m", options={"seed": 7}, format={"type": "object"}, think=False),
    [
        Message(Role.SYSTEM, "Be brief."),
        Message(
            Role.USER,
            "What\nis this? " + "x" * 100,
            images=(Image(IMAGES.keep(bytes(3000)), "image/png", "a.png", 3000),),
        ),
        Message(Role.ASSISTANT, tool_calls=(ToolCall("look", {"at": "it"}),)),
        Message(Role.TOOL, "A cat.", tool_name="look"),
    ],
    [{"type": "function", "function": {"name": "look"}}],
    images=IMAGES,
)


def test_every_message_has_a_row_with_its_tokens_and_every_image_one() -> None:
    lines = request_text(REQUEST, 4096).splitlines()
    assert lines[1].split() == ["1", "system", "7", "Be", "brief."]
    assert lines[2].split()[:4] == ["2", "user", "801", "What"]
    assert lines[2].endswith("…")
    assert len(lines[2]) < LONGEST_EXCERPT + 30
    assert lines[3].split() == ["768", "image,", "3.0", "KB"]
    assert "calls look" in lines[4]
    assert "of 4096 in the window" in lines[7]
    assert lines[8:] == [
        "model    m",
        "options  seed 7",
        "format   a schema",
        "think    False",
        "tools    look",
    ]


def test_raw_is_the_body_itself_but_for_the_bytes_of_images() -> None:
    body = json.loads(b"".join(encode_chat(REQUEST)))
    shown = json.loads(request_json(body))
    assert shown["messages"][1]["images"] == ["(base64, 3.0 KB)"]
    shown["messages"][1]["images"] = body["messages"][1]["images"]
    assert shown == body
