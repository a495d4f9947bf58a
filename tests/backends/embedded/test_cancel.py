"""An answer that is given up: llama.cpp must stop, and the next request must be answered."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from ollama_chat_tui.backends.embedded.model import EmbeddedModel
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport
from tests.backends.embedded.asking import ask, body
from tests.backends.embedded.conftest import connect

ENDLESS = body(
    format={"type": "array", "items": {"type": "integer"}, "minItems": 1000},
    options={"num_predict": -1, "num_ctx": 8192},
)
LONG_PROMPT = body("sea fish " * 3000, options={"num_ctx": 8192})
QUIET_S = 0.4


async def assert_idle_within(seconds: float) -> None:
    """Wait until this process uses next to no CPU time over a moment."""
    deadline = time.monotonic() + seconds
    used = QUIET_S
    while used > QUIET_S / 10:
        assert time.monotonic() < deadline, f"{used:.2f} s of CPU in {QUIET_S} s"
        before = time.process_time()
        await asyncio.sleep(QUIET_S)
        used = time.process_time() - before


async def test_closing_the_response_stops_the_answer(client: httpx.AsyncClient) -> None:
    async with client.stream("POST", "/api/chat", json=ENDLESS) as response:
        assert await _read(response, 5) == 5
    await assert_idle_within(3)
    assert (await ask(client, options={"num_ctx": 8192}))["done"]


async def test_cancelling_the_task_stops_the_answer(client: httpx.AsyncClient) -> None:
    for stream in (True, False):
        task = asyncio.create_task(client.post("/api/chat", json=ENDLESS | {"stream": stream}))
        await asyncio.sleep(1)  # loaded and writing by now; if not, it is stopped all the same
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await assert_idle_within(3)


async def test_cancelling_while_the_prompt_is_read_stops_it(client: httpx.AsyncClient) -> None:
    await client.post("/api/chat", json=LONG_PROMPT | {"messages": []})
    task = asyncio.create_task(client.post("/api/chat", json=LONG_PROMPT))
    await asyncio.sleep(0.5)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    used = time.process_time()
    assert (await ask(client, options={"num_ctx": 8192}))["done"]
    assert time.process_time() - used < 12  # reading all of the prompt takes more than 30


async def test_cancelling_while_the_model_is_loaded_begins_no_answer(client: httpx.AsyncClient) -> None:
    for pause_s in (0, 0.05, 0.1):
        task = asyncio.create_task(client.post("/api/chat", json=ENDLESS))
        await asyncio.sleep(pause_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await client.post("/api/chat", json=ENDLESS | {"messages": [], "keep_alive": 0})


async def test_a_request_given_up_in_the_queue_is_never_begun(client: httpx.AsyncClient) -> None:
    async with client.stream("POST", "/api/chat", json=ENDLESS) as response:
        await _read(response, 1)
        waiting = asyncio.create_task(client.post("/api/chat", json=ENDLESS | {"stream": False}))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert (await ask(client, options={"num_ctx": 8192}))["done"]


async def test_closing_the_transport_ends_the_answer_and_the_thread(model: EmbeddedModel) -> None:
    async with connect(model) as client, client.stream("POST", "/api/chat", json=ENDLESS) as response:
        written = response.aiter_bytes()
        await anext(written)
        async with asyncio.timeout(5):
            await client._transport.aclose()
            *_, last = [part async for part in written]
        assert b"model runner has unexpectedly stopped" in last
    await assert_idle_within(3)


async def test_closing_the_transport_answers_those_who_wait(model: EmbeddedModel) -> None:
    async with connect(model) as client:
        waiting = [
            asyncio.create_task(client.post("/api/chat", json=ENDLESS | {"stream": stream}))
            for stream in (False, True)
        ]
        await asyncio.sleep(0.1)
        await client._transport.aclose()
        async with asyncio.timeout(5):
            for response in await asyncio.gather(*waiting):
                assert "model runner has unexpectedly stopped" in response.text


async def test_a_transport_never_used_closes(model: EmbeddedModel) -> None:
    await EmbeddedTransport(model).aclose()


async def _read(response: httpx.Response, count: int) -> int:
    """Read lines and leave the rest."""
    arrived = 0
    async for _ in response.aiter_bytes():
        arrived += 1
        if arrived == count:
            break
    return arrived
