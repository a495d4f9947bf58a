"""What the table of commands offers to complete."""

from __future__ import annotations

import pytest

from ollama_chat_tui.commands.registry import Context


def words(context: Context, line: str) -> list[str]:
    return [word for word, _ in context.registry.complete(context, line)[1]]


@pytest.mark.parametrize(
    ("line", "start", "offered"),
    [
        ("/", 0, "/help"),
        ("/se", 0, "/seed"),
        ("/set te", 5, "temperature"),
        ("/help mo", 6, "models"),
        ("/model q", 7, "qwen3:8b"),
        ("/show qwen3:8b te", 15, "template"),
        ("/think h", 7, "high"),
        ("/unset ", 7, "all"),
    ],
)
def test_a_word_is_offered_where_it_may_stand(context: Context, line: str, start: int, offered: str) -> None:
    context.model_names = ["qwen3:8b"]
    assert context.registry.complete(context, line)[0] == start
    assert offered in words(context, line)


@pytest.mark.parametrize("line", ["", "hello /", "//help", "/etc/ho", "/quit ", "/nonsense x", "/set top_k "])
def test_nothing_is_offered_where_no_word_is_known(context: Context, line: str) -> None:
    assert words(context, line) == []
