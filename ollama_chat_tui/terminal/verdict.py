"""Whether an answer fits its format, in words: what the screen, a dumb terminal and `ask` say of it.

Faults quote the answer, which is foreign: it is made harmless here.
"""

from __future__ import annotations

from ollama_chat_tui.chat.events import CutBy, Judged, Metrics
from ollama_chat_tui.terminal.sanitize import sanitize_line

MOST_FAULTS = 8


def verdict_lines(verdict: Judged) -> list[str]:
    """A line with ✓ or ✗, one for each fault, and one when it is asked again."""
    if not verdict.faults:
        return ["✓ fits the schema" if verdict.is_schema else "✓ a JSON object"]
    format_name = "the schema" if verdict.is_schema else "the format: a JSON object"
    lines = [f"✗ does not fit {format_name}"]
    lines += [f"  {sanitize_line(str(fault))}" for fault in verdict.faults[:MOST_FAULTS]]
    if (more := len(verdict.faults) - MOST_FAULTS) > 0:
        lines.append(f"  and {more} more")
    return [*lines, f"Asking again: try {verdict.next_try}"] if verdict.next_try else lines


def room_hint(metrics: Metrics, way: str) -> str:
    """How an answer that was cut gets twice the room; empty when it was not.

    Args:
        metrics: what the answer cost.
        way: how an option is set, with `{name}` and `{value}`.
    """
    if metrics.cut_by is None:
        return ""
    answer, prompt = metrics.answer_tokens or 0, metrics.prompt_tokens or 0
    name, used = (
        ("num_predict", answer) if metrics.cut_by is CutBy.NUM_PREDICT else ("num_ctx", answer + prompt)
    )
    value = 2 * used or 256
    return f"The answer was cut by {metrics.cut_by}. More room: {way.format(name=name, value=value)}"
