"""A file of Python functions whose public ones are tools.

The functions run in processes of their own: one that hangs can be stopped, one that crashes takes nothing
with it, and what the file imports costs the chat nothing. A process is kept for the next call; calls at the
same time have one each, so a file's global variables are not shared by them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import Arguments, Tool, ToolFailure
from ollama_chat_tui.tools.wire import Call, Described, Loaded, Reply

LOAD_LIMIT_S = 30.0
_LONGEST_LINE = 16_000_000


def path_of(name: str | Path) -> Path:
    """Where a file is meant to be, also if that user, or the working directory, does not exist."""
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - pathlib's raises for a user that is none
    with suppress(OSError):
        path = path.absolute()
    return path


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - pathlib's raises for a name that is too long


class FunctionFile:
    """The tools of one file, and the processes that run them."""

    def __init__(self, path: Path) -> None:
        self.path = path_of(path)
        self._idle: list[_Worker] = []

    async def load(self) -> list[Tool]:
        """Read the file, anew if it was read before.

        Raises:
            BadTools: it cannot be read, or has no functions that can be tools.
        """
        await self.aclose()
        if not _is_file(self.path):
            raise BadTools(f"There is no file {self.path}.")
        worker = await _Worker.start(self.path)
        try:
            async with asyncio.timeout(LOAD_LIMIT_S):
                loaded = msgspec.json.decode(await worker.line(), type=Loaded)
        except TimeoutError:
            loaded = Loaded(error=f"{self.path.name} took over {LOAD_LIMIT_S:.0f} s to load.")
        except msgspec.DecodeError:
            loaded = Loaded(error=f"{self.path.name} ended the process that loaded it.")
        except BaseException:
            await worker.kill()
            raise
        if loaded.error or not loaded.functions:
            await worker.kill()
            raise BadTools(loaded.error or f"{self.path.name} has no public functions.", "Mend the file.")
        self._idle.append(worker)
        return [self._tool(each) for each in loaded.functions]

    async def aclose(self) -> None:
        """End the processes that wait for work."""
        while self._idle:
            await self._idle.pop().kill()

    def _tool(self, described: Described) -> Tool:
        return Tool(
            described.name,
            described.description,
            described.parameters,
            partial(self._run, described.name),
            described.facts,
            time_limit_s=described.time_limit_s,
        )

    async def _run(self, name: str, arguments: Arguments) -> str:
        worker = await self._waiting() or await self._fresh()
        try:
            worker.send(Call(name, dict(arguments)))
            reply = msgspec.json.decode(await worker.line(), type=Reply)
        except msgspec.DecodeError:
            await worker.kill()
            raise ToolFailure(f"{name} ended the process that ran it.") from None
        except BaseException:
            await worker.kill()
            raise
        self._idle.append(worker)
        return reply.result

    async def _waiting(self) -> _Worker | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_running:
                return worker
            await worker.kill()  # ended since its last call: by a thread of the file, by want of memory
        return None

    async def _fresh(self) -> _Worker:
        worker = await _Worker.start(self.path)
        try:
            await worker.line()
        except BaseException:
            await worker.kill()
            raise
        return worker


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, path: Path) -> _Worker:
        # -P: the directory the chat was started in may hold a `typing.py`.
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "ollama_chat_tui.tools.worker", str(path)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
        )

    @property
    def is_running(self) -> bool:
        return self._process.returncode is None

    def send(self, call: Call) -> None:
        if self._process.stdin:
            self._process.stdin.write(msgspec.json.encode(call) + b"\n")

    async def line(self) -> bytes:
        return await self._process.stdout.readline() if self._process.stdout else b""

    async def kill(self) -> None:
        """End the process with all that it started and that is still in its group."""
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()
