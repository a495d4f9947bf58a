"""The text in an editor of the person's choice. Knows files and programs, not the prompt."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ollama_chat_tui.errors import UsageError

VARIABLES = ("OLLAMA_EDITOR", "VISUAL", "EDITOR")
FALLBACKS = ("sensible-editor", "editor", "nano", "vi")
_HINT = "Set OLLAMA_EDITOR, VISUAL or EDITOR to the editor to use."


def editor_command(variables: Mapping[str, str]) -> list[str]:
    """The editor and its arguments: the first variable that is set, else what is installed.

    Raises:
        UsageError: a variable has an open quote, or there is no editor.
    """
    for name in VARIABLES:
        if value := variables.get(name, "").strip():
            try:
                return shlex.split(value)
            except ValueError as error:
                raise UsageError(f"{name} cannot be read: {value}.", "A quote is not closed.") from error
    for name in FALLBACKS:
        if found := shutil.which(name, path=variables.get("PATH")):
            return [found]
    raise UsageError("There is no editor.", _HINT)


def edit(text: str, variables: Mapping[str, str]) -> str | None:
    """Open `text` in the editor, wait, and return it as it was saved; None when the editor failed.

    Raises:
        UsageError: the editor cannot be started, or its file is gone.
    """
    with _file_of(text, "message.md") as file:
        if _run_editor(file, variables):
            return None
        try:
            return file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
        except OSError as error:
            raise UsageError("The editor removed the text.") from error


def look_at(text: str, variables: Mapping[str, str]) -> None:
    """Open a copy of `text` that cannot be written to in the editor, and wait.

    Raises:
        UsageError: the editor cannot be started.
    """
    with _file_of(text, "answer.md") as file:
        file.chmod(0o400)
        _run_editor(file, variables)


@contextmanager
def _file_of(text: str, name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ollama-chat-", ignore_cleanup_errors=True) as folder:
        file = Path(folder, name)
        # A text file ends with a newline; the one that goes in is the one that comes off again.
        file.write_text(f"{text}\n" if text else "", encoding="utf-8", errors="replace")
        yield file


def _run_editor(file: Path, variables: Mapping[str, str]) -> int:
    command = editor_command(variables)
    try:
        return subprocess.run([*command, str(file)], env=dict(variables), check=False).returncode  # noqa: S603 - the person's choice
    except OSError as error:
        raise UsageError(f"The editor {command[0]} cannot be started: {error.strerror}.", _HINT) from error
