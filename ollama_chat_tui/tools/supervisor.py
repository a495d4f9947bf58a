"""The parent of a shell command, in a process of its own: limits it, and lets nothing of it live on.

Run as a script with memory and process limits and the command. Knows nothing of the package, so that it
starts in a moment. On Linux it becomes the parent of whatever loses its own; elsewhere the process group has
to do.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36
_MOST_FILE_BYTES = 1 << 30
_PASSES = 50
_BREATH_S = 0.005
_IS_LINUX = sys.platform.startswith("linux")


def main() -> None:
    """Run the command, end all it has started, and end as it ended."""
    memory, processes, *command = sys.argv[1:]
    _control(_SET_CHILD_SUBREAPER, 1)
    _control(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
    # A blocked signal waits; one that comes between two system calls would be lost in a handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        _become(command, int(memory), int(processes))
    status = _wait(child)
    _end_all()
    if os.WIFSIGNALED(status):
        _say(f"[ended by {signal.Signals(os.WTERMSIG(status)).name}]")
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)  # as a shell has it


def _become(command: list[str], memory: int, processes: int) -> None:
    import resource

    _control(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    os.nice(5)  # whoever ends a storm of processes must be faster than it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
    limits = {
        "RLIMIT_AS": memory,
        "RLIMIT_FSIZE": _MOST_FILE_BYTES,
        "RLIMIT_CORE": 0,
    }
    for name, limit in limits.items():
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (limit, limit))
    _limit_processes(processes)
    try:
        os.execvp(command[0], command)  # noqa: S606 - this is what it is for
    except OSError as exc:
        _say(f"{command[0]} cannot be run: {exc.strerror}")
        os._exit(127)


def _limit_processes(more: int) -> None:
    """Allow so many more than the user has; no limit where some are counted that cannot be seen."""
    import resource

    with suppress(AttributeError, ValueError, OSError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        limit = _own_threads() + more
        resource.setrlimit(resource.RLIMIT_NPROC, (limit, hard))
        try:
            if (child := os.fork()) == 0:
                os._exit(0)
        except BlockingIOError:
            resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
        else:
            os.waitpid(child, 0)
            resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))


def _say(text: str) -> None:
    with suppress(OSError):
        os.write(1, f"{text}\n".encode())


def _wait(child: int) -> int:
    """Wait until the command ends, or until it is to be ended."""
    while True:
        if signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) == signal.SIGTERM:
            return int(signal.SIGTERM)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] == child:
                    return ended[1]


def _end_all() -> None:
    """Stop all that is below, so that it cannot start more, then kill it; what is orphaned comes here."""
    while True:
        _kill_descendants()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        if not _IS_LINUX:
            os.killpg(0, signal.SIGKILL)
        time.sleep(_BREATH_S)


def _kill_descendants() -> None:
    seen: set[int] = set()
    for _ in range(_PASSES):
        found = _descendants()
        if found <= seen:
            break
        _signal_each(found - seen, signal.SIGSTOP)
        seen |= found
    _signal_each(seen, signal.SIGKILL)


def _signal_each(processes: set[int], number: signal.Signals) -> None:
    for each in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, number)


def _descendants() -> set[int]:
    parents = {pid: parent for pid, parent, _, _ in _processes()}
    below = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {os.getpid()}


def _own_threads() -> int:
    """How much of its limit the user has used: the system counts threads there, not processes."""
    return sum(threads for _, _, user, threads in _processes() if user == os.getuid())


def _processes() -> list[tuple[int, int, int, int]]:
    """Process, parent, user and number of threads of all there are; nothing where there is no /proc."""
    found = []
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes longer to import than all the rest
            if name.isdecimal():
                with suppress(OSError, IndexError):
                    with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
                        fields = file.read().rpartition(b")")[2].split()
                    user = os.stat(f"/proc/{name}").st_uid  # noqa: PTH116
                    found.append((int(name), int(fields[1]), user, int(fields[17])))
    return found


def _control(option: int, value: int) -> None:
    if not _IS_LINUX:
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
