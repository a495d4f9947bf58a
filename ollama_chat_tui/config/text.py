"""How TOML writes keys and values, and how a place in a text is named. Knows nothing of any key."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""From the root to a value: names of keys, and positions in arrays."""

DEEPEST = 32

_BARE = frozenset(string.ascii_letters + string.digits + "_-")


@dataclass(frozen=True)
class Place:
    """A line and a column, counted from 1 in characters."""

    line: int
    column: int

    @classmethod
    def at(cls, text: str, offset: int) -> Place:
        """The place of a character."""
        return cls(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def dotted(key: KeyPath) -> str:
    """Write a key as TOML does."""
    return ".".join(part if part and _BARE.issuperset(part) else toml_text(part) for part in map(str, key))


def toml_text(value: object) -> str:
    """Write a value as TOML, on one line and without a character that a terminal might obey."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + printable(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{dotted((k,))} = {toml_text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_text, value)) + "]"
    return str(value)


def excess(value: object) -> str:
    """What no reader of TOML owes us and `tomllib` lets pass, in words; empty: nothing.

    A walk along values need not fear for its stack, nor a number for its digits, once this is empty.
    """
    level = [value]
    for _ in range(DEEPEST):
        if any(isinstance(item, int) and not -(2**63) <= item < 2**63 for item in level):
            return "a whole number has more than 64 bits"
        level = [inner for item in level for inner in _inside(item)]
        if not level:
            return ""
    return "it is nested too deeply"


def _inside(item: object) -> Iterable[object]:
    return item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()


def printable(text: str) -> str:
    """Write what a terminal might obey as TOML's escapes."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    code = ord(character)
    return {"\n": "\\n", "\t": "\\t"}.get(character, f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
