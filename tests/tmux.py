"""A real terminal for tests: tmux, with a server of its own for each."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.scripted_replies import PATIENCE_S

ROOT = Path(__file__).parents[1]


class Tmux:
    """A server of its own with one window."""

    def __init__(self, socket: Path) -> None:
        self._command = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def open(self, argv: list[str], columns: int, lines: int) -> None:
        """Run a command in a window of that size, which stays when the command is over."""
        history = ["set", "-g", "history-limit", "50000"]
        size = ["-x", str(columns), "-y", str(lines)]
        command = f"{shlex.join(argv)}; exec cat"  # the pane would go with its last process
        self.run("start-server", ";", *history, ";", "new-session", "-d", *size, command)

    def run(self, *words: str) -> str:
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/"}
        done = subprocess.run([*self._command, *words], env=env, cwd=ROOT, capture_output=True, check=True)
        return done.stdout.decode()

    def rows(self) -> list[str]:
        """Scrollback and screen, with rows that tmux broke put together again."""
        rows = self.run("capture-pane", "-p", "-J", "-S", "-").splitlines()
        return [row.rstrip() for row in rows]

    def wait_for(self, condition: str | Callable[[], bool]) -> None:
        holds = (
            condition if callable(condition) else lambda: any(str(condition) in row for row in self.rows())
        )
        deadline_s = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline_s, "\n".join(self.rows())
            time.sleep(0.02)

    def close(self) -> None:
        subprocess.run([*self._command, "kill-server"], capture_output=True, check=False)
