"""The real model for tests: fetched once per checkout by the program itself, and shared by all workers."""

from __future__ import annotations

import asyncio
import io
import json
import os
import struct
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


def cached_tools_model_file() -> Path:
    """Return the model with a template that speaks of tools: the `smollm2-jinja` of the recordings."""
    target, source = CACHE / "smollm2-jinja.gguf", cached_model_file()
    with _locked(CACHE / "making"):
        if not target.exists():
            recorded = json.loads((Path(__file__).parent / "wire" / "recorded.json").read_text())
            template = json.loads(recorded["show_native_tools"]["response"]["body"])["template"]
            part = target.with_suffix(".part")
            part.write_bytes(_with_template(source.read_bytes(), template.encode()))
            part.replace(target)
    return target


def _with_template(model: bytes, template: bytes) -> bytes:
    """Put another chat template into a GGUF file."""
    key = b"tokenizer.chat_template"
    at = model.index(struct.pack("<Q", len(key)) + key) + 8 + len(key) + 4
    (length,) = struct.unpack_from("<Q", model, at)
    # The weights begin at a multiple of 32: a comment keeps them there.
    template += b"{#" + b" " * (-(len(template) + 4 - length) % 32) + b"#}"
    return model[:at] + struct.pack("<Q", len(template)) + template + model[at + 8 + length :]


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
