"""The format an answer is asked for in: `json`, a JSON Schema, or a file with one, also by its name alone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ollama_chat_tui.errors import UsageError


def read_format(text: str, schemas: Path | None = None) -> str | dict[str, object] | None:
    """Read what names a format; nothing is any text.

    Args:
        text: `json`, a schema, a file, or the name of a file in `schemas`, without its `.json`.
        schemas: a folder of schemas that have a name; a file that is really there goes before them.

    Raises:
        UsageError: it is neither `json` nor a schema, and no file with one can be read.
    """
    if not text or text == "json":
        return text or None
    try:
        schema = text.encode() if text.lstrip().startswith("{") else _file(text, schemas).read_bytes()
        return msgspec.json.decode(schema, type=dict[str, object])
    except msgspec.DecodeError as exc:
        raise UsageError(f"The format “{text}” is no JSON Schema: {exc}.") from exc
    except (OSError, RuntimeError, ValueError) as exc:  # a home of nobody; a name that is none
        reason = exc.strerror if isinstance(exc, OSError) else exc
        raise UsageError(
            f"The format “{text}” cannot be read: {reason}.", "It is json, a schema or a file."
        ) from exc


def schema_names(schemas: Path) -> list[str]:
    """The names that `read_format` finds in a folder."""
    try:
        return sorted(path.stem for path in schemas.iterdir() if path.suffix == ".json")
    except OSError:
        return []


def _file(text: str, schemas: Path | None) -> Path:
    path = Path(text).expanduser()
    if schemas and len(path.parts) == 1 and not path.exists():
        named = schemas / f"{text.removesuffix('.json')}.json"
        return named if named.exists() else path
    return path
