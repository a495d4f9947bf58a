"""Ollama's model options and durations, checked here because the server does not.

The server ignores an unknown option in silence and answers 500 to a wrong type (`ollama-api` 1.7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import isfinite

from ollama_chat_tui.errors import BadDuration, BadOption, UsageError

OPTION_TYPES: Mapping[str, type] = {
    "num_ctx": int,
    "num_batch": int,
    "num_gpu": int,
    "main_gpu": int,
    "use_mmap": bool,
    "num_thread": int,
    "draft_num_predict": int,
    "num_keep": int,
    "seed": int,
    "num_predict": int,
    "top_k": int,
    "top_p": float,
    "min_p": float,
    "typical_p": float,
    "repeat_last_n": int,
    "temperature": float,
    "repeat_penalty": float,
    "presence_penalty": float,
    "frequency_penalty": float,
    "stop": list,
}

OPTION_MEANINGS: Mapping[str, str] = {
    "num_ctx": "whole number of tokens, by the memory there is: the context window; reloads the model",
    "num_batch": "whole number, 512: tokens of the prompt read at once; reloads the model",
    "num_gpu": "whole number, -1 for automatic: layers on the GPU; reloads the model",
    "main_gpu": "whole number, 0: the GPU for small tensors; reloads the model",
    "use_mmap": "true or false, automatic: map the file instead of reading it; reloads the model",
    "num_thread": "whole number, 0 for automatic: processor threads; reloads the model",
    "draft_num_predict": "whole number: tokens a draft model guesses ahead; reloads the model",
    "num_keep": "whole number, 4: tokens kept at the front when the window slides",
    "seed": "whole number, -1 for random: the same seed gives the same answer",
    "num_predict": "whole number, -1 for no limit: tokens an answer may have",
    "top_k": "whole number, 40, 0 for all: how many likely tokens are drawn from",
    "top_p": "0 to 1, 0.9: how much probability is drawn from",
    "min_p": "0 to 1, 0: the least probability beside the likeliest token",
    "typical_p": "0 to 1, 1: prefers tokens of typical surprise",
    "repeat_last_n": "whole number, 64: how far back repetition is looked for",
    "temperature": "0 or more, 0.8: 0 is the most certain, above 1 is wild",
    "repeat_penalty": "0 or more, 1: above 1 repeats less",
    "presence_penalty": "-2 to 2, 0: above 0 prefers new subjects",
    "frequency_penalty": "-2 to 2, 0: above 0 prefers rarer words",
    "stop": "texts, none: the answer ends before one of them",
}

THINK_LEVELS = ("low", "medium", "high", "max")

_TYPE_NAMES = {int: "a whole number", float: "a number", bool: "true or false", list: "a list of texts"}
_BOOLEANS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}
_DURATION = re.compile(r"(?a)[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")


def parse_option(assignment: str) -> tuple[str, object]:
    """Read `NAME=VALUE`; `stop` may be given several times and each time adds one text.

    Raises:
        BadOption: there is no `=`, no such option, or the value has the wrong type.
    """
    name, equals, text = assignment.partition("=")
    name = name.strip()
    if not equals:
        raise BadOption(f"“{assignment}” is not an option.", "Write it as NAME=VALUE, such as top_k=20.")
    wanted = _type_of(name)
    try:
        if wanted is bool:
            return name, _BOOLEANS[text.strip().lower()]
        return name, _checked(name, [text] if wanted is list else wanted(text))
    except (ValueError, KeyError):
        raise _wrong_type(name, text) from None


def check_options(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options as the server wants them.

    Raises:
        BadOption: an unknown name, with the nearest known one, or a value of the wrong type.
    """
    return {name: _checked(name, value) for name, value in options.items()}


def _checked(name: str, value: object) -> object:
    wanted = _type_of(name)
    if wanted is float and type(value) is int:
        value = float(value)
    match value:
        case bool():
            is_right = wanted is bool
        case int():
            is_right = wanted is int and abs(value) < 2**63
        case float():
            is_right = wanted is float and isfinite(value)
        case list():
            is_right = wanted is list and all(isinstance(text, str) for text in value)
        case _:
            is_right = False
    if not is_right:
        raise _wrong_type(name, value)
    return value


def _type_of(name: str) -> type:
    if name not in OPTION_TYPES:
        nearest = get_close_matches(name, OPTION_TYPES, n=1)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(OPTION_TYPES)}."
        raise BadOption(f"There is no option “{name}”.", hint)
    return OPTION_TYPES[name]


def _wrong_type(name: str, value: object) -> BadOption:
    return BadOption(f"The option {name} cannot be “{value}”.", f"It is {_TYPE_NAMES[_type_of(name)]}.")


def parse_keep_alive(text: str) -> float | str:
    """Read how long a model stays loaded: `0`, `-1`, `forever` or a Go duration such as `1h30m`.

    The server refuses a bare number in quotes and days (`ollama-api` 1.8); so do we, with a hint.

    Raises:
        BadDuration: it is neither.
    """
    text = text.strip()
    if text == "forever":
        return -1
    if text in ("0", "-1"):
        return int(text)
    if _DURATION.fullmatch(text):
        return text
    hint = "Write it with a unit: 90s, 5m, 1h30m; 0 unloads at once, forever never."
    if re.fullmatch(r"\d+", text):
        hint = f"Which unit? Write {text}s or {text}m."
    elif day := re.fullmatch(r"(\d+)d", text):
        hint = f"Days are unknown to Ollama: write {int(day[1]) * 24}h."
    raise BadDuration(f"“{text}” is no duration.", hint)


def parse_think(text: str) -> bool | str:
    """Read `on`, `off` or an effort.

    Raises:
        UsageError: it is none of these.
    """
    word = text.strip().lower()
    if word in THINK_LEVELS:
        return word
    if word in _BOOLEANS:
        return _BOOLEANS[word]
    raise UsageError(f"“{text}” is no way to think.", f"There are: on, off, {', '.join(THINK_LEVELS)}.")
