"""Commands about the configuration, and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.config.file import load_config
from ollama_chat_tui.config.keys import VARIABLES
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadConfig, UsageError
from ollama_chat_tui.preferences import meaning, resolve
from tests.commands.conftest import NotedScreen, run

CONFIG = """\
# mine
system = "Be kind."  # always
[options]
top_k = 3

[profile.base]
think = false
[profile.exact]
inherits = "base"
model = "smollm2"
options.seed = 7
[profile.away]
host = "gpu"
[hosts.gpu]
url = "http://gpu.example:1"
headers = { X-Secret = "s3cret" }
"""


@pytest.fixture
def path(folder: Path) -> Path:
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG)
    return folder / "config.toml"


@pytest.fixture
def configured(context: Context, environment: Environment, path: Path) -> Context:
    return started(context, environment)


def started(
    context: Context,
    environment: Environment,
    variables: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Context:
    """As the chat begins: the file is read, and the server chose a model."""
    context.preferences = resolve(load_config(environment, meaning()), variables or {}, flags)
    settings = context.preferences.settings()
    context.settings = replace(settings, model=settings.model or "qwen3:8b")
    return context


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def rows(shown: str) -> dict[str, str]:
    """What `/config` shows: the key and its value, and why."""
    pairs = (row.split("  # ") for row in shown.splitlines())
    return {what.strip(): why for what, why in pairs}


async def test_config_shows_what_holds_and_why(configured: Context, path: Path) -> None:
    held = rows(await run(configured, "/config"))
    assert held['system = "Be kind."'] == f"file {path}:2:1"
    assert held["options.top_k = 3"] == f"file {path}:4:1"
    assert held['theme = "auto"'] == "default"
    assert held['model = "qwen3:8b"'] == "this chat"
    assert held['hosts.gpu.headers.X-Secret = "(hidden)"'].startswith("file ")


async def test_what_the_chat_set_is_said_to_be_its_own(configured: Context) -> None:
    for line in (
        "/system Be brief.",
        "/seed 1",
        "/unset top_k",
        "/think high",
        "/set format json",
        "/incognito on",
    ):
        await run(configured, line)
    held = rows(await run(configured, "/config"))
    for row in (
        'system = "Be brief."',
        "options.seed = 1",
        'think = "high"',
        'format = "json"',
        "history = false",
    ):
        assert held[row] == "this chat"
    assert held["options.top_k = (left to the model)"] == "this chat"


async def test_config_path_says_where(configured: Context, path: Path) -> None:
    assert await run(configured, "/config path") == str(path)


@pytest.mark.parametrize(
    ("key", "value", "attribute", "held"),
    [
        ("system", "Be brief.", "system", "Be brief."),
        ("think", "high", "think", "high"),
        ("keep_alive", "-1", "keep_alive", -1),
        ("format", "json", "format", "json"),
        ("model", "smollm2", "model", "smollm2"),
        ("options.seed", "7", "options", {"top_k": 3, "seed": 7}),
        ("options.top_k", "5", "options", {"top_k": 5}),
    ],
)
async def test_a_key_that_is_set_holds_at_once(
    configured: Context, path: Path, key: str, value: str, attribute: str, held: object
) -> None:
    shown = await run(configured, f"/config set {key} {value}")
    assert shown == f"{key} is set in {path}. It holds from now on."
    assert getattr(configured.settings, attribute) == held
    assert text_of(path).startswith("# mine\n")
    assert "# always" in text_of(path) or key == "system"


async def test_setting_one_key_leaves_what_the_chat_set(configured: Context) -> None:
    await run(configured, "/seed 1")
    await run(configured, "/system Be brief.")
    await run(configured, "/config set think off")
    assert (configured.settings.system, configured.settings.options["seed"]) == ("Be brief.", 1)
    await run(configured, "/config set options.seed 2")
    assert configured.settings.options == {"top_k": 3, "seed": 2}
    await run(configured, "/config unset system")
    assert configured.settings.system == ""


async def test_a_key_that_begins_with_the_program_says_so(configured: Context, screen: NotedScreen) -> None:
    assert (await run(configured, "/config set theme light")).endswith("It holds from the next start.")
    assert (await run(configured, "/config set host gpu")).endswith("next start. /host goes there now.")
    assert (await run(configured, "/config set history off")).endswith("It holds from now on.")
    assert screen.records is False
    assert (await run(configured, "/config set hosts.new.url box")).endswith("It holds from now on.")
    assert "new" in configured.preferences.config.hosts


@pytest.mark.parametrize(
    ("variables", "flags", "why"),
    [
        ({"OLLAMA_CHAT_SYSTEM": "E"}, {}, "environment OLLAMA_CHAT_SYSTEM"),
        ({}, {"system": "F"}, "flag --system"),
    ],
)
async def test_what_is_stronger_than_the_file_is_named(
    context: Context,
    environment: Environment,
    path: Path,
    variables: dict[str, str],
    flags: dict[str, object],
    why: str,
) -> None:
    started(context, environment, variables, flags)
    before = context.settings
    shown = await run(context, "/config set system Be brief.")
    assert shown.endswith(f"It does not hold now: {why} goes over it.")
    assert context.settings == before


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("/config set theme drak", "drak"),
        ("/config set tehme dark", "tehme"),
        ("/config set options.temperature hot", "hot"),
        ("/config set options.temprature 1", "temperature"),
        ("/config set keep_alive 5d", "5d"),
        ("/config set a..b 1", "a..b"),
        ("/config set theme", "“set” needs a key and a value"),
        ("/config set", "“set” needs a key and a value"),
        ("/config unset", "“unset” needs a key"),
        ("/config unset theme", "does not set theme"),
        ("/config theme", "theme"),
        ("/config path now", "path now"),
        ("/profile exatc", "Did you mean exact?"),
    ],
)
async def test_a_wrong_word_changes_nothing(configured: Context, path: Path, line: str, named: str) -> None:
    before = configured.settings, configured.preferences
    with pytest.raises(UsageError) as caught:
        await run(configured, line)
    assert named in f"{caught.value.sentence} {caught.value.hint}"
    assert f"Usage: {line.split(maxsplit=1)[0]} [" in caught.value.hint
    assert (text_of(path), configured.settings, configured.preferences) == (CONFIG, *before)


async def test_a_file_that_is_not_there_is_made(context: Context, folder: Path) -> None:
    assert await run(context, "/config set options.seed 7")
    assert text_of(folder / "config.toml").splitlines()[-1] == "seed = 7"
    assert context.settings.options == {"seed": 7}


async def test_a_file_that_was_broken_meanwhile_is_named(configured: Context, path: Path) -> None:
    write(path, "system = [")
    with pytest.raises(BadConfig, match=r"config\.toml:1:"):
        await run(configured, "/config set theme dark")


async def test_a_profile_holds_from_now_on(configured: Context) -> None:
    assert await run(configured, "/profile exact") == "exact holds: model, think, options.seed."
    settings = configured.settings
    assert (settings.model, settings.think) == ("smollm2", False)
    assert (settings.system, settings.options) == ("Be kind.", {"top_k": 3, "seed": 7})
    held = rows(await run(configured, "/config"))
    assert held["think = false"] == "profile base (line 7:1)"
    assert held['model = "smollm2"'] == "profile exact (line 10:1)"
    assert (await run(configured, "/profile")).splitlines() == [
        "   base   think",
        "›  exact  inherits, model, options.seed",
        "   away   host",
    ]
    assert await run(configured, "/profile off") == "No profile holds."
    assert configured.settings == replace(settings, think=None, options={"top_k": 3})  # the model goes on


async def test_what_the_chat_set_stays_where_a_profile_says_nothing(configured: Context) -> None:
    await run(configured, "/seed 1")
    await run(configured, "/system Be brief.")
    await run(configured, "/profile exact")
    assert (configured.settings.system, configured.settings.options["seed"]) == ("Be brief.", 7)


async def test_the_server_of_a_profile_is_named_and_left_to_the_user(configured: Context) -> None:
    assert await run(configured, "/profile away") == "away holds: host. /host gpu goes to its server."
    assert configured.host == ""


async def test_without_profiles_it_is_said_how_to_make_one(context: Context) -> None:
    assert "/config set profile.NAME" in await run(context, "/profile")


def offered(context: Context, line: str) -> dict[str, str]:
    return dict(context.registry.complete(context, line)[1])


def test_keys_are_offered_with_type_and_meaning(configured: Context) -> None:
    keys = offered(configured, "/config set ")
    assert {*VARIABLES, "options.seed", "hosts.gpu.url", "profile.exact.options.seed"} <= set(keys)
    assert keys["theme"].startswith("auto, dark, light or none · Colours")
    assert keys["options.temperature"].startswith("0 or more, 0.8")
    assert set(offered(configured, "/config unset ")) >= {"system", "options.top_k", "hosts.gpu.url"}
    assert "keys" not in keys


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/config ", ["set", "unset", "path"]),
        ("/config set theme ", ["auto", "dark", "light", "none"]),
        ("/config set history ", ["on", "off"]),
        ("/config set think ", ["on", "off", "low", "medium", "high", "max"]),
        ("/config set profile.exact.think ", ["on", "off", "low", "medium", "high", "max"]),
        ("/config set options.use_mmap ", ["on", "off"]),
        ("/config set options.seed ", []),
        ("/config set hosts.gpu.send_key ", ["on", "off"]),
        ("/config set host ", ["gpu"]),
        ("/config set format ", ["json"]),
        ("/config set model ", ["qwen3:8b"]),
        ("/config set nonsense ", []),
        ("/config set a..b ", []),
        ("/config set theme dark ", []),
        ("/profile ", ["base", "exact", "away", "off"]),
        ("/profile base ", []),
        ("/host ", ["gpu"]),
    ],
)
def test_values_and_names_are_offered(configured: Context, line: str, words: list[str]) -> None:
    configured.model_names = ["qwen3:8b"]
    assert [*offered(configured, line)] == words
