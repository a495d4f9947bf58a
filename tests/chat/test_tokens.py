from __future__ import annotations

import pytest

from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.tokens import IMAGE_TOKENS, MESSAGE_TOKENS, estimate_message, estimate_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("漢字", 2),
        ("漢字 and", 3),
        ("é" * 4, 2),
        ("🎉", 1),
        ("\ud800", 1),
    ],
)
def test_a_text_is_about_so_many_tokens(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


def test_images_calls_and_what_a_template_adds_count_too() -> None:
    assert estimate_message(Message(Role.USER, "abcd")) == MESSAGE_TOKENS + 1
    assert (
        estimate_message(Message(Role.USER, images=(Image("a" * 64, "image/png"),)))
        == MESSAGE_TOKENS + IMAGE_TOKENS
    )
    call = Message(Role.ASSISTANT, thinking="abcd", tool_calls=(ToolCall("look", {"a": 1}),))
    assert estimate_message(call) > MESSAGE_TOKENS + 1
