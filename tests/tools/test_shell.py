"""`run_shell` with real processes: what it gives, and that nothing of it lives on."""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

import pytest

from ollama_chat_tui.tools.builtin.shell import ShellLimits, sandbox, shell_tool
from ollama_chat_tui.tools.registry import Registry
from tests.tools.calling import called, registry_of
from tests.waiting import until

VARIABLES = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "LC_ALL": "C",
    "OPENAI_API_KEY": "sk-secret",
    "PASSWORD": "x",
}

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to somebody else")


async def sh(folder: Path, command: str, limits: ShellLimits | None = None) -> str:
    return await called(shell_tool(folder, VARIABLES, limits), "run_shell", command=command)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def noted(folder: Path) -> list[int]:
    """The processes that wrote their number into the folder."""
    return [int(path.name) for path in folder.glob("[0-9]*")]


async def test_output_and_exit_code_come_back(tmp_path: Path) -> None:
    assert await sh(tmp_path, "echo out; echo err >&2; exit 3") == "out\nerr\n[exit code 3]"
    assert await sh(tmp_path, "pwd") == f"{tmp_path}\n[exit code 0]"
    assert await sh(tmp_path, "true") == "[exit code 0]"
    assert await sh(tmp_path, "kill -9 $$") == "[ended by SIGKILL]\n[exit code 247]"
    assert await sh(tmp_path, "cat") == "[exit code 0]"
    assert (await sh(tmp_path, "no-such-command")).endswith("not found\n[exit code 127]")
    assert "NUL" in await sh(tmp_path, "a\0b")


async def test_the_secrets_of_the_environment_are_not_passed(tmp_path: Path) -> None:
    names = {line.partition("=")[0] for line in (await sh(tmp_path, "env")).splitlines()}
    assert {"PATH", "HOME", "LC_ALL", "TERM"} <= names
    assert not {"OPENAI_API_KEY", "PASSWORD"} & names


async def test_endless_output_is_stopped_and_both_ends_are_kept(tmp_path: Path) -> None:
    limits = ShellLimits(output_bytes=1_000_000)
    result = await sh(tmp_path, "echo first; yes", limits)
    assert result.startswith("first\ny\n")
    assert "bytes are left out here.]" in result
    assert result.endswith("[Stopped: it wrote more than 1,000,000 bytes.]")
    assert len(result) < 70_000


@pytest.mark.parametrize(
    "command", ["sleep 1000", "trap '' TERM INT; sleep 1000", "exec >&- 2>&-; sleep 1000"]
)
async def test_one_that_takes_too_long_is_stopped(tmp_path: Path, command: str) -> None:
    limits = ShellLimits(time_s=0.3)
    assert await sh(tmp_path, f"touch $$; {command}", limits) == "[Stopped after 0 s.]"
    assert not any(is_running(pid) for pid in noted(tmp_path))


@linux_only
async def test_memory_and_files_are_limited(tmp_path: Path) -> None:
    limits = ShellLimits(memory_bytes=256 << 20)
    command = f"{sys.executable} -c 'b = bytearray(1 << 30)'"
    assert "MemoryError" in await sh(tmp_path, command, limits)
    assert "4194304" in await sh(tmp_path, "ulimit -v")
    assert "File too large" in await sh(tmp_path, "trap '' XFSZ; truncate -s 2G file")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


DAEMONS = [
    "sh -c 'touch $$; exec sleep 1000' &",
    "nohup setsid sh -c 'touch $$; exec sleep 1000' >/dev/null 2>&1 &",
    "(setsid sh -c '(setsid sh -c \"touch \\$\\$; exec sleep 1000\" &) ; touch $$' &)",
    "env -i setsid /bin/sh -c 'touch $$; trap \"\" TERM HUP; exec /bin/sleep 1000' >/dev/null 2>&1 &",
    f"{sys.executable} -c 'import os; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
    'open(str(os.getpid()), "w"); import time; time.sleep(1000)\'',
]


@linux_only
@pytest.mark.parametrize("daemon", DAEMONS)
async def test_what_it_leaves_behind_is_ended_with_it(tmp_path: Path, daemon: str) -> None:
    result = await sh(tmp_path, f"{daemon}\nwhile ! ls [0-9]* >/dev/null 2>&1; do :; done; echo done")
    assert result == "done\n[exit code 0]"
    assert noted(tmp_path)
    assert not any(is_running(pid) for pid in noted(tmp_path))


@linux_only
@pytest.mark.parametrize("daemon", DAEMONS)
async def test_cancelling_ends_everything(tmp_path: Path, daemon: str) -> None:
    call = asyncio.create_task(sh(tmp_path, f"{daemon}\ntouch $$; sleep 1000"))
    await until(lambda: len(noted(tmp_path)) >= 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not any(is_running(pid) for pid in noted(tmp_path))


@linux_only
async def test_cancelling_twice_ends_everything_too(tmp_path: Path) -> None:
    call = asyncio.create_task(sh(tmp_path, f"{DAEMONS[1]}\ntouch $$; sleep 1000"))
    await until(lambda: len(noted(tmp_path)) >= 2)
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not any(is_running(pid) for pid in noted(tmp_path)))


@linux_only
async def test_a_storm_of_processes_ends(tmp_path: Path) -> None:
    """Each child starts two more in sessions of their own, to a depth that the machine survives."""
    (tmp_path / "storm").write_text(
        '#!/bin/sh\ntouch $$\n[ "$1" -gt 0 ] || exec sleep 1000\n'
        'setsid "$0" $(($1 - 1)) & setsid "$0" $(($1 - 1)) &\nexec sleep 1000\n'
    )
    (tmp_path / "storm").chmod(0o755)
    call = asyncio.create_task(sh(tmp_path, "./storm 7", ShellLimits(processes=2000)))
    await until(lambda: len(noted(tmp_path)) > 20)  # in the middle of it
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not any(is_running(pid) for pid in noted(tmp_path))


@linux_only
async def test_its_parent_killed_by_it_takes_the_command_along(tmp_path: Path) -> None:
    await sh(tmp_path, "touch $$; kill -9 $PPID; sleep 1000")
    await until(lambda: not any(is_running(pid) for pid in noted(tmp_path)))


def test_it_always_asks_and_says_whether_it_is_in_a_sandbox(tmp_path: Path) -> None:
    tool = shell_tool(tmp_path, VARIABLES)
    assert tool.always_asks
    assert tool.explain
    assert "bubblewrap" in tool.explain({"command": "ls"})
    assert sandbox(None, tmp_path) == []
    inside = sandbox("/usr/bin/bwrap", tmp_path)
    assert inside[:2] == ["/usr/bin/bwrap", "--unshare-all"]
    assert inside[-6:] == ["--bind", str(tmp_path), str(tmp_path), "--chdir", str(tmp_path), "--"]


async def test_it_works_in_a_registry_like_any_other(tmp_path: Path) -> None:
    registry: Registry = registry_of(shell_tool(tmp_path, VARIABLES))
    assert list(registry.facts()) == ["run_shell"]
