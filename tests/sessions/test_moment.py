"""Points in time as people type them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.sessions.moment import parse_moment

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        ("2026-03-01", "2026-03-01T00:00:00+02:00"),
        ("2026-03-01T12:30", "2026-03-01T12:30:00+02:00"),
        ("2026-03-01 12:30", "2026-03-01T12:30:00+02:00"),
        ("2026-03-01T12:30Z", "2026-03-01T12:30:00+00:00"),
        (" Today ", "2026-03-10T00:00:00+02:00"),
        ("yesterday", "2026-03-09T00:00:00+02:00"),
        ("12h", "2026-03-10T03:30:00+02:00"),
        ("7d", "2026-03-03T15:30:00+02:00"),
        ("2w ago", "2026-02-24T15:30:00+02:00"),
    ],
)
def test_a_moment_is_a_day_a_time_or_how_long_ago(typed: str, moment: str) -> None:
    assert parse_moment(typed, NOW).isoformat() == moment


@pytest.mark.parametrize("typed", ["", "soon", "2026-13-01", "999999w", "7", "ago"])
def test_what_is_no_moment_is_wrong_usage(typed: str) -> None:
    with pytest.raises(UsageError, match="no point in time"):
        parse_moment(typed, NOW)


@given(st.text(max_size=12))
def test_no_text_whatever_is_a_traceback(typed: str) -> None:
    with suppress(UsageError):
        assert parse_moment(typed, NOW).tzinfo
