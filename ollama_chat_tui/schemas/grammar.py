"""What llama.cpp's grammar makes of a schema: what it refuses, and what it passes over in silence.

Ollama and the embedded engine constrain an answer by a grammar that llama.cpp makes of the schema
(llama.cpp: common/json-schema-to-grammar, grammars/README.md). Knows nothing else of JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

MOST_REPETITIONS = 2000
"""llama.cpp's own limit for what a grammar may repeat."""

_BOUNDS = (("minLength", "maxLength"), ("minItems", "maxItems"))
_NUMBER_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_FORMATS = frozenset({"date", "time", "date-time", "uuid"})
_PASSED_OVER = (
    "not", "if", "then", "else", "contains", "minContains", "maxContains", "patternProperties",
    "propertyNames", "minProperties", "maxProperties", "uniqueItems", "multipleOf", "dependentSchemas",
    "dependentRequired", "unevaluatedItems", "unevaluatedProperties", "$anchor", "$dynamicRef",
)  # fmt: skip

# Where schemas stand in a schema, by the shape of what holds them.
_NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_LISTED = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip

# Each piece of a regular expression that llama.cpp's converter takes.
_PIECES = re.compile(
    r"""(?:
        [^\\\[\](){}*+?|^$]         # a character as it is
      | \\[.|*+?(){}\[\]^$/\\nrt-]  # an escaped one
      | \[\^?[^\\\[\]]+\]           # a class without escapes
      | \((?:\?:|(?!\?)) | \) | \|  # groups and branches
      | [*+?] | \{\d*(?:,\d*)?\}    # how often
    )*""",
    re.VERBOSE,
)
_COUNTS = re.compile(r"(?<!\\)\{(\d*)(,?)(\d*)\}", re.ASCII)


class Limit(Struct, frozen=True):
    """What the grammar cannot do at one place; `pointer` is a JSON pointer into the schema.

    Attributes:
        is_refused: the server refuses the schema for it; else it is as if it were not there.
    """

    pointer: str
    sentence: str
    is_refused: bool = False


def find_limits(schema: Mapping[str, object]) -> Iterator[Limit]:
    """Look through a valid schema, in its own order."""
    for pointer, part in _walk(schema):
        if refused := refusal(part):
            yield Limit(pointer, refused, is_refused=True)
        for keyword in passed_over(part):
            yield Limit(f"{pointer}/{keyword}", f"“{keyword}” does not constrain the answer")


def refusal(part: Mapping[str, object]) -> str:
    """Why llama.cpp cannot turn this one level of a schema into a grammar; empty: it can."""
    pattern = part.get("pattern")
    if isinstance(pattern, str) and (fault := _pattern_fault(pattern)):
        return fault
    for least, most in _BOUNDS:
        if fault := _bounds_fault(f"{least} and {most}", part.get(least), part.get(most)):
            return fault
    return ""


def passed_over(part: Mapping[str, object]) -> Iterator[str]:
    """The keywords of one level of a schema that constrain nothing."""
    for keyword in part:
        if (
            keyword in _PASSED_OVER
            or (keyword == "format" and part[keyword] not in _FORMATS)
            or (keyword in _NUMBER_BOUNDS and part.get("type") != "integer")
        ):
            yield keyword


def escape(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _walk(schema: object, pointer: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    if not isinstance(schema, Mapping):
        return  # true and false are schemas too
    yield pointer, schema
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, Mapping):
            for name, part in value.items():
                yield from _walk(part, f"{pointer}/{keyword}/{escape(name)}")
        elif keyword in _LISTED and isinstance(value, list):
            for place, part in enumerate(value):
                yield from _walk(part, f"{pointer}/{keyword}/{place}")
        elif keyword in _SINGLE:
            yield from _walk(value, f"{pointer}/{keyword}")


def _pattern_fault(pattern: str) -> str:
    if not (pattern.startswith("^") and pattern.endswith("$") and len(pattern) > 1):
        return "Pattern must start with '^' and end with '$'"
    if not _PIECES.fullmatch(pattern[1:-1]):
        return f"Unsupported pattern {pattern}"
    for least, comma, most in _COUNTS.findall(pattern):
        lower = int(least or 0)
        upper = int(most) if most else None if comma else lower
        if fault := _bounds_fault(f"pattern {pattern}", lower, upper):
            return fault
    return ""


def _bounds_fault(where: str, least: object, most: object) -> str:
    lower = least if isinstance(least, int) else 0
    upper = most if isinstance(most, int) else None
    if lower > MOST_REPETITIONS:
        return f"{where}: more than {MOST_REPETITIONS} repetitions"
    if upper is not None and lower > upper:
        return f"{where}: the least is more than the most"
    return ""
