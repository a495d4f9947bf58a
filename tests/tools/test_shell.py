"""`run_shell` with real processes: what it gives, and that nothing of it lives on.

Each test is done with all rights and, where bubblewrap works, inside it.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ollama_chat_tui.tools.builtin.sandbox import Sandbox
from ollama_chat_tui.tools.builtin.shell import ShellLimits, shell_tool
from ollama_chat_tui.tools.definition import Tool
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


BUBBLEWRAP = shutil.which("bwrap")
PYTHON = Path(sys.executable).resolve()  # the one behind the environment, which may lie below a hidden /tmp


class Shell:
    """The tool with a folder, in a sandbox or not, and what of its commands still runs.

    In a command SLEEP goes on until it is killed, and can be told from those of other tests.
    """

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self._seconds = f"1000.{folder.stat().st_ino:020}"

    def tool(self, limits: ShellLimits | None = None) -> Tool:
        return shell_tool(self.folder, VARIABLES, limits, self.sandbox)

    async def __call__(self, command: str, limits: ShellLimits | None = None) -> str:
        command = command.replace("SLEEP", f"sleep {self._seconds}")
        return await called(self.tool(limits), "run_shell", command=command)

    def noted(self) -> list[str]:
        """The processes that wrote their number, as they know it, into the folder."""
        return [path.name for path in self.folder.glob("[0-9]*")]

    def left(self) -> list[str]:
        """The processes that go on, or will."""
        mark = self._seconds.encode()
        return [line.parent.name for line in Path("/proc").glob("[0-9]*/cmdline") if mark in content(line)]


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.fixture(params=["with all rights", "in bubblewrap"])
def sh(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    sandbox = Sandbox(BUBBLEWRAP if request.param == "in bubblewrap" else None, tmp_path)
    if request.param == "in bubblewrap" and sandbox.lack:
        pytest.skip(f"bubblewrap {sandbox.lack}")
    return Shell(tmp_path, sandbox)


async def test_output_and_exit_code_come_back(sh: Shell) -> None:
    assert await sh("echo out; echo err >&2; exit 3") == "out\nerr\n[exit code 3]"
    assert await sh("pwd") == f"{sh.folder}\n[exit code 0]"
    assert await sh("true") == "[exit code 0]"
    assert await sh("cat") == "[exit code 0]"
    assert (await sh("no-such-command")).endswith("not found\n[exit code 127]")
    assert "NUL" in await sh("a\0b")


async def test_what_ended_by_a_signal_says_so(sh: Shell) -> None:
    assert (await sh("kill -9 $$")).endswith("[exit code 137]")


async def test_the_secrets_of_the_environment_are_not_passed(sh: Shell) -> None:
    names = {line.partition("=")[0] for line in (await sh("env")).splitlines()}
    assert {"PATH", "HOME", "LC_ALL", "TERM"} <= names
    assert not {"OPENAI_API_KEY", "PASSWORD"} & names


async def test_endless_output_is_stopped_and_both_ends_are_kept(sh: Shell) -> None:
    limits = ShellLimits(output_bytes=1_000_000)
    result = await sh("echo first; yes", limits)
    assert result.startswith("first\ny\n")
    assert "bytes are left out here.]" in result
    assert result.endswith("[Stopped: it wrote more than 1,000,000 bytes.]")
    assert len(result) < 70_000


@pytest.mark.parametrize("command", ["SLEEP", "trap '' TERM INT; SLEEP", "exec >&- 2>&-; SLEEP"])
async def test_one_that_takes_too_long_is_stopped(sh: Shell, command: str) -> None:
    limits = ShellLimits(time_s=0.3)
    assert await sh(f"touch $$; {command}", limits) == "[Stopped after 0 s.]"
    assert not sh.left()


@linux_only
async def test_memory_and_files_are_limited(sh: Shell) -> None:
    limits = ShellLimits(memory_bytes=256 << 20)
    command = f"{PYTHON} -c 'b = bytearray(1 << 30)'"
    assert "MemoryError" in await sh(command, limits)
    assert "4194304" in await sh("ulimit -v")
    assert "File too large" in await sh("trap '' XFSZ; truncate -s 2G file")
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


DAEMONS = [
    "sh -c 'touch $$; exec SLEEP' &",
    "nohup setsid sh -c 'touch $$; exec SLEEP' >/dev/null 2>&1 &",
    "(setsid sh -c '(setsid sh -c \"touch \\$\\$; exec SLEEP\" &) ; touch $$' &)",
    "env -i setsid /bin/sh -c 'touch $$; trap \"\" TERM HUP; exec /bin/SLEEP' >/dev/null 2>&1 &",
    f"{PYTHON} -c 'import os; os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); "
    'open(str(os.getpid()), "w"); import time; time.sleep(1000)  # SLEEP\'',
]


@linux_only
@pytest.mark.parametrize("daemon", DAEMONS)
async def test_what_it_leaves_behind_is_ended_with_it(sh: Shell, daemon: str) -> None:
    result = await sh(f"{daemon}\nwhile ! ls [0-9]* >/dev/null 2>&1; do :; done; echo done")
    assert result == "done\n[exit code 0]"
    assert sh.noted()
    assert not sh.left()


@linux_only
@pytest.mark.parametrize("daemon", DAEMONS)
async def test_cancelling_ends_everything(sh: Shell, daemon: str) -> None:
    call = asyncio.create_task(sh(f"{daemon}\ntouch $$; SLEEP"))
    await until(lambda: len(sh.noted()) >= 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not sh.left()


@linux_only
async def test_cancelling_twice_ends_everything_too(sh: Shell) -> None:
    call = asyncio.create_task(sh(f"{DAEMONS[1]}\ntouch $$; SLEEP"))
    await until(lambda: len(sh.noted()) >= 2)
    call.cancel()
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not sh.left())


@linux_only
async def test_a_storm_of_processes_ends(sh: Shell) -> None:
    """Each child starts two more in sessions of their own, to a depth that the machine survives."""
    (sh.folder / "storm").write_text(
        '#!/bin/sh\ntouch $$\n[ "$1" -gt 0 ] || exec "$2" "$3"\n'
        'setsid "$0" $(($1 - 1)) "$2" "$3" & setsid "$0" $(($1 - 1)) "$2" "$3" &\nexec "$2" "$3"\n'
    )
    (sh.folder / "storm").chmod(0o755)
    call = asyncio.create_task(sh("./storm 7 SLEEP", ShellLimits(processes=2000)))
    await until(lambda: len(sh.noted()) > 20)  # in the middle of it
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not sh.left()


@linux_only
async def test_its_parent_killed_by_it_takes_the_command_along(sh: Shell) -> None:
    await sh("touch $$; kill -9 $PPID; SLEEP", ShellLimits(time_s=0.5))  # in a sandbox that kills nobody
    await until(lambda: not sh.left())


AS_ANOTHER = """
import asyncio, sys, threading
from pathlib import Path
from ollama_chat_tui.tools.builtin.sandbox import Sandbox
from ollama_chat_tui.tools.builtin.shell import ShellLimits, shell_tool
from tests.tools.calling import called

async def sh(command, processes):
    limits = ShellLimits(time_s=1.0, processes=processes)
    tool = shell_tool(Path("/"), {"PATH": "/usr/bin:/bin"}, limits, Sandbox(None, Path("/")))
    return await called(tool, "run_shell", command=command)

many = [threading.Thread(target=threading.Event().wait, daemon=True) for _ in range(300)]
for each in many:
    each.start()
assert await sh("echo a | cat", 64) == "a\\n[exit code 0]"
held = await sh("for i in $(seq 400); do sleep 100 & done", 64)
assert "Cannot fork" in held or "Resource temporarily unavailable" in held, held
print(await sh("b() { b | b & }; b; sleep 100", 64))
"""


@linux_only
def test_an_unbounded_storm_meets_the_limit_of_processes(tmp_path: Path) -> None:
    """With the 300 threads that the user has anyway not counted; root has no such limit, so not as root."""
    root = os.geteuid() == 0
    if root and not shutil.which("setpriv"):
        pytest.skip("cannot be somebody else")
    rights = "-all,+dac_read_search"  # to find Python wherever it is
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={rights}"]
    nobody += [f"--ambient-caps={rights}", f"--bounding-set={rights}"]
    code = (
        "import asyncio\nasync def main():\n" + textwrap.indent(AS_ANOTHER, "    ") + "\nasyncio.run(main())"
    )
    asked = subprocess.run(
        [*(nobody if root else []), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stderr == ""
    assert asked.stdout.endswith("[Stopped after 1 s.]\n")


class TestInBubblewrap:
    """What a command cannot reach."""

    @pytest.fixture
    def sh(self, tmp_path: Path) -> Shell:
        sandbox = Sandbox(BUBBLEWRAP, tmp_path)
        if sandbox.lack:
            pytest.skip(f"bubblewrap {sandbox.lack}")
        return Shell(tmp_path, sandbox)

    async def test_it_writes_in_its_folder_and_nowhere_else(
        self, sh: Shell, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        other = tmp_path_factory.mktemp("other")
        for place in (Path("/etc"), Path(__file__).parent, other):
            assert "cannot touch" in await sh(f"touch {place}/written")
            assert not (place / "written").exists()
        assert await sh("touch written && echo $TMPDIR && touch /tmp/written; ls /tmp/written") == (
            "/tmp\n/tmp/written\n[exit code 0]"
        )
        assert (sh.folder / "written").exists()
        assert "No such file" in await sh("ls /tmp/written")

    async def test_it_has_no_network(self, sh: Shell) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            code = f'import socket; socket.create_connection(("127.0.0.1", {server.getsockname()[1]}))'
            assert "ConnectionRefusedError" in await sh(f"{PYTHON} -c '{code}'")

    async def test_it_finds_nobody_who_would_start_a_program_outside(self, sh: Shell) -> None:
        assert await sh("ls /run /tmp -A | grep -v current-system | grep /") == "/run:\n/tmp:\n[exit code 0]"
        abstract = "\0" + sh.folder.name
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(abstract)
            server.listen()
            code = f'import socket; socket.socket(socket.AF_UNIX).connect("\\0{sh.folder.name}")'
            assert "ConnectionRefusedError" in await sh(f"{PYTHON} -c '{code}'")

    async def test_it_sees_no_process_of_others(self, sh: Shell) -> None:
        assert "No such process" in await sh(f"kill -0 {os.getpid()}")


def test_it_always_asks_and_says_how_far_a_command_reaches(sh: Shell) -> None:
    tool = sh.tool()
    assert tool.always_asks
    assert tool.explain
    reach = (
        "in bubblewrap: without network, writing only below" if sh.sandbox.command else "with all your rights"
    )
    assert tool.explain({"command": "ls"}).startswith(f"Runs in {sh.folder} {reach}")


async def test_a_bubblewrap_that_may_not_work_is_said_and_done_without(tmp_path: Path) -> None:
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    sandbox = Sandbox(str(program), tmp_path)
    assert sandbox.words == "with all your rights, since bubblewrap does not start"
    program.chmod(0o755)
    sh = Shell(tmp_path, Sandbox(str(program), tmp_path))
    reason = "does not work here (setting up uid map: Permission denied)"
    assert sh.sandbox.words == f"with all your rights, since bubblewrap {reason}"
    assert await sh("echo it runs") == "it runs\n[exit code 0]"


async def test_it_works_in_a_registry_like_any_other(sh: Shell) -> None:
    registry: Registry = registry_of(sh.tool())
    assert list(registry.facts()) == ["run_shell"]
