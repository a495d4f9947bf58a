from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.chat.options import (
    OPTION_TYPES,
    check_options,
    parse_keep_alive,
    parse_option,
    parse_think,
)
from ollama_chat_tui.errors import BadDuration, BadOption, UsageError


@pytest.mark.parametrize(
    ("assignment", "option"),
    [
        ("num_ctx=8192", ("num_ctx", 8192)),
        (" num_ctx = 8192 ", ("num_ctx", 8192)),
        ("temperature=1", ("temperature", 1.0)),
        ("temperature=.5", ("temperature", 0.5)),
        ("seed=-1", ("seed", -1)),
        ("use_mmap=Off", ("use_mmap", False)),
        ("use_mmap=true", ("use_mmap", True)),
        ("stop=a=b", ("stop", ["a=b"])),
        ("stop= \n", ("stop", [" \n"])),
    ],
)
def test_an_assignment_is_read_by_the_options_type(assignment: str, option: tuple[str, object]) -> None:
    name, value = parse_option(assignment)
    assert (name, value) == option
    assert type(value) is type(option[1])


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("num_ctx", "NAME=VALUE"),
        ("num_ctx=4k", "a whole number"),
        ("num_ctx=4096.5", "a whole number"),
        (f"seed={2**63}", "a whole number"),
        (f"seed={'9' * 5000}", "a whole number"),
        ("temperature=hot", "a number"),
        ("temperature=nan", "a number"),
        ("top_p=inf", "a number"),
        ("use_mmap=2", "true or false"),
        ("num_ctz=1", "Did you mean num_ctx?"),
        ("tempreature=1", "Did you mean temperature?"),
        ("mirostat=1", "There are: num_ctx, "),
    ],
)
def test_what_the_server_would_ignore_or_choke_on_is_an_error_with_a_hint(assignment: str, says: str) -> None:
    with pytest.raises(BadOption) as caught:
        parse_option(assignment)
    assert says in caught.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"num_ctx": "8192"},
        {"num_ctx": 8192.0},
        {"num_ctx": True},
        {"num_ctx": None},
        {"temperature": "0.5"},
        {"temperature": True},
        {"temperature": float("inf")},
        {"use_mmap": 1},
        {"stop": "END"},
        {"stop": [1]},
        {"nope": 1},
    ],
)
def test_options_of_a_wrong_type_are_not_sent(options: dict[str, object]) -> None:
    with pytest.raises(BadOption):
        check_options(options)


def test_options_are_sent_as_the_server_wants_them() -> None:
    options = {"temperature": 1, "stop": ["a"], "num_gpu": -1, "use_mmap": True}
    checked = check_options(options)
    assert checked == options
    assert type(checked["temperature"]) is float


@given(st.sampled_from([*OPTION_TYPES]), st.text())
def test_whatever_is_assigned_is_sent_or_an_error_of_ours(name: str, value: str) -> None:
    with contextlib.suppress(BadOption):
        assert check_options(dict([parse_option(f"{name}={value}")]))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("0", 0),
        ("-1", -1),
        ("forever", -1),
        (" 5m ", "5m"),
        ("1h30m", "1h30m"),
        ("-1m", "-1m"),
        ("1.5h", "1.5h"),
        (".5s", ".5s"),
        ("300ms", "300ms"),
        ("2us", "2us"),
        ("2µs", "2µs"),
    ],
)
def test_a_duration_is_seconds_or_gos(text: str, sent: object) -> None:
    assert parse_keep_alive(text) == sent


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5", "5s or 5m"),
        ("1d", "24h"),
        ("", "unit"),
        ("true", "unit"),
        ("5 m", "unit"),
        ("m5", "unit"),
        ("5m3", "unit"),
        ("٣m", "unit"),
        ("00", "00s or 00m"),
        ("5m0", "unit"),
    ],
)
def test_what_the_server_refuses_as_a_duration_is_refused_with_a_hint(text: str, says: str) -> None:
    with pytest.raises(BadDuration) as caught:
        parse_keep_alive(text)
    assert says in caught.value.hint


@pytest.mark.parametrize(
    ("text", "think"),
    [("on", True), ("off", False), ("TRUE", True), ("no", False), (" high ", "high"), ("Max", "max")],
)
def test_thinking_is_on_off_or_an_effort(text: str, think: object) -> None:
    assert parse_think(text) == think


@pytest.mark.parametrize("text", ["", "ultra", "1"])
def test_another_way_to_think_is_an_error_that_names_those_there_are(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_think(text)
    assert "low, medium, high, max" in caught.value.hint
