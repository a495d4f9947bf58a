"""Points in time as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from ollama_chat_tui.errors import UsageError

_AGO: Final = re.compile(r"(\d{1,5})\s*([hdw])")
_UNITS: Final = {"h": "hours", "d": "days", "w": "weeks"}
_HINT: Final = "Write a day (2026-03-01), a time (2026-03-01T12:30), today, yesterday, or 12h, 7d, 2w ago."


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a day, a time, or how long ago it is.

    Args:
        text: what was typed; a time without a zone is that of `now`, a day is its beginning.
        now: with its zone.

    Raises:
        UsageError: it is none of these.
    """
    text = text.strip().lower()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    try:
        if ago := _AGO.fullmatch(text.removesuffix("ago").strip()):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.fromisoformat(text.upper())
    except (ValueError, OverflowError) as exc:
        raise UsageError(f"“{text}” is no point in time.", _HINT) from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
