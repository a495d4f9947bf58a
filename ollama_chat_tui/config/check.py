"""Whether a configuration makes sense: every key and value against the table of keys.

What values mean beyond their types (an option's name, an address) is told by `Meaning`, which the
layers above fill in: the ground does not know them. Nor does it know where the values came from:
`Complaint` makes the error, and points at a file's line or a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct

from ollama_chat_tui.config.keys import Config, bare_type, in_words, keys_of
from ollama_chat_tui.config.text import KeyPath, dotted, excess, printable, toml_text
from ollama_chat_tui.errors import BadConfig, UsageError

_WORDS = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}

Complaint = Callable[..., BadConfig]
"""Makes an error of a key's path, a sentence, a hint and `at_key`."""


@dataclass(frozen=True)
class Meaning:
    """What the layers above know of values.

    Attributes:
        option_names: what may stand in `[options]`; empty: anything.
        check: raises UsageError when the value of a key makes no sense.
    """

    option_names: Collection[str] = ()
    check: Callable[[KeyPath, object], None] | None = None


def check_config(data: Mapping[str, Any], meaning: Meaning, complain: Complaint) -> Config:
    """Check what a file says, key by key in its order, and give it its defaults.

    Raises:
        BadConfig: made by `complain`, for the first wrong key or value.
    """
    _Checker(meaning, complain).check_table(data, Config, ())
    for name, host in data.get("hosts", {}).items():
        if "url" not in host:
            key = ("hosts", name)
            hint = f'Add to it: url = "https://{name}:11434"'
            raise complain(key, f"{dotted(key)} has no url.", hint, at_key=True)
    _check_inheritance(data.get("profile", {}), complain)
    return msgspec.convert(data, Config)


def ancestry(profiles: Mapping[str, Any], name: str) -> Iterator[str]:
    """The profile and what it inherits from, nearest first; a circle goes round for ever."""
    while name:
        yield name
        name = profiles[name].get("inherits", "")


def read_value(key: KeyPath, text: str, meaning: Meaning, complain: Complaint) -> object:
    """Read a value that was typed: as the text it is where a text may stand, else as TOML or a word.

    Raises:
        BadConfig: the key is unknown, or the text is no value of it.
    """
    refusals: list[BadConfig] = []
    for value in _readings(text):
        nested: dict[str, Any] = {}
        put(nested, key, value)
        try:
            _Checker(meaning, complain).check_table(nested, Config, ())
        except BadConfig as error:
            refusals.append(error)
        else:
            return value
    raise refusals[0]


def put(data: dict[str, Any], key: KeyPath, value: object) -> None:
    """Set a key in nested tables, making those that lack."""
    *tables, last = key
    for name in tables:
        if not isinstance(data.get(str(name)), dict):
            data[str(name)] = {}
        data = data[str(name)]
    data[str(last)] = value


def nearest(name: str, known: Collection[str]) -> str:
    """A hint for a name that is not known."""
    from difflib import get_close_matches  # only errors need it

    if found := get_close_matches(name, known, n=1):
        return f"Did you mean {found[0]}?"
    return f"There are: {', '.join(known)}." if known else ""


class _Checker:
    """Walks a table along its type; the first fault ends the walk."""

    def __init__(self, meaning: Meaning, complain: Complaint) -> None:
        self._meaning = meaning
        self._complain = complain

    def check_table(self, value: object, table: type[Struct], path: KeyPath) -> None:
        known = keys_of(table)
        for name, item in self._mapping(value, "a table", path).items():
            key = (*path, name)
            if name not in known:
                raise self._unknown(key, [*known], "options" in known)
            self._check_value(item, known[name].type, key)

    def _check_value(self, value: object, annotated: Any, path: KeyPath) -> None:
        bare = bare_type(annotated)
        if get_origin(bare) is dict:
            self._check_mapping(value, annotated, path)
        elif isinstance(bare, type) and issubclass(bare, Struct):
            self.check_table(value, bare, path)
        elif get_origin(bare) is list and isinstance(value, list):
            for index, item in enumerate(value):
                self._check_value(item, get_args(bare)[0], (*path, index))
        else:
            self._check_leaf(value, annotated, path)

    def _check_mapping(self, value: object, annotated: Any, path: KeyPath) -> None:
        name_type, item_type = get_args(bare_type(annotated))
        options = self._meaning.option_names if path[-1] == "options" and item_type is Any else ()
        for name, item in self._mapping(value, in_words(annotated), path).items():
            key = (*path, name)
            if not _fits(name, name_type):
                raise self._complain(key, f"“{name}” is not {in_words(name_type)}.", at_key=True)
            if options and name not in options:
                raise self._unknown(key, options, is_options=False)
            self._check_value(item, item_type, key)

    def _mapping(self, value: object, wanted: str, path: KeyPath) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(path, value, wanted)
        return value

    def _check_leaf(self, value: object, annotated: Any, path: KeyPath) -> None:
        if not _fits(value, annotated):
            raise self._wrong(path, value, in_words(annotated))
        if not self._meaning.check:
            return
        try:
            self._meaning.check(path, value)
        except UsageError as error:
            raise self._complain(path, error.sentence, error.hint) from error

    def _wrong(self, path: KeyPath, value: object, wanted: str) -> BadConfig:
        return self._complain(path, f"{dotted(path)} cannot be {_shown(value)}.", f"It is {wanted}.")

    def _unknown(self, key: KeyPath, known: Collection[str], is_options: bool) -> BadConfig:
        name = str(key[-1])
        if is_options and name in self._meaning.option_names:
            hint = f"Did you mean options.{name}?"
        else:
            hint = nearest(name, known)
        return self._complain(key, f"There is no key “{dotted(key)}”.", hint, at_key=True)


def _fits(value: object, annotated: Any) -> bool:
    try:
        msgspec.convert(value, annotated)
    except msgspec.ValidationError:
        return False
    return True


def _check_inheritance(profiles: Mapping[str, Any], complain: Complaint) -> None:
    for name, profile in profiles.items():
        parent = profile.get("inherits", "")
        if parent and parent not in profiles:
            key = ("profile", name, "inherits")
            raise complain(key, f"There is no profile “{parent}”.", nearest(parent, [*profiles]))
    for name in profiles:
        seen: list[str] = []
        for ancestor in ancestry(profiles, name):
            seen.append(ancestor)
            if ancestor in seen[:-1]:
                circle = " → ".join(seen[seen.index(ancestor) :])
                key = ("profile", seen[-2], "inherits")
                raise complain(key, f"Profiles inherit in a circle: {circle}.", "Take one `inherits` out.")


def _readings(text: str) -> list[object]:
    """What a typed text may mean, the likeliest first."""
    import tomllib

    values: list[object] = [text]
    if text.strip().lower() in _WORDS:
        values.insert(0, _WORDS[text.strip().lower()])
    else:
        with suppress(ValueError, RecursionError):
            value = tomllib.loads(f"value = {text}")["value"]
            # Quotes belong to a text that was typed with them, where any text may stand.
            if not excess(value):
                values.insert(1 if isinstance(value, str) else 0, value)
    return [*values, [text]]


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"“{printable(value if len(value) <= 60 else value[:59] + '…')}”"
    return toml_text(value)
