"""How the tests talk to the embedded engine."""

from __future__ import annotations

import json
from typing import Any

import httpx

NAME = "smollm2:135m"


def body(question: str = "Why is the sky blue?", **fields: Any) -> dict[str, Any]:
    """Make a request that is answered shortly, the same each time, and leaves a processor to other tests."""
    options = {"temperature": 0, "seed": 1, "num_predict": 8, "num_ctx": 512, "num_thread": 1}
    options |= fields.pop("options", {})
    messages = fields.pop("messages", [{"role": "user", "content": question}])
    return {"model": NAME, "messages": messages, "options": options} | fields


async def ask(
    client: httpx.AsyncClient, question: str = "Why is the sky blue?", **fields: Any
) -> dict[str, Any]:
    """Ask without streaming and expect an answer."""
    response = await client.post("/api/chat", json=body(question, **fields) | {"stream": False})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def refused(client: httpx.AsyncClient, **fields: Any) -> tuple[int, str]:
    """Ask and expect to be turned down: status and text."""
    response = await client.post("/api/chat", json=body(**fields))
    return response.status_code, response.json()["error"]


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    """Split NDJSON."""
    return [json.loads(line) for line in response.content.split(b"\n") if line]


async def running(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return what `/api/ps` lists."""
    models: list[dict[str, Any]] = (await client.get("/api/ps")).json()["models"]
    return models
