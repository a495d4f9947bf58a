from __future__ import annotations

import re

from ollama_chat_tui.chat.events import CutBy, Metrics
from ollama_chat_tui.commands.stats import WIDEST_PLOT, plot, stats_text

FIRST = Metrics(
    model="a", done_reason="stop", prompt_tokens=10, answer_tokens=100, answer_s=2.0, total_s=3.0, load_s=0.5
)
SECOND = Metrics(
    model="b",
    done_reason="length",
    cut_by=CutBy.NUM_PREDICT,
    prompt_tokens=1200,
    answer_tokens=50,
    answer_s=0.5,
    total_s=1.0,
    first_token_s=0.25,
)


def rows(text: str) -> dict[str, str]:
    cells = [re.split(r"\s{2,}", line) for line in text.splitlines()]
    return {row[0]: " | ".join(row[1:]) for row in cells}


def test_one_answer_has_a_column_of_its_own() -> None:
    shown = rows(stats_text([FIRST]))
    assert shown["answer"] == "100 tokens"
    assert shown["speed"] == "50.0 tokens/s"
    assert shown["ended by"] == "stop"
    assert "whole session" not in stats_text([FIRST])


def test_several_are_added_up_and_plotted() -> None:
    text = stats_text([FIRST, SECOND])
    shown = rows(text)
    assert shown["model"] == "b | a, b"
    assert shown["prompt"] == "1,200 tokens | 1,210 tokens"
    assert shown["speed"] == "100.0 tokens/s | 60.0 tokens/s"
    assert shown["ended by"] == "num_predict"
    assert text.splitlines()[-1] == "tokens/s, 50.0 to 100.0  ▅█"


def test_what_nobody_measured_is_left_out() -> None:
    assert stats_text([Metrics()]).split() == ["last", "answer"]


def test_a_plot_keeps_the_newest() -> None:
    assert plot([1.0, 8.0]) == "▂█"
    assert len(plot([1.0] * 500)) == WIDEST_PLOT
    assert plot([0.0]) == "▁"
