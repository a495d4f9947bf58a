"""What answers cost, as a table, and their speed as a small plot."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.commands.layout import in_columns

_BARS = "▁▂▃▄▅▆▇█"
WIDEST_PLOT = 60


def stats_text(answers: Sequence[Metrics]) -> str:
    """The last answer, and all of them where there are several."""
    last = answers[-1]
    rows = [("", "last answer", "whole session"), *_rows(last, answers)]
    if len(answers) == 1:
        rows = [row[:2] for row in rows]  # type: ignore[misc]
    lines = in_columns([row for row in rows if any(row[1:])])
    rates = [answer.tokens_per_s for answer in answers if answer.tokens_per_s]
    if len(rates) > 1:
        lines += ["", f"tokens/s, {min(rates):.1f} to {max(rates):.1f}  {plot(rates)}"]
    return "\n".join(lines)


def plot(values: Sequence[float]) -> str:
    """A bar a value, the newest on the right; heights begin at zero."""
    shown = values[-WIDEST_PLOT:]
    top = max(shown) or 1.0
    return "".join(_BARS[min(len(_BARS) - 1, int(value / top * len(_BARS)))] for value in shown)


def _rows(last: Metrics, answers: Sequence[Metrics]) -> list[tuple[str, str, str]]:
    def total(name: str) -> float | None:
        known = [value for answer in answers if (value := getattr(answer, name)) is not None]
        return sum(known) if known else None

    answer_tokens, answer_s = total("answer_tokens"), total("answer_s")
    rate = answer_tokens / answer_s if answer_tokens and answer_s else None
    models = dict.fromkeys(answer.model for answer in answers if answer.model)
    return [
        ("model", last.model, ", ".join(models)),
        ("answers", "", str(len(answers))),
        ("prompt", _tokens(last.prompt_tokens), _tokens(total("prompt_tokens"))),
        ("answer", _tokens(last.answer_tokens), _tokens(answer_tokens)),
        ("speed", _rate(last.tokens_per_s), _rate(rate)),
        ("first token after", _seconds(last.first_token_s), ""),
        ("loading", _seconds(last.load_s), _seconds(total("load_s"))),
        ("reading the prompt", _seconds(last.prompt_s), _seconds(total("prompt_s"))),
        ("writing", _seconds(last.answer_s), _seconds(answer_s)),
        ("in all", _seconds(last.total_s), _seconds(total("total_s"))),
        ("ended by", _ending(last), ""),
    ]


def _tokens(count: float | None) -> str:
    return "" if count is None else f"{count:,.0f} tokens"


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.1f} tokens/s"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


def _ending(metrics: Metrics) -> str:
    return metrics.cut_by.value if metrics.cut_by else metrics.done_reason
