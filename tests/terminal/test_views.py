"""How a model's reasoning is shown is remembered."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ollama_chat_tui.environment import Environment
from ollama_chat_tui.state import State, load_state, save_state
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.views import ThinkingViews


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(io.StringIO(), io.StringIO(), io.StringIO(), {}, *[tmp_path] * 4)


def test_each_model_has_its_own_and_the_next_chat_knows_it(environment: Environment) -> None:
    views = ThinkingViews(environment)
    views.choose("a:1b", "hide")
    views.choose("b", "full")
    for each in (views, ThinkingViews(environment)):
        assert [each.of(name) for name in ("a:1b", "b", "B:latest", "c")] == ["hide", "full", "full", "fold"]


def test_a_choice_before_a_model_is_known_holds_for_those_without_one(environment: Environment) -> None:
    ThinkingViews(environment).choose("a", "fold")
    views = ThinkingViews(environment)
    views.choose("", "hide")
    assert (views.of("a"), views.of("b"), views.of("")) == ("fold", "hide", "hide")
    assert ThinkingViews(environment).of("b") is ThinkingView.FOLD


def test_the_default_is_the_callers(environment: Environment) -> None:
    assert ThinkingViews(environment, ThinkingView.FULL).of("m") is ThinkingView.FULL


def test_nothing_else_that_is_remembered_is_lost(environment: Environment) -> None:
    views = ThinkingViews(environment)
    save_state(environment, State({"host": "m"}, {"z:latest": "hide"}))
    views.choose("m", "full")
    assert load_state(environment) == State({"host": "m"}, {"z:latest": "hide", "m:latest": "full"})


def test_an_unknown_view_is_no_choice(environment: Environment) -> None:
    save_state(environment, State(thinking_views={"m:latest": "upside down"}))
    views = ThinkingViews(environment)
    assert views.of("m") is ThinkingView.FOLD
    with pytest.raises(ValueError, match="sideways"):
        views.choose("m", "sideways")
