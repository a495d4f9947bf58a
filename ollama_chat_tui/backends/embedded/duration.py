"""Durations and times as Go writes them: the `keep_alive` of a request, the `created_at` of a reply."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from fractions import Fraction

from ollama_chat_tui.backends.embedded.refusal import Refusal

NS_PER_S = 1_000_000_000
FOREVER_NS = 2**63 - 1  # what Go's time.Duration can hold, and what Ollama takes a negative keep_alive for

_UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_UNITS_NS["h"] = 60 * _UNITS_NS["m"]
_PIECE = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)", re.ASCII)


def read_keep_alive(value: object) -> int | None:
    """Return nanoseconds, or None when the request says nothing.

    Raises:
        Refusal: 400 with Go's text.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise Refusal(400, "Unsupported type: 'bool'")
    if isinstance(value, int | float):
        nanoseconds = int(max(-1, min(value, FOREVER_NS)) * NS_PER_S)
    elif isinstance(value, str):
        nanoseconds = _parse_go_duration(value)
    else:
        kind = "[]interface {}" if isinstance(value, list) else "map[string]interface {}"
        raise Refusal(400, f"Unsupported type: '{kind}'")
    return FOREVER_NS if nanoseconds < 0 else min(nanoseconds, FOREVER_NS)


def write_timestamp(time_ns: int) -> str:
    """Write nanoseconds since 1970 as Go does: UTC, the fraction without trailing zeros."""
    seconds, fraction = divmod(time_ns, NS_PER_S)
    whole = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}".rstrip("0")
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"


def _parse_go_duration(text: str) -> int:
    unsigned = text[1:] if text[:1] in ("+", "-") else text
    if unsigned == "0":
        return 0
    total, position = Fraction(0), 0
    while position < len(unsigned) or not unsigned:
        piece = _PIECE.match(unsigned, position)
        if piece is None:
            raise Refusal(400, f'time: invalid duration "{text}"')
        number, unit = piece.groups()
        if not unit:
            raise Refusal(400, f'time: missing unit in duration "{text}"')
        if unit not in _UNITS_NS:
            raise Refusal(400, f'time: unknown unit "{unit}" in duration "{text}"')
        total += Fraction(number) * _UNITS_NS[unit]
        position = piece.end()
    return int(-total if text.startswith("-") else total)
