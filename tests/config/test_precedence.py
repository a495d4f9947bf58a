"""Flag over environment over profile over file over default, and where each value comes from."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, get_args

import pytest

from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.config.keys import VARIABLES, Config, Host, Profile, bare_type, keys_of
from ollama_chat_tui.config.text import Place, toml_text
from ollama_chat_tui.errors import BadConfig
from ollama_chat_tui.preferences import Origin, Preferences, Source, access_to, meaning, resolve


def preferences_of(
    directory: Path,
    text: str,
    variables: dict[str, str] | None = None,
    flags: dict[str, object] | None = None,
    profile: str = "",
) -> Preferences:
    path = directory / "config.toml"
    path.write_text(text)
    file = read_config(path, meaning())
    assert file.error is None
    return resolve(file, variables or {}, flags, profile)


LEVELS: dict[str, list[Any]] = {
    "model": ["flagged", "from-environment", "profiled", "filed", ""],
    "host": ["http://a", "http://b", "http://c", "http://d", ""],
    "system": ["A", "B", "C", "D", ""],
    "think": [True, "low", "high", False, None],
    "keep_alive": ["1m", "2m", "3m", "4m", None],
    "format_retries": [4, 3, 2, 1, 0],
    "format": ["a.json", "b.json", "json", "d.json", ""],
}


@pytest.mark.parametrize("given", [*itertools.product([True, False], repeat=4)], ids=str)
@pytest.mark.parametrize("key", LEVELS)
def test_the_strongest_that_says_something_wins(tmp_path: Path, key: str, given: tuple[bool, ...]) -> None:
    def toml(value: object) -> str:
        return str(value).lower() if isinstance(value, int) else f"'{value}'"

    by_flag, by_variable, by_profile, by_file = given
    flag, variable, profile, file, default = LEVELS[key]
    preferences = preferences_of(
        tmp_path,
        (f"{key} = {toml(file)}\n" if by_file else "\n")
        + "[profile.p]\n"
        + (f"{key} = {toml(profile)}\n" if by_profile else ""),
        {VARIABLES[key]: str(variable)} if by_variable else {VARIABLES[key]: ""},
        {key: flag} if by_flag else {},
        "p",
    )
    expected = [
        (flag, Origin(Source.FLAG, f"--{key.replace('_', '-')}")),
        (variable, Origin(Source.ENVIRONMENT, VARIABLES[key])),
        (profile, Origin(Source.PROFILE, "p", Place(3, 1))),
        (file, Origin(Source.FILE, str(tmp_path / "config.toml"), Place(1, 1))),
        (default, Origin(Source.DEFAULT)),
    ]
    value, origin = next(level for level, is_given in zip(expected, (*given, True), strict=True) if is_given)
    assert getattr(preferences.config, key) == value
    assert preferences.origin((key,)) == origin


_OTHERS: dict[object, tuple[Any, ...]] = {bool: (True, False), int: (0, 1)}


@pytest.mark.parametrize("key", sorted(set(VARIABLES) - set(LEVELS)))
def test_every_other_key_has_a_variable_that_wins_over_the_file(tmp_path: Path, key: str) -> None:
    field = keys_of(Config)[key]
    choices: tuple[Any, ...] = get_args(bare_type(field.type)) or _OTHERS[bare_type(field.type)]
    other = next(choice for choice in choices if choice != field.default)
    text = {True: "YES", False: "off"}[other] if isinstance(other, bool) else str(other)
    preferences = preferences_of(tmp_path, f"{key} = {toml_text(field.default)}\n", {VARIABLES[key]: text})
    assert getattr(preferences.config, key) == other
    assert preferences.origin((key,)).source is Source.ENVIRONMENT


def test_every_key_of_a_profile_is_in_the_table_above() -> None:
    assert set(keys_of(Profile)) == {*LEVELS, "options", "inherits"}


def test_options_count_one_by_one(tmp_path: Path) -> None:
    preferences = preferences_of(
        tmp_path,
        """
        options = { seed = 1, top_k = 1, num_ctx = 1, temperature = 1 }
        [profile.base]
        options = { top_k = 2, num_ctx = 2 }
        [profile.code]
        inherits = "base"
        options.num_ctx = 3
        """,
        flags={"options": {"temperature": 0.5}},
        profile="code",
    )
    assert preferences.config.options == {"seed": 1, "top_k": 2, "num_ctx": 3, "temperature": 0.5}
    path = tmp_path / "config.toml"
    origins = {name: str(preferences.origin(("options", name))) for name in preferences.config.options}
    assert origins == {
        "seed": f"file {path}:2:21",
        "top_k": "profile base (line 4:21)",
        "num_ctx": "profile code (line 7:17)",
        "temperature": "flag --option",
    }
    assert str(preferences.origin(("theme",))) == "default"


def test_a_profile_inherits_what_it_does_not_say(tmp_path: Path) -> None:
    text = """
        model = "filed"
        system = "S"
        [profile.top]
        system = ""
        think = true
        keep_alive = 60
        [profile.base]
        inherits = "top"
        model = "based"
        think = false
        [profile.code]
        inherits = "base"
        think = "high"
        """
    config = preferences_of(tmp_path, text, profile="code").config
    assert (config.model, config.system, config.think, config.keep_alive) == ("based", "", "high", 60)
    assert preferences_of(tmp_path, text, profile="top").config.model == "filed"
    assert preferences_of(tmp_path, text).config.system == "S"


def test_a_profile_without_a_key_is_one(tmp_path: Path) -> None:
    preferences = preferences_of(tmp_path, "[profile.plain]\n", profile="plain")
    assert list(preferences.config.profile) == ["plain"]
    assert preferences.profile == "plain"


def test_the_profile_is_chosen_by_flag_before_variable(tmp_path: Path) -> None:
    text = "[profile.a]\nmodel = 'x'\n[profile.b]\nmodel = 'y'\n"
    variables = {"OLLAMA_CHAT_PROFILE": "a"}
    assert preferences_of(tmp_path, text, variables).config.model == "x"
    assert preferences_of(tmp_path, text, variables, profile="b").config.model == "y"


def test_an_unknown_profile_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        preferences_of(tmp_path, "[profile.code]\n[profile.base]\n", profile="cod")
    assert caught.value.sentence == f"There is no profile “cod” in {tmp_path / 'config.toml'}."
    assert caught.value.hint == "Did you mean code?"
    with pytest.raises(BadConfig) as caught:
        preferences_of(tmp_path, "[profile.code]\n[profile.base]\n", profile="zzz")
    assert caught.value.hint == "There are: code, base."
    with pytest.raises(BadConfig) as caught:
        preferences_of(tmp_path, "", profile="zzz")
    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("OLLAMA_CHAT_THEME", "drak", "theme cannot be “drak”."),
        ("OLLAMA_CHAT_HISTORY", "perhaps", "history cannot be “perhaps”."),
        ("OLLAMA_CHAT_HISTORY", "3", "history cannot be 3."),
        ("OLLAMA_CHAT_THINK", "a lot", "think cannot be “a lot”."),
        ("OLLAMA_CHAT_KEEP_ALIVE", "1d", "“1d” is no duration."),
        ("OLLAMA_HOST", "ftp://x", "“ftp://x” begins with ftp://, which no Ollama server speaks."),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, text: str, sentence: str) -> None:
    with pytest.raises(BadConfig) as caught:
        preferences_of(tmp_path, "", {variable: text})
    assert caught.value.sentence == f"{variable}: {sentence}"
    assert caught.value.hint


def test_resolving_leaves_what_was_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("options.seed = 1\n[profile.a]\noptions.seed = 2\n")
    file = read_config(path, meaning())
    resolve(file, {}, {"options": {"seed": 3}}, "a")
    assert resolve(file, {}).config.options == {"seed": 1}


def test_settings_are_as_the_server_wants_them(tmp_path: Path) -> None:
    settings = preferences_of(
        tmp_path,
        "model = 'm'\nsystem = 's'\nthink = 'low'\nkeep_alive = 'forever'\noptions.temperature = 1\n",
    ).settings()
    assert (settings.model, settings.system, settings.think, settings.keep_alive) == ("m", "s", "low", -1)
    assert type(settings.options["temperature"]) is float
    empty = preferences_of(tmp_path, "keep_alive = 90").settings()
    assert (empty.model, empty.system, dict(empty.options), empty.think) == ("", "", {}, None)
    assert empty.keep_alive == 90


def test_a_host_is_found_by_its_name(tmp_path: Path) -> None:
    text = "[hosts.gpu]\nurl = 'https://gpu.example'\nheaders.X-Team = 'words'\n"
    named = preferences_of(tmp_path, f"host = 'gpu'\n{text}").host()
    assert (named.url, named.headers) == ("https://gpu.example", {"X-Team": "words"})
    assert preferences_of(tmp_path, text, {"OLLAMA_HOST": "gpu"}).host() == named
    assert preferences_of(tmp_path, text, flags={"host": "other:80"}).host() == Host(url="other:80")
    assert preferences_of(tmp_path, text).host() == Host(url="")


def test_a_host_gets_its_own_key_or_the_common_one() -> None:
    variables = {"OLLAMA_API_KEY": "common", "GPU_KEY": "own"}
    own = access_to(Host(url="x", api_key_env="GPU_KEY", headers={"A": "b"}, ca_file="~/ca.pem"), variables)
    assert (own.api_key, own.sends_key, own.headers) == ("own", True, {"A": "b"})
    assert own.ca_file == Path("~/ca.pem").expanduser()
    common = access_to(Host(url="x"), variables)
    assert (common.api_key, common.sends_key, common.ca_file) == ("common", False, None)
    assert access_to(Host(url="x", send_key=True), variables).sends_key
    with pytest.raises(BadConfig, match="The variable LOST is not set"):
        access_to(Host(url="x", api_key_env="LOST"), variables)


def test_another_profile_goes_over_the_file_and_under_the_flags(tmp_path: Path) -> None:
    first = preferences_of(
        tmp_path,
        """
        system = "filed"
        [profile.kind]
        system = "kind"
        options.seed = 1
        [profile.exact]
        system = "exact"
        """,
        {"OLLAMA_CHAT_PROFILE": "kind"},
        {"options": {"seed": 9}},
    )
    exact, none = first.with_profile("exact"), first.with_profile("")
    assert [each.config.system for each in (first, exact, none)] == ["kind", "exact", "filed"]
    assert str(exact.origin(("system",))) == "profile exact (line 7:9)"
    assert str(none.origin(("system",))).startswith("file ")
    assert {each.config.options["seed"] for each in (first, exact, none)} == {9}
    with pytest.raises(BadConfig, match="no profile “knid”"):
        none.with_profile("knid")


def test_a_changed_file_holds_once_it_is_read_anew(tmp_path: Path) -> None:
    first = preferences_of(tmp_path, "[profile.p]\nsystem = 'a'\n", profile="p")
    first.file.path.write_text("[profile.p]\nsystem = 'b'\n")
    assert (first.config.system, first.reread().config.system) == ("a", "b")
    first.file.path.write_text("system = [")
    with pytest.raises(BadConfig):
        first.reread()
