"""What llama.cpp throws becomes one of its refusals."""

from __future__ import annotations

import asyncio

from ollama_chat_tui.backends.embedded.engine import _attempt, _Call
from ollama_chat_tui.backends.embedded.refusal import Refusal


async def test_an_exception_of_cpp_is_a_refusal_and_the_end_comes_all_the_same() -> None:
    def work(_: _Call) -> None:
        raise RuntimeError("the vocabulary is gone")

    call = _Call()
    await asyncio.to_thread(_attempt, work, call)
    refusal, end = await call.items.get(), await call.items.get()
    assert isinstance(refusal, Refusal)
    assert refusal.status == 500
    assert "the vocabulary is gone" in refusal.text
    assert end is None


async def test_a_call_nobody_waits_for_is_given_up() -> None:
    call = _Call()
    loop = asyncio.new_event_loop()
    loop.close()
    call._loop = loop
    assert call.deliver({"choices": []})
    assert call.stopped.is_set()
