from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from tests.scripted_server import ScriptedServer


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine says about proxies and certificates is no business of these tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
async def client(server: ScriptedServer) -> AsyncIterator[OllamaClient]:
    async with OllamaClient(parse_host(server.url)) as ready:
        yield ready
