"""A backend that a test feeds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from ollama_chat_tui.chat.events import Metrics, Phase
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta

END = Delta(metrics=Metrics(model="m", done_reason="stop", answer_tokens=2, answer_s=1.0))
Reply = Sequence[Phase | Delta | Exception | None]


class ScriptedBackend:
    """Answers each request by the next reply; None in one means: and now nothing more comes."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[ChatRequest] = []
        self.is_open = False
        self.silent = asyncio.Event()

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        self.requests.append(request)
        self.is_open = True
        try:
            for piece in self.replies.pop(0):
                if piece is None:
                    self.silent.set()
                    await asyncio.Event().wait()
                elif isinstance(piece, Exception):
                    raise piece
                else:
                    yield piece
        finally:
            self.is_open = False


def _fits(backend: ScriptedBackend) -> Backend:
    """Checked by mypy: it is what the engine asks for."""
    return backend
