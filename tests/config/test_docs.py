"""The page and the sample say what the table says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.config.keys import Config, Host, Profile, Tools, keys_of, notes_on
from ollama_chat_tui.config_docs import page, sample
from ollama_chat_tui.preferences import meaning

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_not_stale() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "python -m ollama_chat_tui.config_docs >docs/configuration.md"
    )


def test_the_page_is_written_by_the_module(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(PAGE.parents[1] / "ollama_chat_tui" / "config_docs.py"), run_name="__main__")
    assert capsys.readouterr().out == page()


def test_the_sample_sets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(sample())
    file = read_config(path, meaning())
    assert file.error is None
    assert file.config == Config()


def test_the_sample_is_valid_and_whole_once_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(re.sub(r"^#(?! )", "", sample(), flags=re.MULTILINE))
    file = read_config(path, meaning())
    assert file.error is None
    assert set(file.data) == set(keys_of(Config))
    assert set(file.data["tools"]) == set(keys_of(Tools))
    assert set(file.data["hosts"]["gpu"]) == set(keys_of(Host))
    assert set(file.data["profile"]["code"]) == set(keys_of(Profile))


@pytest.mark.parametrize("table", [Config, Tools, Host, Profile])
def test_every_key_is_described(table: type[Config]) -> None:
    for field in keys_of(table).values():
        assert any(note.description and note.description.endswith(".") for note in notes_on(field.type))
