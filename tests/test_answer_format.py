"""What names a format."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_chat_tui.answer_format import read_format, schema_names
from ollama_chat_tui.errors import UsageError


@pytest.fixture
def schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two schemas with a name; the user works in another folder."""
    folder, work = tmp_path / "schemas", tmp_path / "work"
    for each in folder, work:
        each.mkdir()
    (folder / "rivers.json").write_text('{"title": "named"}')
    (folder / "broken.json").write_text("{")
    (folder / "notes.txt").write_text("")
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(work))
    return folder


@pytest.mark.parametrize("text", ["rivers", "rivers.json"])
def test_a_schema_is_found_by_its_name(schemas: Path, text: str) -> None:
    assert read_format(text, schemas) == {"title": "named"}
    assert schema_names(schemas) == ["broken", "rivers"]


@pytest.mark.parametrize("text", ["rivers", "./rivers", "~/rivers"])
def test_a_file_that_is_there_goes_before_a_name(schemas: Path, text: str) -> None:
    Path("rivers").write_text('{"title": "here"}')
    assert read_format(text, schemas) == {"title": "here"}


@pytest.mark.parametrize(
    "text", ["lakes", "../rivers", "broken", "~nobody-of-that-name/x", "a\0b", "x" * 300]
)
def test_what_is_no_format_is_said(schemas: Path, text: str) -> None:
    with pytest.raises(UsageError, match="The format “"):
        read_format(text, schemas)


def test_no_folder_has_no_names(tmp_path: Path) -> None:
    assert schema_names(tmp_path / "none") == []
