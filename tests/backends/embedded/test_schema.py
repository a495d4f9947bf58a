"""Schemas that would make llama.cpp write on the terminal or eat the memory never reach it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.backends.embedded.schema import check_schema


@pytest.mark.parametrize(
    "pattern",
    [
        "^$",
        "^abc$",
        "^[a-z]{2,5}-[0-9]+$",
        "^(?:a|b)*c?$",
        r"^\.\-\n$",
        "^a{3}$",
        "^a{2,}$",
        "^é.$",
        "^[^a]$",
    ],
)
def test_a_pattern_within_llama_cpps_means_passes(pattern: str) -> None:
    check_schema({"type": "object", "properties": {"a": [{"type": "string", "pattern": pattern}]}})


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"pattern": "abc"}, "Pattern must start with '^' and end with '$'"),
        ({"pattern": "^"}, "Pattern must start with '^' and end with '$'"),
        ({"pattern": "^(?=a)b$"}, "Unsupported pattern ^(?=a)b$"),
        ({"pattern": r"^\p{L}$"}, r"Unsupported pattern ^\p{L}$"),
        ({"pattern": r"^[\d]$"}, r"Unsupported pattern ^[\d]$"),
        ({"pattern": "^a}$"}, "Unsupported pattern ^a}$"),
        ({"pattern": "^a$b$"}, "Unsupported pattern ^a$b$"),
        ({"pattern": "^a{2,1}$"}, "pattern ^a{2,1}$: the least is more than the most"),
        ({"pattern": "^a{2001}$"}, "pattern ^a{2001}$: more than 2000 repetitions"),
        (
            {"items": {"minLength": 5, "maxLength": 1}},
            "minLength and maxLength: the least is more than the most",
        ),
        ({"anyOf": [{"minItems": 10**9}]}, "minItems and maxItems: more than 2000 repetitions"),
    ],
)
def test_what_would_harm_is_refused_with_the_reason(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_schema(schema)
    error = json.loads(caught.value.text)["error"]
    assert (caught.value.status, error["code"], error["type"]) == (400, 400, "invalid_request_error")
    assert error["message"].endswith("JSON schema conversion failed:\n" + reason)


def test_odd_values_are_left_to_llama_cpp() -> None:
    check_schema({"pattern": 5, "minLength": "x", "maxItems": None, "properties": [1, "a"]})
