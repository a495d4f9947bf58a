"""A request the embedded engine turns down, in Ollama's status codes and words. Knows nothing of httpx."""

from __future__ import annotations

import msgspec


class Refusal(Exception):
    """Becomes `{"error": text}` with an HTTP status; it never leaves the transport."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def refuse_as_llama(error: dict[str, object]) -> Refusal:
    """Wrap an error object of llama.cpp as Ollama does: its JSON, once more as a string."""
    code = error.get("code")
    text = msgspec.json.encode({"error": error}).decode()
    return Refusal(code if isinstance(code, int) else 500, text)


def refuse_request(message: str) -> Refusal:
    """Word what llama-server calls an invalid request."""
    return refuse_as_llama({"code": 400, "message": message, "type": "invalid_request_error"})
