"""The format an answer is asked for in: `json`, a JSON Schema, or a file with one."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ollama_chat_tui.errors import UsageError


def read_format(text: str) -> str | dict[str, object] | None:
    """Read what names a format; nothing is any text.

    Raises:
        UsageError: it is neither `json` nor a schema, and no file with one can be read.
    """
    if not text or text == "json":
        return text or None
    try:
        schema = text.encode() if text.lstrip().startswith("{") else Path(text).read_bytes()
        return msgspec.json.decode(schema, type=dict[str, object])
    except OSError as exc:
        raise UsageError(
            f"The format “{text}” cannot be read: {exc.strerror}.", "It is json, a schema or a file."
        ) from exc
    except msgspec.DecodeError as exc:
        raise UsageError(f"The format “{text}” is no JSON Schema: {exc}.") from exc
