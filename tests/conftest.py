"""Fixtures that more than one folder needs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.weights import cached_model_file, cached_tools_model_file

# Windows has no pseudo-terminals of this kind: what drives the real command in one is left out there.
_NEEDS_POSIX = re.compile(
    r"tests\.(command|pty_terminal|pictures)|^import (pty|fcntl|termios|resource)", re.MULTILINE
)
collect_ignore = [
    str(path)
    for path in Path(__file__).parent.rglob("test_*.py")
    if sys.platform == "win32" and _NEEDS_POSIX.search(path.read_text(encoding="utf-8"))
]

pytest_plugins = [] if sys.platform == "win32" else ["tests.chat_fixtures"]


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The real default model's file."""
    return cached_model_file()


@pytest.fixture(scope="session")
def tools_model_file() -> Path:
    """The same model with a template that speaks of tools."""
    return cached_tools_model_file()
