"""Runs in a pty: an answer whose words, end and accidents are ordered through a FIFO, one order a line.

`give N` makes N words arrive, `end` ends the answer, `raise` and `cancel` end it otherwise, `break` makes
the renderer fail. What became of it is written to a file as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from prompt_toolkit.input import create_input

from ollama_chat_tui.terminal.drawer import AnswerDrawer, Tty
from ollama_chat_tui.terminal.frame import Frame
from tests.terminal.scripted_rows import STATUS, ScriptedAnswer


class BreakableAnswer(ScriptedAnswer):
    broken = False

    def render(self) -> Frame:
        if self.broken:
            raise RuntimeError("the renderer broke")
        return super().render()


async def answer(orders: asyncio.Queue[str], words: list[str], report: dict[str, Any]) -> None:
    tty = Tty(sys.stdout, create_input(), lambda: os.get_terminal_size(1))
    source = BreakableAnswer(words, tty.size().columns)
    task = asyncio.current_task()
    assert task
    stops = report["stops"] = []
    drawer = AnswerDrawer(tty, source, lambda: STATUS[: source.width], lambda: stops.append(time.monotonic()))
    try:
        async with drawer:
            while (order := await orders.get()) != "end":
                name, _, count = order.partition(" ")
                if name == "give":
                    source.given = min(len(words), source.given + int(count))
                elif name == "raise":
                    raise RuntimeError("the answer broke")
                elif name == "cancel":
                    task.cancel()
                elif name == "break":
                    source.broken = True
                    drawer.touch()
                    await asyncio.sleep(0.1)  # a frame comes meanwhile; `touch` below tells how it went
                drawer.touch()
                await asyncio.sleep(0)
    except (RuntimeError, asyncio.CancelledError) as error:
        report["error"] = f"{type(error).__name__} {error}".strip()
    report |= {"queued": drawer.queued, "unfinished": drawer.unfinished_text, "finished": source.finished}


async def main(folder: Path) -> None:
    orders: asyncio.Queue[str] = asyncio.Queue()
    fd = os.open(folder / "orders", os.O_RDWR | os.O_NONBLOCK)
    pending = b""

    def read() -> None:
        nonlocal pending
        with suppress(BlockingIOError):
            pending += os.read(fd, 65536)
        *lines, pending = pending.split(b"\n")
        for line in lines:
            orders.put_nowait(line.decode())

    asyncio.get_running_loop().add_reader(fd, read)
    report: dict[str, Any] = {}
    await answer(orders, (folder / "words").read_text().split(), report)
    asyncio.get_running_loop().remove_reader(fd)
    part = folder / "result.part"
    part.write_text(json.dumps(report))
    part.rename(folder / "result.json")
    print("BYE")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
