"""Fixtures that more than one folder needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.weights import cached_model_file


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The real default model's file."""
    return cached_model_file()
