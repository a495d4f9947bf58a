"""Text files in a message, and files that cannot be read at all."""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ollama_chat_tui.errors import AttachmentError, FileUnreadable, TooLarge, WrongKind
from ollama_chat_tui.media.files import TextFile, mentioned, read_text
from ollama_chat_tui.media.reading import open_file
from ollama_chat_tui.media.size import MAX_TEXT_BYTES, size_text
from tests.media.pictures import png, write


@given(st.text(alphabet="`~ab\n \t", max_size=80), st.text(alphabet="a.`\n py", min_size=1, max_size=12))
def test_the_fence_holds_whatever_stands_in_the_file(text: str, name: str) -> None:
    (token,) = MarkdownIt("commonmark").parse(TextFile(name, text, 0).fenced())
    assert token.type == "fence"
    assert token.content == text.removesuffix("\n") + "\n"


def test_the_fence_names_the_language_and_the_file() -> None:
    assert TextFile("src/a b.py", "x = 1\n", 6).fenced() == "```py src/a b.py\nx = 1\n```"
    assert TextFile("Makefile", "all:", 4).fenced() == "```text Makefile\nall:\n```"
    assert TextFile("a.md", "```\nx\n```\n", 0).fenced() == "````md a.md\n```\nx\n```\n````"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("grün\n".encode(), "grün\n"),
        (codecs.BOM_UTF8 + "grün".encode(), "grün"),
        ("grün".encode("utf-16"), "grün"),
        (codecs.BOM_UTF16_BE + "grün".encode("utf-16-be"), "grün"),
        (b"a\r\nb\r\n", "a\nb\n"),
        (b"", ""),
    ],
)
def test_a_text_is_read_by_what_its_first_bytes_say(tmp_path: Path, data: bytes, text: str) -> None:
    assert read_text(write(tmp_path / "a.txt", data)).text == text


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (png(), "a.txt is a PNG and no text."),
        (b"\x7fELF\x02\x01\0\0", "a.txt is a binary file and no text."),
        ("grün".encode("latin-1"), "a.txt is no text in UTF-8."),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(WrongKind) as caught:
        read_text(write(tmp_path / "a.txt", data))
    assert caught.value.sentence == sentence


def test_a_text_that_no_window_holds_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log.txt", b"x" * (MAX_TEXT_BYTES + 1000))
    with pytest.raises(TooLarge) as caught:
        read_text(path)
    assert caught.value.sentence == "log.txt has 257 KB."
    assert caught.value.hint == "256 KB are the most."


@pytest.mark.parametrize(
    ("message", "names"),
    [
        ("explain @a.py and @'b c.md'.", ["a.py", "b c.md"]),
        ("(@a.py) @a.py, @b\\ c.md", ["a.py", "a.py", "b c.md"]),
        ("me@a.py @nobody @", []),
    ],
)
def test_a_file_is_mentioned_behind_an_at_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, names: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.py", b"x")
    write(tmp_path / "b c.md", b"x")
    assert [str(mention.path) for mention in mentioned(message)] == names


def missing(folder: Path) -> Path:
    write(folder / "picture.png", png())
    return folder / "pictrue.png"


def forbidden(folder: Path) -> Path:
    path = write(folder / "secret.png", png())
    path.chmod(0)
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.png")
    return folder / "pipe.png"


@pytest.mark.parametrize(
    ("make", "words", "hint"),
    [
        (missing, "There is no file", "Did you mean picture.png?"),
        (lambda folder: folder / "no" / "a.png", "There is no file", "There is no folder"),
        (lambda folder: folder, "is a folder", "Name the files in it"),
        pytest.param(
            pipe, "is no file", "", marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX")
        ),
        pytest.param(
            forbidden,
            "may not be read",
            "",
            marks=pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may do all"),
        ),
        (lambda folder: folder / ("x" * 300), "cannot be read", ""),
        (lambda folder: folder / "a\0b", "cannot be read", ""),
        (lambda folder: write(folder / "a.png", png()) / "b.png", "There is no file", ""),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_sentence(
    tmp_path: Path, make: Callable[[Path], Path], words: str, hint: str
) -> None:
    with pytest.raises(FileUnreadable) as caught:
        open_file(make(tmp_path), 1000)
    assert words in caught.value.sentence
    assert hint in caught.value.hint
    assert isinstance(caught.value, AttachmentError)


def test_a_device_is_no_file() -> None:
    with pytest.raises(FileUnreadable, match="device or a pipe"):
        open_file(Path(os.devnull), 1000)


@pytest.mark.parametrize(
    ("size", "label"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (9949, "9.9 KB"),
        (9950, "10 KB"),
        (999_499, "999 KB"),
        (999_500, "1.0 MB"),
        (5 * 10**12, "5.0 TB"),
    ],
)
def test_sizes_are_told_in_two_or_three_figures(size: int, label: str) -> None:
    assert size_text(size) == label
