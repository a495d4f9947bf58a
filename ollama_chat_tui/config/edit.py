"""Changing the user's configuration, only when asked: one key at a time, comments and order kept.

A key comes and goes with a line of its own; a value is exchanged, and inline tables are edited, by tomlkit,
which is imported here alone. Whoever made it, the new text is read back and compared with what was meant
before anything is written, and the file is replaced whole or not at all.
"""

from __future__ import annotations

import codecs
import copy
import os
import re
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ollama_chat_tui.config.check import Meaning, check_config, put, read_value
from ollama_chat_tui.config.file import parse, read_config, read_text
from ollama_chat_tui.config.keys import TABLES_OF_TABLES
from ollama_chat_tui.config.places import find_spots, split_key
from ollama_chat_tui.config.text import KeyPath, dotted, toml_text
from ollama_chat_tui.environment import make_private_dir
from ollama_chat_tui.errors import BadConfig

_BY_HAND = "Do it by hand: ollama-chat config edit"


def create_config(path: Path, text: str) -> None:
    """Write a first configuration, readable by its owner alone.

    Raises:
        BadConfig: there is one already, or it cannot be written.
    """
    try:
        make_private_dir(path.parent)
        # Exclusive also refuses a link that leads nowhere yet.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as exc:
        raise BadConfig(
            f"There is already something at {path}.", "Change it: ollama-chat config edit"
        ) from exc
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def set_key(path: Path, key: str, text: str, meaning: Meaning) -> object:
    """Set one key in the file, which is made if it is not there, and return the value.

    Args:
        path: the file.
        key: as TOML writes it: `theme`, `options.seed`, `profile."a b".model`.
        text: the value as typed: plain text where a text may stand, else TOML or on/off.
        meaning: what values mean.

    Raises:
        BadConfig: no such key, no such value, or the file is broken or cannot be written.
    """
    parts = _split(key)
    value = read_value(parts, text, meaning, _complain)
    before = read_text(path)
    expected = copy.deepcopy(parse(path, before))
    put(expected, parts, value)
    _change(path, before, expected, _with(before, parts, value), meaning)
    return value


def unset_key(path: Path, key: str, meaning: Meaning) -> bool:
    """Take one key or table out of the file; False: it was not there.

    A file that is broken otherwise may be mended this way; a whole one is not broken by it.

    Raises:
        BadConfig: the file is no TOML, cannot be written, or needs the key.
    """
    parts = _split(key)
    before = read_text(path)
    data = parse(path, before)
    expected = copy.deepcopy(data)
    if not _take_out(expected, parts):
        return False
    was_whole = _is_whole(data, meaning)
    _change(path, before, expected, _without(before, parts), meaning if was_whole else None)
    return True


def _split(key: str) -> tuple[str, ...]:
    if parts := split_key(key):
        return parts
    raise BadConfig(f"“{key}” is no key.", 'Quote a part with other than letters: profile."qwen3:8b".model')


def _take_out(data: dict[str, Any], key: KeyPath) -> bool:
    *tables, last = key
    inner: Any = data
    for name in tables:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or last not in inner:
        return False
    del inner[str(last)]
    return True


def _is_whole(data: Mapping[str, Any], meaning: Meaning) -> bool:
    try:
        check_config(data, meaning, _complain)
    except BadConfig:
        return False
    return True


def _change(
    path: Path, before: str, expected: dict[str, Any], edits: Iterator[str], meaning: Meaning | None
) -> None:
    """Write the first edit that says what was meant and nothing else; with `meaning`, what makes sense."""
    for text in edits:
        try:
            data = parse(path, text)
        except BadConfig:
            continue
        if _pruned(data) == _pruned(expected):
            if meaning:
                _check_result(path, data, meaning)
            if text != before:
                _replace(path, text)
            return
    raise BadConfig(f"{path} is written in a way that cannot be edited here without disturbing it.", _BY_HAND)


def _check_result(path: Path, expected: dict[str, Any], meaning: Meaning) -> None:
    try:
        check_config(expected, meaning, _complain)
    except BadConfig as error:
        refusal = BadConfig(f"{path} was not changed: {error.sentence}", error.hint)
        # Was it wrong before, the file's own error says where.
        raise read_config(path, meaning).error or refusal from error


def _pruned(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without empty tables, which say nothing."""
    inner = {name: _pruned(value) if isinstance(value, dict) else value for name, value in data.items()}
    return {name: value for name, value in inner.items() if value != {}}


def _with(before: str, key: KeyPath, value: object) -> Iterator[str]:
    """Texts with a key set, the most pleasing first."""
    if len(key) == 1 and not isinstance(value, dict):
        # Under its line in the sample, where a reader looks for it, and before any commented table.
        commented = re.compile(rf"^#[ \t]*{re.escape(str(key[0]))}[ \t]*=.*\n", re.MULTILINE)
        if found := commented.search(before):
            ending = "\r\n" if found[0].endswith("\r\n") else "\n"
            yield f"{before[: found.end()]}{dotted(key)} = {toml_text(value)}{ending}{before[found.end() :]}"

    yield from _beside(before, key, value)

    def assign(table: Any) -> None:
        import tomlkit

        for name in key[:-1]:
            if name not in table:
                is_inline = isinstance(table, tomlkit.items.InlineTable)
                table[name] = tomlkit.inline_table() if is_inline else tomlkit.table(name in TABLES_OF_TABLES)
            table = table[name]
        table[key[-1]] = value

    yield from _edited(before, assign)
    # Where tomlkit gives up, a table at the end or a dotted key at the beginning often still does it.
    ending = "\r\n" if "\r\n" in before else "\n"
    line = f" = {toml_text(value)}{ending}"
    yield f"{before}{ending}[{dotted(key[:-1])}]{ending}{dotted(key[-1:])}{line}"
    yield f"{dotted(key)}{line}{before}"


def _beside(before: str, key: KeyPath, value: object) -> Iterator[str]:
    """A new key below the last one of its table: tomlkit would put it below the next table's comment."""
    spots = find_spots(before)
    table = key[:-1]
    if key in spots:
        return
    places = [(spots[table].key, "")] if table in spots else []
    for path, spot in spots.items():
        prefix = before[before.rfind("\n", 0, spot.key) + 1 : spot.key]
        if path[:-1] == table and not set("[{=") & set(prefix):
            places.append((spot.end, prefix))
    if places:
        offset, prefix = max(places)
        lines = before.split("\n")
        number = before.count("\n", 0, offset)
        ending = "\r" if lines[number].endswith("\r") else ""
        lines.insert(number + 1, f"{prefix}{dotted(key[-1:])} = {toml_text(value)}{ending}")
        yield "\n".join(lines)


def _without(before: str, key: KeyPath) -> Iterator[str]:
    # By the line first: with a table, tomlkit takes the comment above the next one away.
    lines = before.split("\n")
    for first, last in reversed(_line_ranges(before, key)):
        del lines[first : last + 1]
    yield "\n".join(lines)

    def remove(table: Any) -> None:
        for name in key[:-1]:
            table = table[name]
        del table[key[-1]]

    yield from _edited(before, remove)


def _line_ranges(text: str, key: KeyPath) -> list[tuple[int, int]]:
    """First and last line, from 0, of each run of statements that say only this key or what is in it."""
    line_ends = [found.start() for found in re.finditer("\n", text)]
    ranges: list[tuple[int, int]] = []
    is_running = False
    for path, spot in sorted(find_spots(text).items(), key=lambda item: item[1].key):
        first, last = bisect_left(line_ends, spot.key), bisect_left(line_ends, spot.end)
        if path[: len(key)] == key:
            start, end = ranges.pop() if is_running else (first, last)
            ranges.append((start, max(end, last)))
            is_running = True
        elif path != key[: len(path)]:
            is_running = False
    return ranges


def _edited(before: str, edit: Callable[[Any], None]) -> Iterator[str]:
    import tomlkit  # 10 ms, for those who change their configuration by command

    # tomlkit ends its new lines with a line feed; a file of CRLF stays one.
    is_crlf = "\r\n" in before and before.count("\r\n") == before.count("\n")
    try:
        document = tomlkit.parse(before.replace("\r\n", "\n") if is_crlf else before)
        edit(document)
        text = tomlkit.dumps(document)
    except (tomlkit.exceptions.TOMLKitError, ValueError, TypeError, KeyError):
        return  # some mixtures of dotted keys and headers are beyond it
    yield text.replace("\n", "\r\n") if is_crlf else text


def _replace(path: Path, text: str) -> None:
    try:
        make_private_dir(path.parent)
        # A link to a file in a collection of dotfiles stays a link.
        target = path.resolve()
        mark = codecs.BOM_UTF8 if _has_mark(target) else b""
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        fresh = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(mark + text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                fresh.chmod(target.stat().st_mode & 0o7777)
            fresh.replace(target)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise _unwritable(path, exc) from exc


def _has_mark(path: Path) -> bool:
    return path.exists() and path.read_bytes().startswith(codecs.BOM_UTF8)


def _unwritable(path: Path, exc: OSError) -> BadConfig:
    return BadConfig(f"{path} cannot be written: {exc.strerror}.", "Nothing was changed.")


def _complain(key: KeyPath, sentence: str, hint: str = "", *, at_key: bool = False) -> BadConfig:
    del key, at_key
    return BadConfig(sentence, hint)
