"""What the program remembers by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.state import State, load_state, save_state
from tests.weights import environment_in


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return environment_in(tmp_path / "s")


def test_what_was_saved_is_remembered(environment: Environment) -> None:
    save_state(environment, State({"http://a:1": "m"}))
    assert load_state(environment) == State({"http://a:1": "m"})
    assert [path.name for path in environment.state_dir.iterdir()] == ["state.json"]


def test_there_is_nothing_to_remember_at_first(environment: Environment) -> None:
    assert load_state(environment) == State()


def test_what_an_older_version_saved_is_remembered(environment: Environment) -> None:
    save_state(environment, State())
    (environment.state_dir / "state.json").write_text('{"last_models": {"a": "b"}, "of the future": 1}')
    assert load_state(environment) == State({"a": "b"})


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"last_models": 3}', b"\xff\xfe"])
def test_a_damaged_memory_is_an_empty_one(environment: Environment, damage: bytes) -> None:
    save_state(environment, State({"a": "b"}))
    (environment.state_dir / "state.json").write_bytes(damage)
    assert load_state(environment) == State()


def test_a_place_that_cannot_be_written_is_no_error(environment: Environment) -> None:
    environment.state_dir.write_text("a file where the directory should be")
    save_state(environment, State({"a": "b"}))
    assert load_state(environment) == State()
