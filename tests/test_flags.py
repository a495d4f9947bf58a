"""What the shared flags mean together."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_chat_tui.cli import with_think_values
from ollama_chat_tui.errors import BadDuration, BadOption, BadSchema, UsageError
from ollama_chat_tui.flags import ConnectionFlags, Flags, LoadingFlags
from tests.weights import environment_in

NOWHERE = environment_in(Path("/nonexistent"), {})


def test_what_is_not_given_is_not_sent() -> None:
    settings = Flags().preferences(NOWHERE).settings()
    assert (settings.model, settings.system, settings.options) == ("", "", {})
    assert settings.think is settings.keep_alive is settings.format is None


def test_seed_and_temperature_are_options_and_win_over_the_general_flag() -> None:
    flags = Flags(option=["seed=1", "top_k=20"], seed=7, temperature=0.0)
    assert flags.preferences(NOWHERE).settings().options == {"seed": 7, "top_k": 20, "temperature": 0.0}


def test_a_format_and_its_retries_are_read_and_checked() -> None:
    settings = Flags(format="age:int", retries=3).preferences(NOWHERE).settings()
    assert isinstance(settings.format, dict)
    assert (settings.format["required"], settings.format_retries) == (["age"], 3)
    with pytest.raises(BadSchema, match="/type"):
        Flags(format='{"type": "nonsense"}').preferences(NOWHERE).settings()


def test_stop_may_be_given_several_times() -> None:
    assert Flags(option=["stop=END", "stop=\n\n"]).preferences(NOWHERE).settings().options == {
        "stop": ["END", "\n\n"]
    }


def test_a_later_value_of_an_option_wins() -> None:
    assert Flags(option=["top_k=1", "top_k=2"]).preferences(NOWHERE).settings().options == {"top_k": 2}


@pytest.mark.parametrize(
    ("flags", "think"),
    [
        (Flags(think="on"), True),
        (Flags(think="off"), False),
        (Flags(think="HIGH"), "high"),
        (Flags(no_think=True), False),
        (Flags(think="high", no_think=True), False),
    ],
)
def test_thinking_is_on_off_or_a_level(flags: Flags, think: object) -> None:
    assert flags.preferences(NOWHERE).settings().think == think


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (Flags(option=["temprature=1"]), BadOption),
        (Flags(option=["temperature"]), BadOption),
        (Flags(keep_alive="5"), BadDuration),
        (Flags(think="hard"), UsageError),
    ],
)
def test_nonsense_is_refused_before_anything_is_sent(flags: Flags, error: type[UsageError]) -> None:
    with pytest.raises(error):
        flags.preferences(NOWHERE).settings()


def test_flags_after_the_command_win_over_those_before_it() -> None:
    before = Flags(model="a", seed=1, embedded=True)
    assert Flags(model="b").over(before) == Flags(model="b", seed=1, embedded=True)


def test_a_command_takes_of_earlier_flags_what_it_knows() -> None:
    before = Flags(host="a", option=["top_k=1"], debug=True)
    assert LoadingFlags(host="b").over(before) == LoadingFlags(host="b", option=["top_k=1"], debug=True)


@pytest.mark.parametrize("before", [Flags(no_think=True), Flags(model="m"), LoadingFlags(keep_alive="5m")])
def test_a_command_refuses_earlier_flags_that_mean_nothing_to_it(before: LoadingFlags) -> None:
    with pytest.raises(UsageError, match=r"--(no-think|model|keep-alive) means nothing"):
        ConnectionFlags().over(before)


def test_loading_asks_as_the_question_will() -> None:
    options = ["num_ctx=8192", "stop=a", "stop=b"]
    loading = LoadingFlags(option=options, keep_alive="30m").preferences(NOWHERE).settings()
    assert loading == Flags(option=options, keep_alive="30m").preferences(NOWHERE).settings()


def test_headers_and_the_key_reach_the_host(tmp_path: Path) -> None:
    flags = Flags(header=["X-Team:  a: b "], host="example.com", send_key=True)
    environment = environment_in(tmp_path, {"OLLAMA_API_KEY": "secret"})
    wanted = flags.wanted(environment, flags.preferences(environment))
    assert wanted.host == "example.com"
    assert wanted.access.headers == {"X-Team": "a: b"}
    assert wanted.access.api_key == "secret"
    assert wanted.access.sends_key
    assert "secret" not in repr(wanted)


@pytest.mark.parametrize("line", ["no colon", ": value", "X: a\r\nEvil: b", "Ünicode: x"])
def test_what_is_no_header_is_refused_without_repeating_its_value(line: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Flags(header=[line]).wanted(NOWHERE, Flags().preferences(NOWHERE))
    assert "Evil" not in caught.value.sentence


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["ask", "--think", "Why?"], ["ask", "--think=on", "Why?"]),
        (["ask", "Why?", "--think"], ["ask", "Why?", "--think=on"]),
        (["ask", "--think", "low", "Why?"], ["ask", "--think", "low", "Why?"]),
        (["ask", "--think=high"], ["ask", "--think=high"]),
        ([], []),
    ],
)
def test_think_may_stand_alone(given: list[str], parsed: list[str]) -> None:
    assert with_think_values(given) == parsed


def test_what_follows_two_dashes_is_text() -> None:
    assert with_think_values(["--think", "--", "--think"]) == ["--think=on", "--", "--think"]
    assert with_think_values([]) == []
