"""How long the model stays loaded, and what `/api/ps` tells of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.backends.embedded.asking import NAME, ask, body, running


async def reply(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/api/chat", json={"model": "SmolLM2:135M", **fields})
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    answer: dict[str, Any] = response.json()
    return answer


async def seconds_left(client: httpx.AsyncClient) -> float:
    (model,) = await running(client)
    return (datetime.fromisoformat(model["expires_at"]) - datetime.now().astimezone()).total_seconds()


async def gone(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10):
        while await running(client):  # noqa: ASYNC110 - the event lies behind HTTP
            await asyncio.sleep(0.01)


async def test_a_request_without_messages_loads(client: httpx.AsyncClient) -> None:
    assert await running(client) == []
    for fields in ({}, {"messages": None}, {"messages": [], "stream": True}):
        answer = await reply(client, **fields)
        del answer["created_at"]
        assert answer == {
            "model": "SmolLM2:135M",
            "message": {"role": "assistant", "content": ""},
            "done": True,
            "done_reason": "load",
        }
    (model,) = await running(client)
    assert (model["name"], model["context_length"], model["size_vram"]) == (NAME, 4096, 0)
    assert model["details"]["family"] == "llama"


async def test_keep_alive_0_without_messages_unloads(client: httpx.AsyncClient) -> None:
    await reply(client)
    for _ in range(2):  # the second time there is nothing to unload
        assert (await reply(client, keep_alive=0))["done_reason"] == "unload"
        assert await running(client) == []


async def test_keep_alive_0_with_a_message_unloads_after_the_answer(client: httpx.AsyncClient) -> None:
    assert (await ask(client, keep_alive=0))["message"]["content"]
    assert await running(client) == []


async def test_the_model_stays_five_minutes_if_nothing_else_is_said(client: httpx.AsyncClient) -> None:
    await ask(client)
    assert 290 < await seconds_left(client) <= 300


async def test_keep_alive_sticks_until_the_model_is_unloaded(client: httpx.AsyncClient) -> None:
    await reply(client, keep_alive="20m")
    await ask(client)
    assert 1190 < await seconds_left(client) <= 1200
    await reply(client, keep_alive=0)
    await ask(client)
    assert 290 < await seconds_left(client) <= 300


async def test_a_negative_keep_alive_is_for_ever(client: httpx.AsyncClient) -> None:
    await reply(client, keep_alive=-1)
    (model,) = await running(client)
    assert datetime.fromisoformat(model["expires_at"]).year > 2300


async def test_the_model_goes_when_its_time_is_over_and_comes_back(client: httpx.AsyncClient) -> None:
    await ask(client, keep_alive="50ms")
    assert await seconds_left(client) < 1
    await gone(client)
    assert (await ask(client))["done"]


async def test_the_time_starts_when_the_answer_ends(client: httpx.AsyncClient) -> None:
    async with client.stream("POST", "/api/chat", json=body(keep_alive="100ms")) as response:
        async for _ in response.aiter_bytes():
            assert await seconds_left(client) > 0
            await asyncio.sleep(0.05)
    await gone(client)


@pytest.mark.parametrize("again", [True, False])
async def test_a_request_stops_the_clock(client: httpx.AsyncClient, again: bool) -> None:
    await reply(client, keep_alive="200ms")
    if again:
        await reply(client, keep_alive="10m")
    await asyncio.sleep(0.4)
    assert bool(await running(client)) == again
