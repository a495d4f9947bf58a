"""Shell commands: asked for one by one, without the environment's secrets, ended with all they started."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.tools import supervisor
from ollama_chat_tui.tools.builtin.sandbox import Sandbox
from ollama_chat_tui.tools.definition import Tool, ToolFailure
from ollama_chat_tui.tools.function import tool_of

IS_SUPPORTED: Final = os.name == "posix"
_KEPT_BYTES: Final = 64_000
_PATIENCE_S: Final = 5.0
_LOOK_S: Final = 0.5

# Not a list of what looks like a secret: nobody knows all of those.
_PASSED: Final = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")


@dataclass(frozen=True)
class ShellLimits:
    """How far a command may go; `processes` more than the user has anyway, where the system counts them."""

    time_s: float = 60.0
    output_bytes: int = 10_000_000
    memory_bytes: int = 4 << 30
    processes: int = 256


def shell_tool(
    folder: Path,
    variables: Mapping[str, str],
    limits: ShellLimits | None = None,
    sandbox: Sandbox | None = None,
) -> Tool:
    """`run_shell`, with `folder` as its working directory."""
    limits = limits or ShellLimits()
    sandbox = sandbox or Sandbox(shutil.which("bwrap"), folder)
    environment = {
        name: value for name, value in variables.items() if name in _PASSED or name.startswith("LC_")
    } | {"TERM": "dumb"}

    async def run_shell(command: str) -> str:
        """Run a command in /bin/sh and return what it writes.

        Args:
            command: the command line.
        """
        if "\0" in command:
            raise ToolFailure("A command cannot hold a NUL.")
        inside = [*sandbox.command, "/bin/sh", "-c", command]
        return await _run(inside, folder, environment, limits)

    return tool_of(
        run_shell,
        ToolFacts(Effect.CHANGES),
        explain=lambda _: f"Runs in {folder} {sandbox.words}; for {limits.time_s:.0f} s at most.",
        subject="command",
        always_asks=True,
        time_limit_s=limits.time_s + 2 * _PATIENCE_S,
    )


async def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], limits: ShellLimits
) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(supervisor.__file__)),
        *(str(limits.memory_bytes), str(limits.processes), *command),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    output = _Output(limits.output_bytes)
    try:
        async with asyncio.timeout(limits.time_s):
            await output.read(process)
            if output.is_full:
                return f"{output}\n[Stopped: it wrote more than {limits.output_bytes:,} bytes.]"
            code = await process.wait()
    except TimeoutError:
        return f"{output}\n[Stopped after {limits.time_s:.0f} s.]".lstrip("\n")
    else:
        return f"{output}\n[exit code {code}]".lstrip("\n")
    finally:
        ending = asyncio.create_task(_end(process))
        while not ending.done():
            # A second cancellation is not heeded: a moment later there is nothing left to wait for.
            with suppress(asyncio.CancelledError):
                await asyncio.shield(ending)


class _Output:
    """The beginning and the end of what a command writes."""

    def __init__(self, most_bytes: int) -> None:
        self.is_full = False
        self._most_bytes = most_bytes
        self._head, self._tail, self._size = bytearray(), bytearray(), 0

    async def read(self, process: asyncio.subprocess.Process) -> None:
        while block := await _next_block(process):
            self._size += len(block)
            room = max(0, _KEPT_BYTES // 2 - len(self._head))
            self._head += block[:room]
            self._tail += block[room:]
            del self._tail[: -_KEPT_BYTES // 2]
            if self._size > self._most_bytes:
                self.is_full = True
                return

    def __str__(self) -> str:
        missing = self._size - len(self._head) - len(self._tail)
        note = f"\n[{missing:,} bytes are left out here.]\n".encode() if missing else b""
        return bytes(self._head + note + self._tail).decode("utf-8", "replace").rstrip("\n")


async def _next_block(process: asyncio.subprocess.Process) -> bytes:
    """What comes next; empty at the end, also when somebody has killed the supervisor and not the command."""
    while process.stdout:
        try:
            async with asyncio.timeout(_LOOK_S):
                return await process.stdout.read(65536)
        except TimeoutError:
            if process.returncode is not None:
                _kill_group(process)
    return b""


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Have the supervisor end everything, and see that it does."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await _exhausted(process)
    # Those of its group that are left: all there are where the system has no better way.
    _kill_group(process)
    await process.wait()


async def _exhausted(process: asyncio.subprocess.Process) -> None:
    while process.stdout and await process.stdout.read(65536):
        pass
    await process.wait()
