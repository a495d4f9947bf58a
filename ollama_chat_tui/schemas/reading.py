"""What a format is given as: `json`, a name, a file, a JSON Schema, or the short form of one."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import msgspec

from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.shelf import Shelf, is_name
from ollama_chat_tui.schemas.short_form import read_short_form

_SUFFIXES = (".json", ".yaml", ".yml")


class NamedSchema(dict[str, object]):
    """A schema that was read from a file, and what it is called."""

    def __init__(self, schema: Mapping[str, object], name: str) -> None:
        super().__init__(schema)
        self.name = name


_WAYS = "It is json, a name, a file, a JSON Schema, or a short form such as: name, age:int"


def read_format(text: str, shelf: Shelf) -> str | Mapping[str, object] | None:
    """Read what names a format; nothing is any text.

    Raises:
        BadSchema: it is none of them, its file cannot be read, or it cannot be asked for.
    """
    text = text.strip()
    if not text or text == "json":
        return text or None
    schema = _read(text, shelf)
    AnswerCheck(schema)
    return schema


def _read(text: str, shelf: Shelf) -> Mapping[str, object]:
    if text.startswith(('{"', "{}", "{\n")):
        return _decode(text.encode(), "This")
    if is_name(text) and shelf.path(text).is_file():
        return NamedSchema(_read_file(shelf.path(text)), text)
    path = _path(text)
    if text.endswith(_SUFFIXES) or _is_file(path):
        return NamedSchema(_read_file(path), path.name)
    if is_name(text):
        near = get_close_matches(text, shelf.names(), n=1)
        raise BadSchema(f"There is no format “{text}”.", f"Did you mean {near[0]}?" if near else _WAYS)
    return read_short_form(text)


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        return Path(text)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for a name, or not even one
        return False


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise BadSchema(f"The schema {path} cannot be read: {reason}.", _WAYS) from exc
    return _decode_yaml(data, path) if path.suffix in {".yaml", ".yml"} else _decode(data, str(path))


def _decode(data: bytes, what: str) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except msgspec.DecodeError as exc:
        raise BadSchema(f"{what} is no JSON Schema: {exc}.", _WAYS) from exc


def _decode_yaml(data: bytes, path: Path) -> Mapping[str, object]:
    try:
        return msgspec.yaml.decode(data, type=dict[str, object])
    except ImportError as exc:
        raise BadSchema(
            f"{path} is YAML, which is not installed.", "pip install 'ollama-chat-tui[yaml]', or use JSON."
        ) from exc
    except msgspec.DecodeError as exc:
        raise BadSchema(f"{path} is no JSON Schema: {exc}.") from exc
