"""The real model for tests: fetched once per checkout by the program itself, and shared by all workers."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ollama_chat_tui.backends.embedded.weights import fetch_weights, have_weights, weights_path
from ollama_chat_tui.environment import Environment

CACHE = Path(__file__).parents[1] / ".venv" / "test-cache"
_STALE_LOCK_S = 300


def environment_in(directory: Path, variables: Mapping[str, str] = os.environ) -> Environment:
    """Make an environment whose files all lie in `directory`."""
    streams = (io.StringIO(), io.StringIO(), io.StringIO())
    return Environment(*streams, variables, directory, directory, directory, directory)


def cached_model_file() -> Path:
    """Return the default model's file; the first call ever downloads it."""
    environment = environment_in(CACHE)
    CACHE.mkdir(parents=True, exist_ok=True)
    with _locked(CACHE / "fetching"):
        if not have_weights(environment):
            asyncio.run(fetch_weights(environment))
    return weights_path(environment)


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL))
            break
        except FileExistsError:
            if lock.exists() and time.time() - lock.stat().st_mtime > _STALE_LOCK_S:
                lock.unlink(missing_ok=True)
            time.sleep(0.1)
    try:
        yield
    finally:
        lock.unlink()
