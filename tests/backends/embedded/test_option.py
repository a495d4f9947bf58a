from __future__ import annotations

import pytest

from ollama_chat_tui.backends.embedded.option import Options


@pytest.mark.parametrize(
    ("asked", "processors", "threads"),
    [({}, 8, 7), ({}, 2, 1), ({}, 1, 1), ({"num_thread": 2}, 2, 2), ({"num_thread": 64}, 4, 4)],
)
def test_one_processor_is_left_to_others_unless_one_says_otherwise(
    asked: dict[str, int], processors: int, threads: int
) -> None:
    assert Options({}, asked).load_options(2048, processors, context_shift=True).threads == threads
