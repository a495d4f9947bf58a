"""What a user types into a search."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.sessions.query import MOST_TERMS, Term, parse_query


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("red leaves", ["red", "leaves"], []),
        ('"red leaves"', ["red leaves"], []),
        ("“red leaves”", ["red leaves"], []),
        ('"red leaves', ["red leaves"], []),
        ('red"green blue"', ["red", "green blue"], []),
        ("leaf*", ["leaf*"], []),
        ('"red lea"*', ["red lea*"], []),
        ("red -green", ["red"], ["green"]),
        ('red -"green leaves" -b*', ["red"], ["green leaves", "b*"]),
        ("Café", ["cafe"], []),
        ("--verbose", ["verbose"], []),
        ("a - b", ["a", "b"], []),
        ("os.path", ["os path"], []),
        ("NOT AND OR", ["not", "and", "or"], []),
        ("東京タワー", ["東 京 タ ワ ー"], []),
        ("GPT模型", ["gpt 模 型"], []),
    ],
)
def test_what_is_typed_becomes_terms(typed: str, wanted: list[str], unwanted: list[str]) -> None:
    query = parse_query(typed)
    assert [_written(term) for term in query.wanted] == wanted
    assert [_written(term) for term in query.unwanted] == unwanted


def _written(term: Term) -> str:
    return " ".join(term.words) + "*" * term.is_prefix


@pytest.mark.parametrize("typed", ["", "  ", '""', "***", "-", "( ) ^ :", "\x00", "\ud800"])
def test_a_search_without_a_word_is_wrong_usage(typed: str) -> None:
    with pytest.raises(UsageError, match="no word to look for"):
        parse_query(typed)


def test_a_search_for_nothing_but_what_is_not_wanted_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="only words to leave out"):
        parse_query("-red")


def test_a_whole_page_pasted_into_a_search_is_wrong_usage() -> None:
    parse_query("a " * MOST_TERMS)
    with pytest.raises(UsageError, match="at most 64 words"):
        parse_query("a " * (MOST_TERMS + 1))


PIECES = st.sampled_from(
    ['"', "*", "-", "(", ")", "^", ":", "+", "{", "}", "NEAR(", "AND", "NOT", "text:", "\x00", "'", "\\", ";"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=30))
def test_no_text_whatever_is_a_mistake_to_sqlite(pieces: list[str]) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61')")
    for joint in ("", " "):
        try:
            query = parse_query(joint.join(pieces))
        except UsageError:
            continue
        assert db.execute("SELECT rowid FROM words WHERE words MATCH ?", (query.expression,)).fetchall() == []
    db.close()
