from __future__ import annotations

import pytest
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from ollama_chat_tui.terminal.completion import (
    Candidate,
    CompletionSource,
    SourceCompleter,
    fuzzy_match,
)
from tests.terminal.command_names import CommandNames

COMMANDS = CommandNames(lambda: [("help", "Say what there is"), ("model", "Choose a model")])
SOURCE: CompletionSource = COMMANDS  # a command table fits the protocol


class Models:
    def __init__(self, *names: str) -> None:
        self.names = names

    def complete(self, text_before_cursor: str) -> list[Candidate]:
        start = len("/model ")
        return [
            Candidate(name, start, "4.4 GB")
            for name in self.names
            if text_before_cursor.startswith("/model ")
        ]


def complete(text: str, *sources: CompletionSource, columns: int = 80) -> list[Completion]:
    completer = SourceCompleter(sources, str, lambda: columns)
    return list(completer.get_completions(Document(text, len(text)), CompleteEvent()))


def texts(text: str, *sources: CompletionSource) -> list[str]:
    return [each.text for each in complete(text, *sources)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/", ["/help", "/model"]),
        ("/md", ["/model"]),
        ("/model", []),  # nothing is left to complete
        ("/zz", []),
        ("a /", []),
        (" /", []),
        ("one\n/", []),
        ("//", []),
        ("/etc/", []),
        ("/model ", []),
        ("", []),
    ],
)
def test_commands_complete_at_the_start_only(text: str, expected: list[str]) -> None:
    assert texts(text, COMMANDS) == expected


def test_the_best_match_comes_first() -> None:
    models = Models("qwen3:8b", "deepseek-r1:8b", "my-qwen", "q-w-e-n", "aqwen")
    assert texts("/model qwen", models) == ["qwen3:8b", "my-qwen", "aqwen", "q-w-e-n"]
    assert texts("/model 8B", models) == ["qwen3:8b", "deepseek-r1:8b"]
    assert texts("/model r18", models) == ["deepseek-r1:8b"]


def test_equal_matches_keep_the_order_of_their_source() -> None:
    assert texts("/model ", Models("b", "a", "c", "b")) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("typed", "text", "places"),
    [("", "abc", []), ("B", "abc", [1]), ("ac", "abc", [0, 2]), ("ca", "abc", None), ("i", "İi", [1])],
)
def test_what_was_found_is_known(typed: str, text: str, places: list[int] | None) -> None:
    found = fuzzy_match(typed, text)
    assert (list(found[1]) if found else None) == places


def test_the_description_gives_way_to_the_name_on_a_narrow_screen() -> None:
    models = Models("a-model-with-a-rather-long-name:8b-q4", "b")
    assert [each.display_meta_text for each in complete("/model ", models, columns=80)] == [
        "4.4 GB",
        "4.4 GB",
    ]
    assert [each.display_meta_text for each in complete("/model ", models, columns=40)] == ["", ""]


def test_only_what_stands_from_the_start_is_replaced() -> None:
    assert [each.start_position for each in complete("/model q", Models("qwen"))] == [-1]


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def complete(self, text_before_cursor: str) -> list[Candidate]:
        return [Candidate(self.name, 0, "one\n  two")]


def test_a_candidate_keeps_its_blanks_and_stays_on_one_line() -> None:
    assert texts("", Named('"a  b.json"')) == ['"a  b.json"']
    (found,) = complete("", Named("a\nb\tc"))
    assert (found.text, found.display_meta_text) == ("a b c", "one two")


def test_what_is_typed_whole_comes_before_what_goes_on() -> None:
    words = sorted(
        ["copy-model", "copy", "my-copy"], key=lambda word: (fuzzy_match("copy", word) or ((9, 9), []))[0]
    )
    assert words == ["copy", "copy-model", "my-copy"]
