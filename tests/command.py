"""The real command, as its users run it: a child process with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.pty_terminal import PtyTerminal

COMMAND = [sys.executable, "-m", "ollama_chat_tui"]
PATIENCE_S = 60
READY = ">>> "
"""The prompt."""


def fresh_home(directory: Path, **variables: str) -> dict[str, str]:
    """The variables of a user who has just installed the program and set nothing."""
    return {
        "HOME": str(directory),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "OLLAMA_CHAT_DATA_DIR": str(directory / "data"),
        "PYTHONWARNINGS": "error",
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        **variables,
    }


def with_model(home: Mapping[str, str], model_file: Path) -> dict[str, str]:
    """The same user after the embedded model has been fetched."""
    models = Path(home["OLLAMA_CHAT_DATA_DIR"]) / "models"
    models.mkdir(parents=True)
    (models / model_file.name).symlink_to(model_file)
    return dict(home)


def run(
    *arguments: str, home: Mapping[str, str], typed: bytes = b"", timeout_s: float = PATIENCE_S
) -> subprocess.CompletedProcess[str]:
    """Run without a terminal; `typed` is what a pipe holds."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=dict(home),
        input=typed,
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def chat(
    *arguments: str, home: Mapping[str, str], columns: int = 80, lines: int = 24
) -> Iterator[PtyTerminal]:
    """Run in a terminal."""
    with PtyTerminal([*COMMAND, *arguments], env=home, columns=columns, lines=lines) as terminal:
        yield terminal


def rows_with(terminal: PtyTerminal, text: str) -> Sequence[str]:
    """The rows of screen and scrollback that hold `text`."""
    return [row for row in terminal.all_rows() if text in row]


def wait_for_prompt(terminal: PtyTerminal, nth: int) -> None:
    """Wait until the nth prompt stands; those above count, since a question leaves its own there."""
    terminal.wait_for(lambda: len(rows_with(terminal, READY)) >= nth)
