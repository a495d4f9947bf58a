"""What may stand in place of a good file, and how it is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ollama_chat_tui.config.file import LARGEST_FILE_BYTES, read_config
from ollama_chat_tui.errors import BadConfig
from ollama_chat_tui.preferences import meaning


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def error_of(path: Path) -> BadConfig:
    error = read_config(path, meaning()).error
    assert error is not None, "nothing was found wrong"
    return error


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model = \n", "1:9: This is no TOML: invalid value."),
        ("a = 1\na = 2\n", "2:6: This is no TOML: cannot overwrite a value."),
        ('\n\nmodel = "x', "3:11: This is no TOML: unterminated string."),
        ("x = [1,\n", "2:1: This is no TOML: invalid value."),
        ("mo del = 1", "1:4: This is no TOML: expected '=' after a key in a key/value pair."),
    ],
)
def test_broken_toml_is_pointed_at(path: Path, text: str, sentence: str) -> None:
    path.write_text(text)
    error = error_of(path)
    assert (error.sentence, error.hint) == (f"{path}:{sentence}", "Mend it with: ollama-chat config edit")


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 100_000], ids=["number", "array"])
def test_toml_beyond_what_python_reads_is_an_error_too(path: Path, text: str) -> None:
    path.write_text(text)
    error = error_of(path)
    assert error.sentence == f"{path}: This is no TOML: it cannot be read."


@pytest.mark.parametrize(
    "text",
    ["x = " + "[" * 200 + "]" * 200, ".".join("x" * 400) + " = 1", "x.y=" + "{z=" * 90 + "1" + "}" * 90],
)
def test_what_is_nested_too_deeply_is_no_configuration(path: Path, text: str) -> None:
    path.write_text(text)
    error = error_of(path)
    assert error.sentence == f"{path}: This is no configuration: it is nested too deeply."


@pytest.mark.parametrize(
    "text", ["theme = 0x" + "f" * 9000, "options.stop = [9223372036854775808]"], ids=["hex", "list"]
)
def test_a_number_beyond_64_bits_is_no_configuration(path: Path, text: str) -> None:
    path.write_text(text)
    error = error_of(path)
    assert error.sentence == f"{path}: This is no configuration: a whole number has more than 64 bits."


def test_crlf_and_a_byte_order_mark_change_no_place(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbfmodel = 'x'\r\n\r\ntheme = 3\r\n")
    error = error_of(path)
    assert error.sentence == f"{path}:3:9: theme cannot be 3."
    path.write_bytes(b"\xef\xbb\xbfmodel = 'x'\r\n")
    assert read_config(path).config.model == "x"


def test_invalid_utf8_is_pointed_at(path: Path) -> None:
    path.write_bytes("# \N{SNOWMAN}\nmodel = '\N{SNOWMAN}".encode() + b"\xff'\n")
    error = error_of(path)
    assert error.sentence == f"{path}:2:11: The byte 0xff is not UTF-8."


def test_a_directory_in_its_place_is_an_error(path: Path) -> None:
    path.mkdir()
    error = error_of(path)
    assert error.sentence == f"{path} is no file."


def test_a_pipe_in_its_place_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    assert read_config(path).error is not None


def test_a_file_in_place_of_its_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = read_config(tmp_path / "file" / "config.toml").error
    assert error is not None
    assert error.sentence.endswith("config.toml cannot be read: Not a directory.")


def test_a_huge_file_is_not_read(path: Path) -> None:
    path.write_text("# " + "x" * LARGEST_FILE_BYTES)
    error = error_of(path)
    assert error.sentence == f"{path} is larger than 1 MiB: that is no configuration."


@contextmanager
def no_root() -> Iterator[None]:
    """Act as nobody: permissions mean nothing to root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


@pytest.fixture
def public_dir() -> Iterator[Path]:
    """A directory that nobody can reach too; pytest's own are private."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_file_that_may_not_be_read_is_an_error(public_dir: Path) -> None:
    path = public_dir / "config.toml"
    path.touch(mode=0)
    with no_root():
        error = error_of(path)
    assert error.sentence == f"{path} cannot be read: Permission denied."
