"""Turns down JSON schemas that would harm the process, before llama.cpp sees them.

llama.cpp's converter writes to stderr what it cannot do, straight over the terminal, and some bounds keep it
allocating until the machine is out of memory (measured: `a{2,1}`, minLength above maxLength). So that is
found here and refused in the words of llama-server. This module knows nothing else of JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ollama_chat_tui.backends.embedded.refusal import refuse_request

_MOST_REPETITIONS = 2000  # llama.cpp's "sane defaults"
_BOUNDS = (("minLength", "maxLength"), ("minItems", "maxItems"))

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


def check_schema(schema: object) -> None:
    """Look through a schema, however deep.

    Raises:
        Refusal: 400, worded as llama-server does.
    """
    for part in _parts(schema):
        pattern = part.get("pattern")
        if isinstance(pattern, str):
            _check_pattern(pattern)
        for least, most in _BOUNDS:
            _check_bounds(f"{least} and {most}", part.get(least), part.get(most))


def _parts(schema: object) -> Iterator[dict[str, object]]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _check_pattern(pattern: str) -> None:
    if not (pattern.startswith("^") and pattern.endswith("$") and len(pattern) > 1):
        raise _failed("Pattern must start with '^' and end with '$'")
    inner = pattern[1:-1]
    if not _PIECES.fullmatch(inner):
        raise _failed(f"Unsupported pattern {pattern}")
    for least, comma, most in _COUNTS.findall(inner):
        lower = int(least or 0)
        _check_bounds(f"pattern {pattern}", lower, int(most) if most else None if comma else lower)


def _check_bounds(where: str, least: object, most: object) -> None:
    lower = least if isinstance(least, int) else 0
    upper = most if isinstance(most, int) else None
    if lower > _MOST_REPETITIONS:
        raise _failed(f"{where}: more than {_MOST_REPETITIONS} repetitions")
    if upper is not None and lower > upper:
        raise _failed(f"{where}: the least is more than the most")


def _failed(reason: str) -> Exception:
    return refuse_request(f"Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n{reason}")
