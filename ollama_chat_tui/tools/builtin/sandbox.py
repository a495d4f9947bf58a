"""Bubblewrap around a command: it sees everything, writes in one folder alone and has no network."""

from __future__ import annotations

import subprocess
from functools import cached_property
from pathlib import Path
from typing import Final

_PATIENCE_S: Final = 5.0


class Sandbox:
    """Bubblewrap, where it is installed and the system lets it work."""

    def __init__(self, program: str | None, folder: Path) -> None:
        """Nothing is run yet.

        Args:
            program: the path of bubblewrap; None where it is not installed.
            folder: where a command may write, and begins.
        """
        self._program = program
        self._folder = folder

    @property
    def command(self) -> list[str]:
        """What goes before a command; nothing where it has to do without."""
        return [] if self.lack else self._inside

    @property
    def words(self) -> str:
        """How far a command can reach."""
        if self.lack:
            return f"with all your rights, since bubblewrap {self.lack}"
        return f"in bubblewrap: without network, writing only below {self._folder}"

    @cached_property
    def lack(self) -> str:
        """Why there is none; empty: there is one.

        Some systems have it and forbid it its namespaces (Ubuntu 24.04, most containers): it is tried, once.
        """
        if self._program is None:
            return "is not installed"
        trial = [*self._inside, "/bin/sh", "-c", ":"]
        try:
            tried = subprocess.run(  # noqa: S603 - the program that is to be tried
                trial, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return "does not start"
        said = tried.stderr.decode("utf-8", "replace").strip().removeprefix("bwrap: ").partition("\n")[0]
        return f"does not work here ({said})" if tried.returncode else ""

    @property
    def _inside(self) -> list[str]:
        folder = str(self._folder)
        return [
            *(self._program or "", "--unshare-all", "--die-with-parent", "--new-session"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),  # noqa: S108
            # D-Bus and Docker listen there, and would start a program outside. NixOS has its programs there.
            *("--tmpfs", "/run", "--ro-bind-try", "/run/current-system", "/run/current-system"),
            *("--setenv", "TMPDIR", "/tmp", "--bind", folder, folder, "--chdir", folder, "--"),  # noqa: S108
        ]
