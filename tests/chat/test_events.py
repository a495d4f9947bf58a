from __future__ import annotations

import pytest

from ollama_chat_tui.chat.events import Metrics


@pytest.mark.parametrize(
    ("tokens", "seconds", "rate"),
    [(20, 2.0, 10.0), (None, 2.0, None), (20, None, None), (0, 2.0, None), (20, 0.0, None)],
)
def test_a_rate_is_told_only_when_both_its_numbers_are_known(
    tokens: int | None, seconds: float | None, rate: float | None
) -> None:
    assert Metrics(answer_tokens=tokens, answer_s=seconds).tokens_per_s == rate
