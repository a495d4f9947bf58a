"""The `options` of a request: their names, types and defaults, as Ollama has them (§1.7 of its API)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ollama_chat_tui.backends.embedded.refusal import Refusal

OptionValue = int | float | bool | list[str] | None

# Ollama reads a prompt 512 tokens at a time; smaller bites cost 9 % and a stop is heard four times sooner.
_BATCH_TOKENS = 128
_CONTEXT_STEP = 256  # llama.cpp rounds its window up to this
_LARGEST = 2**62  # what both JSON libraries on the way agree about

_DEFAULTS: Mapping[str, OptionValue] = {
    "num_ctx": 4096,
    "num_batch": _BATCH_TOKENS,
    "num_thread": 0,
    "num_keep": 4,
    "seed": -1,
    "num_predict": -1,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "temperature": 0.8,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "stop": [],
    # Accepted and checked, without effect here: the engine has no GPU to choose and no draft model.
    "num_gpu": -1,
    "main_gpu": 0,
    "draft_num_predict": 0,
    "use_mmap": True,
}


@dataclass(frozen=True)
class LoadOptions:
    """What a model is loaded with; another value means loading it again.

    Attributes:
        context_tokens: the window.
        batch_tokens: how much of a prompt is read at once; a stop is heard in between.
        context_shift: forget the oldest tokens when the window is full, instead of ending the answer.
    """

    context_tokens: int
    batch_tokens: int
    threads: int
    context_shift: bool


class Options:
    """The options in force for one request: Ollama's defaults, under the model's own, under the request's."""

    def __init__(self, parameters: Mapping[str, OptionValue], requested: Mapping[str, Any]) -> None:
        """Join the three.

        Raises:
            Refusal: 500 for a wrong type; unknown names and nulls are passed over, as Ollama does.
        """
        given = {
            name: _check(name, value)
            for name, value in requested.items()
            if name in _DEFAULTS and value is not None
        }
        self._values = {**_DEFAULTS, **parameters, **given}

    def integer(self, name: str, least: int = -(2**31), most: int = 2**31 - 1) -> int:
        """Return a whole number, held between bounds that llama.cpp can store."""
        value = self._values[name]
        return max(least, min(int(value) if isinstance(value, int | float) else least, most))

    def value(self, name: str) -> OptionValue:
        """Return the value as it is."""
        return self._values[name]

    def load_options(self, trained_tokens: int, processors: int, context_shift: bool) -> LoadOptions:
        """Return what the model must be loaded with, within what it and the machine can do.

        One processor is left to others: threads wait for each other at every layer, so one whose processor
        another program takes stalls them all (measured with two: 85 tokens/s became 0.5).
        """
        most = trained_tokens or 2**31 - _CONTEXT_STEP
        wanted = self.integer("num_ctx", 4, most)
        context = min(-(-wanted // _CONTEXT_STEP) * _CONTEXT_STEP, most)
        batch = self.integer("num_batch", 32, context)
        threads = self.integer("num_thread", 0, processors) or max(1, processors - 1)
        return LoadOptions(context, batch, threads, context_shift)


def _check(name: str, value: object) -> OptionValue:
    default = _DEFAULTS[name]
    if isinstance(default, list):
        if not isinstance(value, list):
            raise Refusal(500, f'option "{name}" must be of type array')
        if not all(isinstance(item, str) for item in value):
            raise Refusal(500, f'option "{name}" must be of an array of strings')
        return value
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise Refusal(500, f'option "{name}" must be of type boolean')
    if isinstance(value, int | float) and not isinstance(value, bool):
        held = max(-_LARGEST, min(value, _LARGEST))
        return int(held) if isinstance(default, int) else float(held)
    raise Refusal(
        500, f'option "{name}" must be of type {"integer" if isinstance(default, int) else "float32"}'
    )
