"""Every key refuses what is out of its range. The table of keys says what that is: new ones are covered."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec import Meta

from ollama_chat_tui.config.edit import set_key
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.config.keys import Config, Host, Profile, Tools, bare_type, keys_of, notes_on
from ollama_chat_tui.config.text import toml_text
from ollama_chat_tui.errors import BadConfig
from ollama_chat_tui.preferences import meaning

TABLES: list[tuple[tuple[str, ...], type[Any]]] = [
    ((), Config),
    (("tools",), Tools),
    (("hosts", "a"), Host),
    (("profile", "a"), Profile),
]
MEANT = {"host": "ftp://x", "url": "ftp://x", "keep_alive": "1d", "options": {"seed": "x"}}
"""What only the layers above can tell."""
FREE = {
    *("model", "system", "format"),  # any text; a format may be a file that comes later
    *("ca_file", "inherits"),  # a file; another profile, checked on its own
    *("on", "files", "folders"),  # names and files that are looked for when tools are wanted
    *("keys", "tools", "hosts", "profile", "headers"),  # tables of names that the user makes
}


def beyond(annotated: Any) -> Iterator[object]:
    """Values of the right type that are none of this key's."""
    for note in notes_on(annotated):
        if note.ge is not None:
            yield note.ge - 1
        if note.le is not None:
            yield note.le + 1
        if note.pattern is not None:
            yield "§"
    bare = bare_type(annotated)
    if typing.get_origin(bare) is Literal:
        yield "no such choice"
    elif bare is bool:
        yield "perhaps"
    elif typing.get_origin(bare) is not dict:
        for each in typing.get_args(bare):
            yield from beyond(each)


def cases() -> Iterator[tuple[tuple[str, ...], str, object]]:
    for table, kind in TABLES:
        for name, field in keys_of(kind).items():
            for value in {repr(each): each for each in beyond(field.type)}.values():
                yield table, name, value
            if name in MEANT:
                yield table, name, MEANT[name]


CASES = [*cases()]


@pytest.mark.parametrize(("table", "name", "value"), CASES, ids=str)
def test_a_value_out_of_range_is_pointed_at_and_never_written(
    tmp_path: Path, table: tuple[str, ...], name: str, value: object
) -> None:
    path = tmp_path / "config.toml"
    head = f"[{'.'.join(table)}]\n" if table else ""
    url = "url = 'x'\n" if "hosts" in table and name != "url" else ""
    path.write_text(f"{head}{url}{name} = {toml_text(value)}\n")
    error = read_config(path, meaning()).error
    assert error is not None
    line = 1 + head.count("\n") + url.count("\n")
    assert error.sentence.startswith(f"{path}:{line}:")
    assert "There is no key" not in error.sentence
    path.write_text(f"{head}{url}# mine\n")
    with pytest.raises(BadConfig):
        set_key(path, ".".join((*table, name)), toml_text(value), meaning())
    assert path.read_text() == f"{head}{url}# mine\n"


@pytest.mark.parametrize("kind", [Config, Host, Profile])
def test_every_key_has_a_range_or_is_free(kind: type[Any]) -> None:
    ranged = {name for _, name, _ in CASES}
    assert set(keys_of(kind)) <= ranged | FREE
    assert not ranged & FREE


def test_a_range_is_found_wherever_it_stands() -> None:
    seconds = typing.Annotated[int, Meta(ge=0, le=9)] | None
    assert [*beyond(seconds)] == [-1, 10]
