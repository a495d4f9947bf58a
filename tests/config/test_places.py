"""Places in a TOML text: the scanner agrees with tomllib about what there is, and points at it."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.config.places import find_spots, split_key
from ollama_chat_tui.config.text import KeyPath, Place, dotted, toml_text

texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.text("\"'\\#=[]{},. \n\r\tab", max_size=8)
names = st.text(string.ascii_letters + "-_1", min_size=1, max_size=4) | texts
scalars = (
    texts
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.datetimes()
    | st.dates()
    | st.times()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(names, values, max_size=4)


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield (*path, name)
        yield from paths(item, (*path, name))


def value_at(data: Any, path: KeyPath) -> Any:
    for name in path:
        data = data[name]
    return data


def inline(data: dict[str, Any]) -> str:
    return "".join(f"{dotted((name,))} = {toml_text(value)}\n" for name, value in data.items())


@given(documents, st.sampled_from([tomlkit.dumps, inline]))
def test_every_key_has_its_place_and_no_other(data: dict[str, Any], write: Any) -> None:
    text = write(data)
    read = tomllib.loads(text)
    spots = find_spots(text)
    assert set(spots) == set(paths(read))
    for path, spot in spots.items():
        if isinstance(path[-1], str):
            begins = text[spot.key :]
            assert begins[0] in "\"'" or begins.startswith(path[-1])
        value = value_at(read, path)
        if isinstance(value, bool):
            assert text[spot.value :].startswith(str(value).lower())


@given(documents)
def test_what_is_written_is_read_again(data: dict[str, Any]) -> None:
    assert tomllib.loads(inline(data)) == data


@given(st.lists(names, min_size=1, max_size=4))
def test_a_dotted_key_is_taken_apart_as_it_was_put_together(parts: list[str]) -> None:
    assert split_key(dotted(tuple(parts))) == tuple(parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("theme", ("theme",)),
        ("a . 'b.c' .\"d\\u00e9\"", ("a", "b.c", "dé")),
        ("", None),
        ("a.", None),
        (".a", None),
        ("a b", None),
        ("a=1", None),
        ("a #", None),
        ("a\n", None),
        ("é", None),
        ('"\\q"', None),
    ],
)
def test_a_key_is_taken_apart_as_toml_does(text: str, parts: tuple[str, ...] | None) -> None:
    assert split_key(text) == parts


TEXT = '''\
# c = 1
a = 1 # x = 2
"b.c" . "d" = """"x = 1"""""
t = [ 1, { x = 2, y.z = 'q' }, 1979-05-27 07:32:00 , # c ]
]
l = \'\'\'
no = 1\'\'\'\'
[hosts . 'lap top']
url = 'a#b'
[[q]]
k = 1
[q.sub]
z = 1
[[q]]
k = 2
[x.y]
[x]
'''


def test_places_in_a_crooked_text() -> None:
    spots = {path: (Place.at(TEXT, s.key), Place.at(TEXT, s.value)) for path, s in find_spots(TEXT).items()}
    assert set(spots) == set(paths(tomllib.loads(TEXT)))
    assert spots["a",] == (Place(2, 1), Place(2, 5))
    assert spots["b.c", "d"] == (Place(3, 9), Place(3, 15))
    assert spots["t", 0] == (Place(4, 7), Place(4, 7))
    assert spots["t", 1, "y", "z"] == (Place(4, 21), Place(4, 25))
    assert spots["t", 2] == (Place(4, 32), Place(4, 32))
    assert spots["l",] == (Place(6, 1), Place(6, 5))
    assert spots["hosts", "lap top", "url"] == (Place(9, 1), Place(9, 7))
    assert spots["q", 0, "sub", "z"] == (Place(13, 1), Place(13, 5))
    assert spots["q", 1, "k"] == (Place(15, 1), Place(15, 5))
    assert spots["x",] == (Place(16, 2), Place(16, 2))
