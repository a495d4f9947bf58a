"""A process that has a session open until its input ends: `python -m tests.sessions.holder SESSION`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ollama_chat_tui.sessions.recorder import SessionRecorder


async def hold(path: Path) -> None:
    recorder = SessionRecorder(path.parent)
    await recorder.resume(path)
    sys.stdout.write("held\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await recorder.close()


if __name__ == "__main__":
    asyncio.run(hold(Path(sys.argv[1])))
