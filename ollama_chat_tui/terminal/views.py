"""How much of each model's reasoning is shown, remembered for later chats."""

from __future__ import annotations

from contextlib import suppress

from ollama_chat_tui.backends.names import full_name
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.state import load_state, save_state
from ollama_chat_tui.terminal.reasoning import ThinkingView


class ThinkingViews:
    """The choice for each model; the default for those without one."""

    def __init__(self, environment: Environment, default: ThinkingView = ThinkingView.FOLD) -> None:
        self._environment = environment
        self._default = default
        self._chosen = load_state(environment).thinking_views

    def of(self, model: str) -> ThinkingView:
        """Return how the model's reasoning is shown; what a file says and we do not know is no choice."""
        with suppress(ValueError, KeyError):
            return ThinkingView(self._chosen[full_name(model)])
        return self._default

    def choose(self, model: str, view: str) -> None:
        """Remember a choice; without a model it is the default as long as the program runs.

        Raises:
            ValueError: `view` is none of `ThinkingView`.
        """
        chosen = ThinkingView(view)
        if not model:
            self._default = chosen
            return
        state = load_state(self._environment)  # another chat may have written meanwhile
        self._chosen[full_name(model)] = state.thinking_views[full_name(model)] = chosen.value
        save_state(self._environment, state)
