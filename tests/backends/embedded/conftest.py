"""A client whose server is the embedded engine with the real model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ollama_chat_tui.backends.embedded.model import EmbeddedModel, default_model
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport
from tests.weights import environment_in


@pytest.fixture
def model(model_file: Path) -> EmbeddedModel:
    return default_model(environment_in(model_file.parents[1]))


@pytest.fixture
async def client(model: EmbeddedModel) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(model) as client:
        yield client


def connect(model: EmbeddedModel) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=EmbeddedTransport(model), base_url="http://embedded")
