"""Functions as tools: what a model is told of them, and how what it writes becomes their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import ToolFailure
from ollama_chat_tui.tools.function import Function

# What Ollama passes on to the model (`ollama-api` 1.4).
SURVIVING = {"anyOf", "type", "items", "description", "enum", "properties", "required"}


class Unit(Enum):
    CELSIUS = "celsius"
    FAHRENHEIT = "fahrenheit"


@dataclass
class Place:
    """A place on earth."""

    latitude: float
    longitude: float = 0.0


@dataclass
class Tree:
    name: str
    children: list[Tree]


def google(location: str, format: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the current weather.

    It is measured, not guessed.

    Args:
        location: the city, e.g. Oslo.
        format: the unit.

    Returns:
        the weather.
    """
    return f"{location} in {format}"


def numpy(location: str, format: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the current weather.

    It is measured, not guessed.

    Parameters
    ----------
    location : str
        the city, e.g. Oslo.
    format
        the unit.
    """
    return f"{location} in {format}"


def rest(location: str, format: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the current weather.

    It is measured, not guessed.

    :param location: the city, e.g. Oslo.
    :param format: the unit.
    """
    return f"{location} in {format}"


def many(
    count: Annotated[int, Meta(ge=1, le=9, description="How many.")],
    ratio: float = 0.5,
    unit: Unit = Unit.CELSIUS,
    names: list[str] = [],  # noqa: B006
    place: Place | None = None,
    file: Path = Path(),
    limit: int | None = None,
    either: int | str = 1,
    table: dict[str, int] | None = None,
    anything: Any = None,
    tree: Tree | None = None,
) -> object:
    return locals()


def schemas(schema: Any) -> Iterator[dict[str, Any]]:
    yield schema
    for inner in (schema.get("items"), *schema.get("anyOf", ()), *schema.get("properties", {}).values()):
        if inner:
            yield from schemas(inner)


@pytest.mark.parametrize("function", [google, numpy, rest])
def test_every_style_of_docstring_says_the_same(function: Callable[..., object]) -> None:
    read = Function(function)
    assert read.name == function.__name__
    assert read.description == "Get the current weather.\nIt is measured, not guessed."
    assert (
        read.parameters
        == {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "the city, e.g. Oslo."},
                "format": {"enum": ["celsius", "fahrenheit"], "description": "the unit. (default 'celsius')"},
            },
            "required": ["location"],
        }
        or read.parameters["properties"]["format"].get("type") == "string"
    )


def test_only_keys_that_reach_the_model_are_used_and_the_others_are_said_in_words() -> None:
    parameters = Function(many).parameters
    for schema in schemas(parameters):
        assert schema.keys() <= SURVIVING, schema
    told = parameters["properties"]
    assert told["count"] == {"type": "integer", "description": "How many. (at least 1; at most 9)"}
    assert told["ratio"]["description"] == "(default 0.5)"
    assert told["unit"]["enum"] == ["celsius", "fahrenheit"]
    assert told["names"]["items"] == {"type": "string"}
    assert told["place"]["properties"].keys() == {"latitude", "longitude"}
    assert told["place"]["required"] == ["latitude"]
    assert told["limit"]["type"] == "integer"
    assert told["either"]["type"] == ["integer", "string"]
    assert "values: integer" in told["table"]["description"]
    assert "format 'path'" in told["file"]["description"]
    assert parameters["required"] == ["count"]


def defaults(
    day: date = date(2020, 1, 31),
    place: Place = Place(1.5),  # noqa: B008
    names: tuple[str, ...] = ("a",),
    file: Path = Path("x"),
    nothing: None = None,
    lock: Any = Path.cwd,
    key: bytes = b"",
    places: dict[str, Place] = {},  # noqa: B006
) -> object:
    return locals()


def test_every_default_and_form_that_json_has_is_said_in_words() -> None:
    parameters = Function(defaults).parameters
    assert {name: told.get("description") for name, told in parameters["properties"].items()} == {
        "day": "(default '2020-01-31'; format 'date')",
        "place": "A place on earth. (default {'latitude': 1.5, 'longitude': 0.0})",
        "names": "(default ('a',))",
        "file": "(default 'x'; format 'path')",
        "nothing": None,
        "lock": None,
        "key": "(default ''; encoded as 'base64')",
        "places": '(default {}; values: {"type": "object", "required": ["latitude"], "properties": '
        '{"latitude": {"type": "number"}, "longitude": {"type": "number", "description": "(default 0.0)"}}, '
        '"description": "A place on earth."})',
    }


def with_paths(files: list[Path], place: Place | None = None) -> object:
    return locals()


def test_a_path_that_is_none_is_said_as_everything_else() -> None:
    with pytest.raises(ToolFailure, match=r"Expected a path, got `int` - at `\$\.files\[1\]`"):
        Function(with_paths).call({"files": ["a", 3]})


def test_arguments_are_converted_and_defaults_filled_in() -> None:
    given = {"count": "3", "unit": "fahrenheit", "place": {"latitude": "1.5"}, "file": "/tmp", "limit": None}
    taken = Function(many).call(given)
    assert taken["count"] == 3
    assert taken["unit"] is Unit.FAHRENHEIT
    assert taken["place"] == Place(1.5)
    assert taken["file"] == Path("/tmp")
    assert (taken["limit"], taken["names"], taken["ratio"]) == (None, [], 0.5)


def test_a_null_for_what_has_a_default_is_the_default() -> None:
    assert Function(google).call({"location": "Oslo", "format": None}) == "Oslo in celsius"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "missing required field `location`"),
        ({"location": 3}, "Expected `str`, got `int` - at `$.location`"),
        ({"location": "Oslo", "format": "kelvin"}, "Invalid enum value 'kelvin' - at `$.format`"),
        ({"location": "Oslo", "unit": "c"}, "unknown field `unit`"),
    ],
)
def test_what_is_wrong_is_said_so_that_a_model_can_correct_it(given: dict[str, object], said: str) -> None:
    with pytest.raises(ToolFailure) as failure:
        Function(google).call(given)
    assert said in str(failure.value)
    assert '"required":["location"]' in str(failure.value)


def test_a_default_is_not_shared_by_calls() -> None:
    def grow(names: list[str] = ["a"]) -> list[str]:  # noqa: B006
        names.append("b")
        return names

    function = Function(grow)
    assert function.call({}) == function.call({}) == ["a", "b"]


def unhinted(a, *, b=2):  # type: ignore[no-untyped-def]
    return a, b


def test_what_has_no_hints_takes_anything() -> None:
    assert Function(unhinted).call({"a": [1, None]}) == ([1, None], 2)


def with_stars(*names: str) -> None: ...
def with_stars_and_names(**names: str) -> None: ...
def with_socket(socket: Callable[[], None]) -> None: ...
def with_no_such_type(a: "NoSuch") -> None: ...  # type: ignore[name-defined]  # noqa: F821, UP037


@pytest.mark.parametrize("function", [with_stars, with_stars_and_names, with_socket, with_no_such_type])
def test_what_cannot_be_a_tool_is_said(function: Callable[..., object]) -> None:
    with pytest.raises(BadTools) as error:
        Function(function)
    assert function.__name__ in error.value.sentence
