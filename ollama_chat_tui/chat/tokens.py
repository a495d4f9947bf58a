"""How many tokens a text is likely to be. An estimate: only the server has the model's tokenizer."""

from __future__ import annotations

import re

from ollama_chat_tui.chat.message import Message

IMAGE_TOKENS = 768
"""What Ollama's server itself counts for an image when it looks whether a prompt fits."""
MESSAGE_TOKENS = 4
"""What a chat template puts around a message: the role and two marks."""

_DENSE = re.compile(r"[ᄀ-ᇿ⺀-鿿가-힣豈-﫿＀-￯\U0001f000-\U0003ffff]")


def estimate_tokens(text: str) -> int:
    """About four bytes a token, and one token for a character of Chinese, Japanese, Korean or an emoji."""
    if text.isascii():
        return -(-len(text) // 4)
    thin, dense = _DENSE.subn("", text)
    return dense + -(-len(thin.encode(errors="replace")) // 4)


def estimate_message(message: Message) -> int:
    """The whole of a message with its images, as a prompt has it."""
    calls = sum(estimate_tokens(f"{call.name}{call.arguments}") for call in message.tool_calls)
    text = estimate_tokens(message.content) + estimate_tokens(message.thinking)
    return MESSAGE_TOKENS + text + calls + IMAGE_TOKENS * len(message.images)
