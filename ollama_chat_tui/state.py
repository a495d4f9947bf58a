"""What the program remembers by itself: choices, not configuration. Losing it costs only comfort."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from ollama_chat_tui.environment import Environment, make_private_dir


class State(Struct):
    """Remembered choices.

    Attributes:
        last_models: the model last used, by the label of its host.
        thinking_views: how much of a model's reasoning is shown, by its name with its tag.
    """

    last_models: dict[str, str] = {}
    thinking_views: dict[str, str] = {}


def load_state(environment: Environment) -> State:
    """Read what was remembered; a missing or damaged file is an empty memory."""
    try:
        return msgspec.json.decode(_path(environment).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return State()


def save_state(environment: Environment, state: State) -> None:
    """Write it whole or not at all; a disk that cannot be written is no reason to stop a chat."""
    path = _path(environment)
    fresh = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        make_private_dir(path.parent)
        fresh.write_bytes(msgspec.json.encode(state))
        fresh.replace(path)


def _path(environment: Environment) -> Path:
    return environment.state_dir / "state.json"
