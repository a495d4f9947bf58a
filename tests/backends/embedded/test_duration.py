from __future__ import annotations

import pytest

from ollama_chat_tui.backends.embedded.duration import FOREVER_NS, read_keep_alive, write_timestamp
from ollama_chat_tui.backends.embedded.refusal import Refusal


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        (None, None),
        (0, 0),
        (60, 60 * 10**9),
        (0.5, 5 * 10**8),
        (-1, FOREVER_NS),
        (10**40, FOREVER_NS),
        ("0", 0),
        ("90s", 90 * 10**9),
        ("1h30m", 5400 * 10**9),
        ("+1.5s", 15 * 10**8),
        (".5ms", 500_000),
        ("2us3ns", 2003),
        ("1µs", 1000),
        ("-1m", FOREVER_NS),
        ("999999999h", FOREVER_NS),
    ],
)
def test_keep_alive_is_read_as_go_does(value: object, nanoseconds: int | None) -> None:
    assert read_keep_alive(value) == nanoseconds


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        (".s", 'time: invalid duration ".s"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1d", 'time: unknown unit "d" in duration "1d"'),
        ("1h x", 'time: unknown unit "h x" in duration "1h x"'),
        ("٣s", 'time: invalid duration "٣s"'),
    ],
)
def test_a_bad_duration_is_told_in_gos_words(text: str, error: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_keep_alive(text)
    assert (caught.value.status, caught.value.text) == (400, error)


def test_timestamps_have_no_trailing_zeros() -> None:
    assert write_timestamp(1_795_413_742_120_000_000) == "2026-11-23T06:02:22.12Z"
    assert write_timestamp(0) == "1970-01-01T00:00:00Z"
