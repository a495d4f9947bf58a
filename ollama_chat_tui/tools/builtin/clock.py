"""The time of day."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ollama_chat_tui.chat.protocols import Effect, ToolFacts
from ollama_chat_tui.tools.definition import Tool, ToolFailure
from ollama_chat_tui.tools.function import tool_of


async def now(zone: str = "") -> str:
    """The date and time now.

    Args:
        zone: an IANA time zone such as Europe/Oslo; empty for the user's own.
    """
    try:
        at = datetime.now(ZoneInfo(zone)) if zone else datetime.now().astimezone()
    except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
        raise ToolFailure(f"There is no time zone {zone}. Use a name such as Europe/Oslo.") from exc
    return f"{at:%A, %Y-%m-%d %H:%M:%S} {at.tzname()} (UTC{at:%z})"


def clock_tool() -> Tool:
    """`now`."""
    facts = ToolFacts(Effect.READS, is_repeatable=True)
    return tool_of(now, facts, explain=lambda _: "Looks at the clock.")
