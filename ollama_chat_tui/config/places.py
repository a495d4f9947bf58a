"""Where in a TOML text a key stands. Knows TOML, and nothing of any key.

`tomllib` gives values without their places, and so does tomlkit. The scanner here reads only what
`tomllib` has accepted, so it may be liberal: it finds the ends of things and judges nothing. It is
imported when something is to be pointed at, not at the start: its patterns cost 2 ms.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ollama_chat_tui.config.text import KeyPath


@dataclass(frozen=True)
class Spot:
    """Offsets of a key and its value; the value of a table with a header begins at its key.

    `end` is where the value of a key of its own ends; elsewhere it says no more than `value`.
    """

    key: int
    value: int
    end: int


_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOTTED = re.compile(rf"[ \t]*(?:{_PART.pattern})[ \t]*(?:\.[ \t]*(?:{_PART.pattern})[ \t]*)*")
_STRING = re.compile(r'''"""(?:\\.|[^\\])*?"{3,5}|\'{3}.*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*\'''', re.DOTALL)
# The one scalar with a space in it is a date and its time.
_SCALAR = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")


def find_spots(text: str) -> Mapping[KeyPath, Spot]:
    """Say for every key, table and element of an array in a valid TOML text where it stands first."""
    return _Scanner(text).scan()


def split_key(dotted: str) -> tuple[str, ...] | None:
    """Take `a."b.c".d` apart as TOML does; None: it is no key."""
    if not _DOTTED.fullmatch(dotted):
        return None
    try:
        return tuple(_name(part) for part in _PART.findall(dotted))
    except tomllib.TOMLDecodeError:
        return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._offset = 0
        self._spots: dict[KeyPath, Spot] = {}
        self._array_lengths: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, Spot]:
        table: KeyPath = ()
        while self._skip_blank() < len(self._text):
            if self._text[self._offset] == "[":
                table = self._header()
            else:
                self._assignment(table)
        return self._spots

    def _skip_blank(self) -> int:
        found = _BLANK.match(self._text, self._offset)
        self._offset = found.end() if found else self._offset
        return self._offset

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._offset)
        self._offset += 2 if is_array else 1
        parts = self._key()
        path: KeyPath = ()
        for name, start in parts[:-1]:
            path = self._last_element((*path, name), start)
        name, start = parts[-1]
        path = (*path, name)
        self._note(path, start, start)
        if is_array:
            index = self._array_lengths.get(path, 0)
            self._array_lengths[path] = index + 1
            path = (*path, index)
            self._note(path, start, start)
        self._offset += 2 if is_array else 1
        return path

    def _last_element(self, path: KeyPath, start: int) -> KeyPath:
        """A header below an array of tables speaks of the array's last table."""
        self._note(path, start, start)
        return (*path, self._array_lengths[path] - 1) if path in self._array_lengths else path

    def _assignment(self, table: KeyPath) -> None:
        parts = self._key()
        self._offset += 1
        value = self._skip_blank()
        path = table
        for name, start in parts:
            path = (*path, name)
            self._note(path, start, value)
        self._value(path)
        self._spots[path] = Spot(parts[-1][1], value, self._offset)

    def _key(self) -> list[tuple[str, int]]:
        """Read a dotted key up to its `=` or `]`."""
        parts: list[tuple[str, int]] = []
        while found := _PART.match(self._text, self._skip_blank()):
            parts.append((_name(found[0]), found.start()))
            self._offset = found.end()
            if self._text[self._skip_blank()] == ".":
                self._offset += 1
            else:
                break
        return parts

    def _value(self, path: KeyPath) -> None:
        opening = self._text[self._offset]
        if opening == "[":
            self._inside("]", lambda index: self._element((*path, index)))
        elif opening == "{":
            self._inside("}", lambda _: self._assignment(path))
        elif found := (_STRING if opening in "\"'" else _SCALAR).match(self._text, self._offset):
            self._offset = found.end()

    def _inside(self, closing: str, read_one: Callable[[int], None]) -> None:
        self._offset += 1
        index = 0
        while self._text[self._skip_blank()] != closing:
            if self._text[self._offset] == ",":
                self._offset += 1
            else:
                read_one(index)
                index += 1
        self._offset += 1

    def _element(self, path: KeyPath) -> None:
        self._note(path, self._offset, self._offset)
        self._value(path)

    def _note(self, path: KeyPath, key: int, value: int) -> None:
        if path not in self._spots:
            self._spots[path] = Spot(key, value, value)


def _name(part: str) -> str:
    if part.startswith('"'):
        name: str = tomllib.loads(f"name = {part}")["name"]
        return name
    return part.strip("'")
