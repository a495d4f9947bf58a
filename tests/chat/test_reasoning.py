from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.chat.reasoning import ThinkSplitter

TEXTS = st.lists(
    st.sampled_from(["<think>", "</think>", "<", "/", "think", ">", " ", "\n", "a", "</thi", "</"]),
    max_size=12,
).map("".join)


def split(*pieces: str) -> tuple[str, str]:
    splitter = ThinkSplitter()
    told = [*(splitter.feed(piece) for piece in pieces), splitter.flush()]
    return "".join(thinking for thinking, _ in told), "".join(content for _, content in told)


@pytest.mark.parametrize(
    ("text", "thinking", "content"),
    [
        ("", "", ""),
        ("Hello", "", "Hello"),
        ("  Hello", "", "  Hello"),
        ("<think>Hm.</think>Hello", "Hm.", "Hello"),
        ("\n<think>\nHm.\n</think>\n\nHello", "Hm.", "Hello"),
        ("<think></think>Hello", "", "Hello"),
        ("<think> \n </think> Hello", "", "Hello"),
        ("<think>Hm. < / </thin </think>x", "Hm. < / </thin", "x"),
        ("<think>Only that", "Only that", ""),
        ("<think>Only that </thi", "Only that </thi", ""),
        ("<think>  ", "", ""),
        ("<think>a</think>  ", "a", ""),
        ("<thi", "", "<thi"),
        ("<thinking>no</thinking>", "", "<thinking>no</thinking>"),
        ("Hello <think>no</think>", "", "Hello <think>no</think>"),
        ("<think>a</think>b<think>c</think>", "a", "b<think>c</think>"),
    ],
)
def test_reasoning_at_the_very_start_is_told_from_the_answer(text: str, thinking: str, content: str) -> None:
    assert split(text) == (thinking, content)


@given(TEXTS, st.lists(st.integers(0, 60)))
def test_it_is_the_same_however_the_text_is_cut(text: str, places: list[int]) -> None:
    at = sorted({min(place, len(text)) for place in places})
    pieces = [text[begin:stop] for begin, stop in zip([0, *at], [*at, len(text)], strict=True)]
    assert split(*pieces) == split(text)


@given(TEXTS)
def test_nothing_but_the_tags_and_blanks_around_them_is_lost(text: str) -> None:
    thinking, content = split(text)
    bare = text.lstrip()
    if bare.startswith("<think>"):
        inside, _, after = bare.removeprefix("<think>").partition("</think>")
        assert thinking.strip() == inside.strip()
        assert content == after.lstrip()
    else:
        assert (thinking, content) == ("", text)


def test_text_is_passed_on_as_soon_as_it_is_certain() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("<th") == ("", "")
    assert splitter.feed("ink>Let me") == ("Let me", "")
    assert splitter.feed(" see <") == (" see", "")
    assert splitter.feed("b></think>") == (" <b>", "")
    assert splitter.feed("Yes") == ("", "Yes")
