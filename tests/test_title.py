from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from ollama_chat_tui.chat.events import Phase
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest, Delta
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.title import LONGEST_TITLE, find_title
from tests.turns import conversation_with


class Saying:
    """A backend that always says the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        self.asked.append(request)
        yield Phase.ANSWERING
        for piece in self.text:
            yield Delta(piece)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Rivers and lakes", "Rivers and lakes"),
        ('"Rivers and lakes."\n\nI hope that helps!', "Rivers and lakes"),
        ("**Title: Rivers**", "Rivers"),
        ("<think>Hm, rivers.</think>\n\nRivers", "Rivers"),
        ("", ""),
        ("\n \n", ""),
        ("word " * 30, ("word " * 12).strip()),
    ],
)
async def test_a_title_is_one_short_line_without_ornaments(text: str, title: str) -> None:
    found = await find_title(conversation_with("Hi"), Settings("m"), Saying(text))
    assert found == title
    assert len(found) <= LONGEST_TITLE


async def test_it_is_asked_for_with_the_options_that_the_model_was_loaded_with() -> None:
    backend, conversation = Saying("Rivers"), conversation_with("x" * 5000)
    conversation.append(Message(Role.ASSISTANT, "Yes."))
    settings = Settings("m", "Be brief.", {"num_ctx": 512, "num_predict": 5}, format="json", keep_alive="1h")
    await find_title(conversation, settings, backend)
    (request,) = backend.asked
    assert request.settings == Settings(
        "m", "", {"num_ctx": 512, "num_predict": 40}, think=False, keep_alive="1h"
    )
    (message,) = request.messages
    assert "assistant: Yes." in message.content
    assert len(message.content) < 1000
