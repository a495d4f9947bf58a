"""The world around the program: streams, terminal-ness, variables and places on disk.

One value, built in `main` and handed down, so that a test brings its own. Nothing is read at import.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ollama_chat_tui.errors import UsageError

APP_NAME = "ollama-chat"
DATA_DIR_VARIABLE = "OLLAMA_CHAT_DATA_DIR"
CONFIG_DIR_VARIABLE = "OLLAMA_CHAT_CONFIG_DIR"
CACHE_DIR_VARIABLE = "OLLAMA_CHAT_CACHE_DIR"
COMPLETION_VARIABLE = "_OLLAMA_CHAT_COMPLETE"
"""By it the shell asks what could stand next on the command line; the name is typer's."""


@dataclass(frozen=True)
class Environment:
    """What the program may ask of its surroundings.

    Attributes:
        variables: the process environment.
        data_dir: model weights and prompt history; made on first use, mode 0700.
        state_dir: remembered choices, such as the last model; losing it costs nothing but comfort.
        config_dir: what the user wrote; the program reads it and makes nothing there unasked.
        cache_dir: what is made anew from the rest when it is lost.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    variables: Mapping[str, str]
    data_dir: Path
    state_dir: Path
    config_dir: Path
    cache_dir: Path

    @classmethod
    def of_process(cls) -> Environment:
        """Describe the running process.

        Raises:
            UsageError: a directory is in the home of nobody.
        """
        streams = _stream(sys.stdin), _writable(_stream(sys.stdout)), _stream(sys.stderr)
        return cls(*streams, os.environ, *_places(os.environ))

    @property
    def is_interactive(self) -> bool:
        """Whether a person sits in front: both input and output are terminals."""
        return self.stdin.isatty() and self.stdout.isatty()


def make_private_dir(path: Path) -> Path:
    """Create `path`, and what is missing above it, readable by its owner alone, and return it.

    Raises:
        OSError: when it cannot be made.
    """
    if not path.parent.exists():  # mkdir would let others read the parents that it makes
        make_private_dir(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _stream(stream: TextIO | None) -> TextIO:
    """Stand in for a stream that the shell has closed (`<&-`): nothing comes from it, nothing is kept."""
    return stream if stream is not None else io.TextIOWrapper(io.BytesIO(), "utf-8")


def _writable(stream: TextIO) -> TextIO:
    """Let every text be written: what the encoding lacks (latin-1 has no 漢) is shown by its number."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def _places(variables: Mapping[str, str]) -> tuple[Path, Path, Path, Path]:
    names = (DATA_DIR_VARIABLE, CONFIG_DIR_VARIABLE, CACHE_DIR_VARIABLE)
    data, config, cache = (_chosen(variables, name) for name in names)
    cache = cache or (data and data / "cache")
    if data and config and cache:
        return data, data, config, cache
    from platformdirs import PlatformDirs  # 8 ms that chosen directories do not pay

    dirs = PlatformDirs(APP_NAME, appauthor=False)
    return (
        data or dirs.user_data_path,
        data or dirs.user_state_path,
        config or dirs.user_config_path,
        cache or dirs.user_cache_path,
    )


def _chosen(variables: Mapping[str, str], name: str) -> Path | None:
    if not (chosen := variables.get(name)):
        return None
    try:
        return Path(chosen).expanduser()
    except RuntimeError as exc:
        raise UsageError(f"{name} is {chosen}, and there is no such user.", "Write the whole path.") from exc
