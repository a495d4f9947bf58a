"""Waiting for what has no event of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.scripted_replies import PATIENCE_S


async def until(holds: Callable[[], bool]) -> None:
    """Let others run until a predicate holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110  what is looked at is no task's, but a screen
            await asyncio.sleep(0.005)
