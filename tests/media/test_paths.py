"""Files named in what a person types, however they are quoted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.media.paths import completions, found_in, read_arguments
from tests.media.pictures import png, write

ODD = "it's a (b) [1] & “c” $d.png"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a b.png", "it's.png", ODD, 'say "hi".png', 'it\'s "a".png', "sub/ü b.webp"):
        write(tmp_path / name, png())
    write(tmp_path / "notes.png", b"no picture\n")
    write(tmp_path / "notes.txt", b"no picture\n")
    return tmp_path


def posix_quoted(path: str) -> str:
    """What g_shell_quote of GLib makes of it."""
    return "'" + path.replace("'", "'\\''") + "'"


def escaped(path: str, signs: str = " \t\"'\\$`*?[]{}()<>|&;!#~^") -> str:
    return "".join("\\" + sign if sign in signs else sign for sign in path)


DROPPED: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "GNOME Terminal": (lambda path: posix_quoted(path) + " ", ["a.png", "a b.png", "it's.png", ODD]),
    "iTerm2": (lambda path: escaped(path) + " ", ["a.png", "a b.png", "it's.png", ODD, 'say "hi".png']),
    "kitty, in a program": (lambda path: path, ["a.png", "a b.png", "it's.png", ODD]),
    "kitty, at a shell's prompt": (
        lambda path: path if path.isalnum() else "'" + path.replace("'", "'\"'\"'") + "'",
        ["a.png", "a b.png", "it's.png", ODD],
    ),
    "Windows Terminal with WSL": (posix_quoted, ["a.png", "a b.png", "it's.png"]),
    "Windows Terminal": (
        lambda path: f'"{path}"' if " " in path else path,
        ["a.png", "a b.png", "it's.png", ODD],
    ),
    "VS Code": (lambda path: f"'{path}'", ["a.png", "a b.png"]),
    "VS Code, a quote in the name": (lambda path: "'" + path.replace("'", "\\'") + "'", ["it's.png"]),
    "VS Code, both quotes": (lambda path: "$'" + path.replace("'", "\\'") + "'", ['it\'s "a".png']),
    "VS Code of 2018": (lambda path: path.replace(" ", "\\ "), ["a.png", "a b.png"]),
    "an address of a file manager": (
        lambda path: Path(path).as_uri(),
        ["a.png", "a b.png", "it's.png", "sub/ü b.webp", ODD],
    ),
}
CASES = [
    pytest.param(quote, name, id=f"{terminal}: {name}")
    for terminal, (quote, names) in DROPPED.items()
    for name in names
]


@pytest.mark.parametrize(("quote", "name"), CASES)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("what is ", ""), ("", "\nwhat is it?"), ("look at this: ", "\n")],
    ids=["alone", "behind words", "above words", "between"],
)
def test_a_dropped_file_is_recognised(
    home: Path, quote: Callable[[str], str], name: str, before: str, after: str
) -> None:
    message = before + quote(str(home / name)) + after
    (found,) = found_in(message)
    assert found.path == home / name
    assert message[: found.start] == before
    assert message[found.end :].lstrip(" ") == after
    assert read_arguments(quote(str(home / name))).sources == (str(home / name),)


def test_several_dropped_at_once_are_all_recognised(home: Path) -> None:
    names = ["a.png", "a b.png", "it's.png"]
    for quote, separator in ((posix_quoted, " "), (escaped, " "), (str, "\n")):
        paths = [home / name for name in names]
        message = separator.join(quote(str(path)) for path in paths)
        assert [found.path for found in found_in(message)] == paths
        assert read_arguments(message).sources == tuple(map(str, paths))


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("describe ~/a\\ b.png and sub/ü\\ b.webp", ["a b.png", "sub/ü b.webp"]),
        ("what is in a.png?", ["a.png"]),
        ("(see ./a.png, and 'a b.png'.)", ["a.png", "a b.png"]),
        ("compare a.png\nwith ~/it's.png", ["a.png", "it's.png"]),
        ('"a b.png" or "it\'s.png"', ["a b.png", "it's.png"]),
        ("notes.png is no picture, notes.txt neither", []),
        ("there is no b.png, and sub/ is a folder", []),
        ("It's the 'best' of e.g. 1.5 and a/b, isn't it?", []),
        ("'unclosed a.png", ["a.png"]),
        ("mail me@a.png or http://example.org/a.png", []),
        ("xa.png a.pngx", []),
        ("~nobody-of-that-name/a.png /\0/a.png", []),
        ("", []),
    ],
)
def test_only_what_is_a_picture_is_a_path_in_a_message(home: Path, message: str, names: list[str]) -> None:
    assert [found.path.resolve() for found in found_in(message)] == [home / name for name in names]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a.png '\"\\/~$\n(b", max_size=60))
def test_any_text_can_be_looked_through(message: str) -> None:
    end = 0
    for found in found_in(message):
        assert end <= found.start < found.end <= len(message)
        end = found.end
    read_arguments(message)
    completions(message)


@pytest.mark.parametrize(
    ("arguments", "sources", "is_original"),
    [
        ("a.png 'a b.png'", ["a.png", "a b.png"], False),
        ("--original a\\ b.png", ["a b.png"], True),
        ("a.png --original", ["a.png"], True),
        ("clipboard", ["clipboard"], False),
        ("https://example.org/a%20b.png?x=1&y='2'", ["https://example.org/a%20b.png?x=1&y=2"], False),
        ("missing.png 'also missing.png'", ["missing.png", "also missing.png"], False),
        ("none*.png", ["none*.png"], False),
        ("a*.png", ["a b.png", "a.png"], False),
        ("'unclosed", ["'unclosed"], False),
        ("", [], False),
    ],
)
def test_the_arguments_of_a_command_are_words(arguments: str, sources: list[str], is_original: bool) -> None:
    wanted = read_arguments(arguments)
    assert (list(wanted.sources), wanted.is_original) == (sources, is_original)


def test_a_home_and_a_pattern_are_expanded(home: Path) -> None:
    assert read_arguments("~/a.png").sources == (str(home / "a.png"),)
    assert set(read_arguments("~/*/*.webp").sources) == {str(home / "sub/ü b.webp")}


def test_a_name_that_is_a_pattern_is_a_name_first(home: Path) -> None:
    write(home / "x[1].png", png())
    write(home / "x1.png", png())
    assert read_arguments("x[1].png").sources == ("x[1].png",)


def test_tab_offers_pictures_and_folders_escaped_as_they_must_be_typed(home: Path) -> None:
    write(home / ".hidden.png", png())
    offered = [text for text, _ in completions("a.png ")]
    assert "sub/" in offered
    assert "a\\ b.png" in offered
    assert not {"notes.txt", ".hidden.png"} & set(offered)
    assert "notes.txt" in [text for text, _ in completions("", pictures_only=False)]
    assert completions("x a\\ b")[0][1] == 2
    assert ("sub/ü\\ b.webp", 0) in completions("sub/")
    assert ("~/a.png", 4) in completions("one ~/")
    assert (".hidden.png", 0) in completions(".h")
    assert completions("no/such/folder/") == []
    for text in offered:
        assert (home / read_arguments(text).sources[0]).exists()
