"""Work that blocks, beside the event loop and not in the way of an end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Do `work` in a thread and return what it returns, or raise what it raises.

    Cancelled, this returns at once and the work is left to itself. Its thread is a daemon, since
    `asyncio.to_thread` would make the program wait at its end for a disk that does not answer.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def settle(result: Result | None, error: Exception | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None where the work returns None

    def run() -> None:
        try:
            outcome: tuple[Result | None, Exception | None] = work(), None
        except Exception as exc:  # noqa: BLE001  whatever it is, it is raised where it is awaited
            outcome = None, exc
        with suppress(RuntimeError):  # the loop may be over before the work is
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name="media", daemon=True).start()
    return await done
