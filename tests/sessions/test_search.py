"""Search over session files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.sessions.catalog import Catalog
from ollama_chat_tui.sessions.growth import scan
from ollama_chat_tui.sessions.index import RANKED, Conditions, Index
from ollama_chat_tui.sessions.query import parse_query
from ollama_chat_tui.sessions.records import Partial, Said, SettingsChanged, Titled
from ollama_chat_tui.sessions.search import Filter, Hit, Search
from ollama_chat_tui.sessions.snippet import cut_snippet
from ollama_chat_tui.sessions.store import Store
from tests.sessions.written import START, append, write


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


@pytest.fixture
def search(directory: Path, tmp_path: Path) -> Iterator[Search]:
    with Search(directory, tmp_path / "cache") as search:
        yield search


def nodes(hits: list[Hit]) -> list[str | None]:
    return [hit.node_id for hit in hits]


def test_a_hit_says_where_to_jump_and_shows_why(directory: Path, search: Search) -> None:
    write(directory, "a", "Why do leaves turn red?", "Because the green\nchlorophyll goes.", title="Autumn")
    (hit,) = search.find("CHLOROPHYLL")
    assert (hit.session.id, hit.node_id, hit.role) == ("a", "a-1", Role.ASSISTANT)
    assert (hit.at, hit.session.title) == (START + timedelta(minutes=1), "Autumn")
    assert hit.snippet.text == "Because the green chlorophyll goes."
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["chlorophyll"]


def test_all_words_must_be_there_and_none_that_is_left_out(directory: Path, search: Search) -> None:
    write(directory, "a", "red leaves", "green leaves", "leaves, all red", "red grass")
    assert set(nodes(search.find("red leaves"))) == {"a-0", "a-2"}
    assert nodes(search.find('"red leaves"')) == ["a-0"]
    assert nodes(search.find("leaves -red")) == ["a-1"]
    assert nodes(search.find("gras*")) == ["a-3"]
    assert search.find("gras") == []


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("我想去東京タワーを見る", "東京", "東京"),
        ("我想去東京タワーを見る", "タワー", "タワー"),
        ("คุณสบายดีไหม", "สบาย", "สบาย"),
        ("학교에서 배웠다", "학교", "학교"),
        ("大语言模型很有用", "模型", "模型"),
        ("用GPT模型写", "gpt模型", "GPT模型"),
        ("un café brûlé", "cafe brule", "café"),
        ("un cafe\u0301 brûlé", "café", "cafe"),
        ("ДОМ у моря", "дом", "ДОМ"),
        ("x = os.path.join(a)", "os.path", "os.path"),
    ],
)
def test_every_script_is_found(directory: Path, search: Search, text: str, typed: str, marked: str) -> None:
    write(directory, "a", text, "nothing of the kind")
    (hit,) = search.find(typed)
    start, end = hit.snippet.marks[0]
    assert hit.snippet.text[start:end] == marked


def test_characters_in_another_order_are_another_word(directory: Path, search: Search) -> None:
    write(directory, "a", "京東 is a shop")
    assert search.find("東京") == []


def test_the_message_that_says_it_more_is_first(directory: Path, search: Search) -> None:
    write(directory, "a", "one whale " + "and much else " * 30, "whale, whale, whale")
    assert nodes(search.find("whale")) == ["a-1", "a-0"]
    assert nodes(search.find("whale", limit=1)) == ["a-1"]


def test_a_search_can_be_narrowed(directory: Path, search: Search) -> None:
    write(directory, "a", "whale", "whale", model="qwen3:8b", tags=["Sea"])
    write(directory, "b", "whale", "whale", model="gemma3:1b", at=START + timedelta(days=1))
    assert set(nodes(search.find("whale", Filter(role=Role.USER)))) == {"a-0", "b-0"}
    assert set(nodes(search.find("whale", Filter(model="Qwen3")))) == {"a-0", "a-1"}
    assert set(nodes(search.find("whale", Filter(tag="sea")))) == {"a-0", "a-1"}
    assert set(nodes(search.find("whale", Filter(since=START + timedelta(hours=1))))) == {"b-0", "b-1"}
    assert nodes(search.find("whale", Filter(before=START + timedelta(seconds=1)))) == ["a-0"]
    assert nodes(search.find("whale", Filter(Role.ASSISTANT, "gemma", START))) == ["b-1"]
    assert search.find("whale", Filter(model="none")) == search.find("whale", Filter(tag="land")) == []


def test_the_model_is_the_one_in_use_when_it_was_said(directory: Path, search: Search) -> None:
    path = write(directory, "a", "whale", model="one")
    search.find("whale")
    append(path, SettingsChanged(START, "two"), Said("n", "a-0", START, Role.ASSISTANT, "whale"))
    assert nodes(search.find("whale", Filter(model="one"))) == ["a-0"]
    assert nodes(search.find("whale", Filter(model="two"))) == ["n"]


def test_a_title_is_found_until_it_is_another(directory: Path, search: Search) -> None:
    path = write(directory, "a", "hello", title="Whales")
    (hit,) = search.find("whales")
    assert (hit.session.id, hit.node_id, hit.role) == ("a", None, None)
    append(path, Titled("Birds", START))
    assert search.find("whales") == []
    assert nodes(search.find("birds")) == [None]
    assert search.find("birds", Filter(role=Role.USER)) == []


def test_what_is_said_later_is_found(directory: Path, search: Search) -> None:
    path = write(directory, "a", "first")
    assert nodes(search.find("first")) == ["a-0"]
    append(path, Said("n", "a-0", START, Role.ASSISTANT, "second"))
    assert nodes(search.find("second")) == ["n"]
    assert nodes(search.find("first")) == ["a-0"]


def test_an_answer_is_found_while_it_is_written_and_once_when_it_is_done(
    directory: Path, search: Search
) -> None:
    path = write(directory, "a", "hello")
    append(path, Partial("n", START, "a-0", "the whale"), Partial("n", START, None, " sings"))
    (hit,) = search.find('"whale sings"')
    assert (hit.node_id, hit.snippet.text) == ("n", "the whale sings")
    append(path, Partial("n", START, None, " at night"))
    assert nodes(search.find("night whale")) == ["n"]
    append(path, Said("n", "a-0", START, Role.ASSISTANT, "the whale sings at night."))
    (hit,) = search.find("whale")
    assert hit.snippet.text == "the whale sings at night."
    append(path, Said("o", "n", START, Role.USER, "really?"))
    assert nodes(search.find("whale")) == ["n"]


def test_an_answer_that_was_never_finished_is_found_for_ever(directory: Path, search: Search) -> None:
    path = write(directory, "a", "hello")
    append(path, Partial("n", START, "a-0", "the whale"))
    append(path, Said("o", "n", START, Role.USER, "go on"))
    assert nodes(search.find("whale")) == ["n"]
    append(path, Said("p", "o", START, Role.USER, "go on!"))
    assert nodes(search.find("whale")) == ["n"]


def test_a_session_in_the_trash_is_not_found_until_it_is_back(directory: Path, search: Search) -> None:
    write(directory, "a", "whale")
    write(directory, "b", "whale")
    assert set(nodes(search.find("whale"))) == {"a-0", "b-0"}
    store = Store(directory)
    store.trash("a")
    assert nodes(search.find("whale")) == ["b-0"]
    store.restore("a")
    assert set(nodes(search.find("whale"))) == {"a-0", "b-0"}


def test_the_words_of_a_deleted_session_leave_the_disk(
    directory: Path, search: Search, tmp_path: Path
) -> None:
    path = write(directory, "a", "zanzibar")
    write(directory, "b", "whale")
    assert search.find("zanzibar")
    path.unlink()
    assert search.find("zanzibar") == []
    search.close()
    assert all(b"zanzibar" not in file.read_bytes() for file in (tmp_path / "cache").iterdir())


def test_a_file_that_was_exchanged_is_read_anew(directory: Path, search: Search) -> None:
    path = write(directory, "a", "whale")
    assert search.find("whale")
    path.unlink()
    write(directory, "a", "a bird, and a longer text than that of before", "and an answer")
    assert search.find("whale") == []
    assert nodes(search.find("bird")) == ["a-0"]


def test_damaged_lines_hide_nothing_else(directory: Path, search: Search) -> None:
    path = write(directory, "a", "whale")
    with path.open("ab") as file:
        file.write(b'\xff\xfe garbage\n[1, 2]\n{"kind":"message","role":7}\n{"kind":"new thing","at":5}\n')
    append(path, Said("n", "a-0", START, Role.ASSISTANT, "bird"))
    with path.open("ab") as file:
        file.write(b'{"kind":"message","id":"t","role":"user","content":"torn')
    assert nodes(search.find("whale")) == ["a-0"]
    assert nodes(search.find("bird")) == ["n"]
    assert search.find("torn") == []


def test_of_a_word_that_is_everywhere_the_newest_are_ranked(directory: Path, search: Search) -> None:
    count = RANKED // 2 + 10
    write(directory, "a", *["whale"] * count)
    write(directory, "b", *["whale and more"] * count, at=START + timedelta(days=1))
    assert len(search.find("whale", limit=10 * count)) == RANKED


def test_a_directory_that_is_not_there_holds_nothing(search: Search) -> None:
    assert search.find("whale") == []


def test_a_file_that_goes_while_it_is_looked_at_is_passed_over(directory: Path, tmp_path: Path) -> None:
    path = write(directory, "a", "whale")
    write(directory, "b", "whale")
    sources = scan(directory)
    path.unlink()
    index, catalog = Index(tmp_path / "cache"), Catalog(directory, tmp_path / "cache")
    for _ in range(2):
        assert [match.session_id for match in index.find('"whale"', sources, Conditions(), 9)] == ["b"]
        assert [listed.id for listed in catalog.sessions(sources)] == ["b"]
    write(directory, "a", "whale")
    assert len(index.find('"whale"', scan(directory), Conditions(), 9)) == 2
    index.close()
    catalog.close()


def test_an_empty_search_is_wrong_usage(search: Search) -> None:
    with pytest.raises(UsageError):
        search.find(" ")


def test_progress_is_told_in_bytes(directory: Path, search: Search) -> None:
    size = write(directory, "a", "whale").stat().st_size
    told: list[tuple[int, int]] = []
    search.find("whale", progress=lambda done, total: told.append((done, total)))
    search.find("whale", progress=lambda done, total: told.append((done, total)))
    assert told == [(size, size)]


@given(st.text(max_size=300), st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=4))
def test_marks_are_places_in_the_snippet(text: str, word: str) -> None:
    query = parse_query(word) if any(char.isascii() and char.isalnum() for char in word) else parse_query("a")
    snippet = cut_snippet(f"{text} {word} {text}", query.wanted)
    assert "\n" not in snippet.text
    assert all(0 <= start < end <= len(snippet.text) for start, end in snippet.marks)
    assert [*snippet.marks] == sorted(snippet.marks)


def test_a_long_text_is_shown_where_most_of_the_words_are() -> None:
    text = "red " + "filling " * 100 + "leaves turn red " + "filling " * 100
    snippet = cut_snippet(text, parse_query("red leaves").wanted)
    assert snippet.text.startswith("… ")
    assert snippet.text.endswith(" …")
    assert [snippet.text[start:end] for start, end in snippet.marks] == ["leaves", "red"]


def test_what_is_deleted_can_leave_the_caches_without_a_search(
    directory: Path, search: Search, tmp_path: Path
) -> None:
    write(directory, "a", "chlorophyll", title="Autumn")
    write(directory, "b", "rivers")
    search.find("rivers")
    Store(directory).path("a").unlink()
    write(directory, "c", "mountains")
    search.forget_deleted()
    search.close()
    held = b"".join(path.read_bytes() for path in (tmp_path / "cache").iterdir())
    assert not [word for word in (b"chlorophyll", b"autumn", b"Autumn", b"mountains") if word in held]
    assert nodes(search.find("rivers")) == ["b-0"]
