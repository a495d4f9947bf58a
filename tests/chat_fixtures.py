"""A server, a home and a chat in a terminal, for all who drive the real command; a plugin of `conftest`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import READY, chat, fresh_home
from tests.pty_terminal import PtyTerminal
from tests.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that answers the loading of a model by itself, and keeps it apart from the questions."""
    with ScriptedServer() as running:
        running.answers_loads = True
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    """The variables of somebody new whose server is that one."""
    return fresh_home(tmp_path, OLLAMA_HOST=server.url)


@pytest.fixture
def terminal(home: dict[str, str]) -> Iterator[PtyTerminal]:
    """A chat that can be typed into."""
    with chat(home=home) as opened:
        opened.wait_for(READY)
        yield opened
