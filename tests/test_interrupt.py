"""Signals and cancellation, on a loop of their own."""

from __future__ import annotations

import asyncio
import signal

import pytest

from ollama_chat_tui.interrupt import cancelled_by_ctrl_c


async def test_the_work_that_ctrl_c_stopped_is_gone_on_from() -> None:
    with cancelled_by_ctrl_c() as interruption:
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            interruption.absorb()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


async def test_a_cancellation_by_somebody_else_goes_on_beside_ctrl_c() -> None:
    async def work() -> None:
        with cancelled_by_ctrl_c() as interruption:
            try:
                started.set()
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                interruption.press()
                interruption.absorb()

    started = asyncio.Event()
    task = asyncio.create_task(work())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
