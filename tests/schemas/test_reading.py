from __future__ import annotations

import json
from pathlib import Path

import pytest

from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.reading import read_format
from ollama_chat_tui.schemas.shelf import Shelf

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "config" / "schemas")


@pytest.mark.parametrize(("text", "value"), [("", None), ("  ", None), ("json", "json"), (" json ", "json")])
def test_nothing_and_json_stand_for_themselves(text: str, value: object, shelf: Shelf) -> None:
    assert read_format(text, shelf) == value


@pytest.mark.parametrize("text", [json.dumps(SCHEMA), json.dumps(SCHEMA, indent=2), "{}", "  {}"])
def test_a_schema_may_stand_there_whole(text: str, shelf: Shelf) -> None:
    assert read_format(text, shelf) == json.loads(text)


def test_a_short_form_becomes_a_schema(shelf: Shelf) -> None:
    schema = read_format("a:int", shelf)
    assert isinstance(schema, dict)
    assert schema["required"] == ["a"]


def test_what_was_kept_is_found_by_its_name(shelf: Shelf) -> None:
    assert shelf.names() == []
    path = shelf.keep("thing", SCHEMA)
    assert json.loads(path.read_text()) == SCHEMA
    assert read_format("thing", shelf) == SCHEMA
    assert shelf.names() == ["thing"]


def test_a_file_is_read(tmp_path: Path, shelf: Shelf) -> None:
    path = tmp_path / "a, b:c.txt"
    path.write_text(json.dumps(SCHEMA))
    assert read_format(str(path), shelf) == SCHEMA


def test_a_file_of_the_home_is_read(tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    assert read_format("~/s.json", shelf) == SCHEMA


def test_yaml_is_read_where_it_is_installed(tmp_path: Path, shelf: Shelf) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "s.yaml"
    path.write_text("type: object\nproperties: {a: {type: integer}}\n")
    assert read_format(str(path), shelf) == SCHEMA
    path.write_text("type: [")
    with pytest.raises(BadSchema, match=r"s\.yaml is no JSON Schema"):
        read_format(str(path), shelf)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("persn", "There is no format “persn”"),
        ("nowhere.json", "nowhere.json cannot be read: No such file"),
        ('{"a": ', "This is no JSON Schema"),
        ("a:integr", "There is no type “integr”"),
        ("~nobody-at-all/s.json", "cannot be read"),
        ("a\0b.json", "cannot be read"),
        ("x" * 5000 + ".json", "cannot be read: File name too long"),
    ],
)
def test_what_is_no_format_is_named(text: str, sentence: str, shelf: Shelf) -> None:
    with pytest.raises(BadSchema) as caught:
        read_format(text, shelf)
    assert sentence in caught.value.sentence


def test_the_nearest_name_is_in_the_hint(shelf: Shelf) -> None:
    shelf.keep("person", SCHEMA)
    with pytest.raises(BadSchema) as caught:
        read_format("persn", shelf)
    assert "person" in caught.value.hint


def test_a_file_that_is_no_schema_is_named(tmp_path: Path, shelf: Shelf) -> None:
    path = tmp_path / "s.json"
    for data in (b"", b"[1]", b"\xff\xfe", b'{"a"'):
        path.write_bytes(data)
        with pytest.raises(BadSchema) as caught:
            read_format(str(path), shelf)
        assert caught.value.sentence.startswith(f"{path} is no JSON Schema")


@pytest.mark.parametrize("name", ["", "json", "off", "a b", "../x", "a/b", ".x", "ä"])
def test_a_schema_cannot_be_kept_under_every_name(name: str, shelf: Shelf) -> None:
    with pytest.raises(BadSchema, match="can be no name"):
        shelf.keep(name, SCHEMA)


def test_a_shelf_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file in the place of the folder")
    shelf = Shelf(tmp_path / "config" / "schemas")
    with pytest.raises(BadSchema, match="cannot be written"):
        shelf.keep("thing", SCHEMA)
    assert shelf.names() == []
