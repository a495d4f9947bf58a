"""Reading the configuration: what is accepted, and where an error points."""

from __future__ import annotations

import io
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from ollama_chat_tui.chat.options import OPTION_TYPES, THINK_LEVELS
from ollama_chat_tui.config.check import Meaning
from ollama_chat_tui.config.file import config_path, load_config, read_config
from ollama_chat_tui.config.keys import Config, Host, Profile, Tools, bare_type, keys_of
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadConfig, ExitCode
from ollama_chat_tui.preferences import meaning


def environment_in(directory: Path) -> Environment:
    return Environment(io.StringIO(), io.StringIO(), io.StringIO(), {}, *[directory] * 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return config_path(environment_in(tmp_path))


def fault(path: Path, text: str, known: Meaning | None = None) -> tuple[str, str]:
    """The error for a text: from its line on, and its hint."""
    path.write_text(text, encoding="utf-8")
    error = read_config(path, known or meaning()).error
    assert error is not None, "nothing was found wrong"
    assert error.sentence.startswith(f"{path}:")
    return error.sentence.removeprefix(f"{path}:"), error.hint


def test_no_file_is_an_empty_configuration(tmp_path: Path) -> None:
    file = load_config(environment_in(tmp_path / "none"), meaning())
    assert file.config == Config()
    assert file.error is None
    assert file.place(("model",)) is None
    assert not (tmp_path / "none").exists()


def test_every_key_is_read(path: Path) -> None:
    path.write_text(
        """
        model = "qwen3:8b"
        host = "gpu"
        system = "Be brief."
        think = "low"
        keep_alive = 300
        format = "json"
        theme = "dark"
        thinking = "full"
        enter = "newline"
        editing_mode = "vi"
        history = false
        preload = false
        notify = true
        terminal_title = false
        [options]
        temperature = 1
        stop = ["a", "b"]
        [keys]
        send = ["c-j", "f2"]
        [tools]
        on = ["now"]
        files = ["~/mine.py"]
        folders = ["."]
        allow_private = true
        rounds = 3
        time_s = 60
        tokens = 5000
        permission = { now = "allow", look = ["here", { place = "there", times = 2 }] }
        [hosts.gpu]
        url = "https://gpu.example"
        headers = { X-Team = "words" }
        api_key_env = "GPU_KEY"
        ca_file = "~/ca.pem"
        send_key = true
        [profile.base]
        think = false
        [profile.code]
        inherits = "base"
        keep_alive = "forever"
        options.seed = 1
        """
    )
    file = read_config(path, meaning())
    assert file.error is None
    assert file.config == Config(
        model="qwen3:8b",
        host="gpu",
        system="Be brief.",
        think="low",
        keep_alive=300,
        format="json",
        theme="dark",
        thinking="full",
        enter="newline",
        editing_mode="vi",
        history=False,
        preload=False,
        notify=True,
        terminal_title=False,
        options={"temperature": 1, "stop": ["a", "b"]},
        keys={"send": ["c-j", "f2"]},
        tools=Tools(
            on=["now"],
            files=["~/mine.py"],
            folders=["."],
            allow_private=True,
            rounds=3,
            time_s=60,
            tokens=5000,
            permission={"now": "allow", "look": ["here", {"place": "there", "times": 2}]},
        ),
        hosts={
            "gpu": Host(
                url="https://gpu.example",
                headers={"X-Team": "words"},
                api_key_env="GPU_KEY",
                ca_file="~/ca.pem",
                send_key=True,
            )
        },
        profile={
            "base": Profile(think=False),
            "code": Profile(inherits="base", keep_alive="forever", options={"seed": 1}),
        },
    )


TABLES: list[tuple[str, str, type[Config | Tools | Host | Profile]]] = [
    ("", "", Config),
    ("[tools]\n", "tools.", Tools),
    ('[hosts.gpu]\nurl = "http://x"\n', "hosts.gpu.", Host),
    ("[profile.code]\n", "profile.code.", Profile),
]
EVERY_KEY = [
    (head, prefix, name) for head, prefix, table in TABLES for name in keys_of(table) if name != "url"
]


@pytest.mark.parametrize(("head", "prefix", "name"), EVERY_KEY, ids=lambda word: str(word).strip())
def test_a_wrong_type_is_pointed_at(path: Path, head: str, prefix: str, name: str) -> None:
    line = head.count("\n") + 1
    sentence, hint = fault(path, f"{head}{name} = 1979-05-27 07:32:00 # when\n")
    assert sentence == f"{line}:{len(name) + 4}: {prefix}{name} cannot be 1979-05-27 07:32:00."
    assert hint.startswith("It is ")


@pytest.mark.parametrize(("head", "prefix", "name"), EVERY_KEY, ids=lambda word: str(word).strip())
def test_a_misspelt_key_names_the_nearest(path: Path, head: str, prefix: str, name: str) -> None:
    misspelt = name[:-1] + name[-1] * 2
    sentence, hint = fault(path, f"{head}   {misspelt} = 1\n")
    assert sentence == f"{head.count(chr(10)) + 1}:4: There is no key “{prefix}{misspelt}”."
    assert hint == f"Did you mean {name}?"


@pytest.mark.parametrize("name", OPTION_TYPES)
def test_an_option_has_its_name_and_its_type(path: Path, name: str) -> None:
    sentence, hint = fault(path, f"[options]\n{name} = [1]\n")
    assert sentence == f"2:{len(name) + 4}: The option {name} cannot be “[1]”."
    assert hint.startswith("It is ")
    sentence, hint = fault(path, f"[profile.a]\noptions = {{ {name}x = 1 }}\n")
    assert sentence == f"2:13: There is no key “profile.a.options.{name}x”."
    assert hint == f"Did you mean {name}?"


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("theme = 'drak'", "1:9: theme cannot be “drak”.", "It is auto, dark, light or none."),
        ("thinking='show'", "1:10: thinking cannot be “show”.", "It is fold, full or hide."),
        ("enter = ''", "1:9: enter cannot be “”.", "It is sends or newline."),
        ("editing_mode = 'vim'", "1:16: editing_mode cannot be “vim”.", "It is emacs or vi."),
        ("think = 'huge'", "1:9: think cannot be “huge”.", "It is true, false, low, medium, high or max."),
        ("history = 1", "1:11: history cannot be 1.", "It is true or false."),
        ("keep_alive = -2", "1:14: keep_alive cannot be -2.", None),
        ("keep_alive = nan", "1:14: keep_alive cannot be nan.", None),
        ("keep_alive = 9e99", "1:14: keep_alive cannot be 9e+99.", None),
        ("keep_alive = true", "1:14: keep_alive cannot be true.", None),
        ("keep_alive = '1d'", "1:14: “1d” is no duration.", "Days are unknown to Ollama: write 24h."),
        ("[profile.a]\nkeep_alive = '5'", "2:14: “5” is no duration.", "Which unit? Write 5s or 5m."),
        ("host = 'ftp://x'", "1:8: “ftp://x” begins with ftp://, which no Ollama server speaks.", None),
        ("[profile.a]\nhost = ':0'", "2:8: “:0” asks for port 0, which no server has.", None),
        ("[hosts.a]\nurl = 'a b'", "2:7: “a b” is no address of a server.", None),
        ("[hosts.a]\nurl = 3", "2:7: hosts.a.url cannot be 3.", "It is a text."),
        ("a = 1\n", "1:1: There is no key “a”.", None),
        ("\n[hosts.a]", "2:8: hosts.a has no url.", 'Add to it: url = "https://a:11434"'),
        ("hosts.a = {}", "1:7: hosts.a has no url.", None),
        ("[hosts]\n'' = {url='x'}", "2:1: “” is not a name.", ""),
        ("[hosts.a]\nurl='x'\nheaders.'a b' = ''", "3:9: “a b” is not the name of a header.", ""),
        ("[hosts.a]\nurl='x'\nheaders.a = 'ü'", "3:13: hosts.a.headers.a cannot be “ü”.", None),
        ("[hosts.a]\nurl='x'\nheaders.a = \"x\\n\"", "3:13: hosts.a.headers.a cannot be “x\\n”.", None),
        ("[hosts.a]\nurl='x'\napi_key_env = '1A'", "3:15: hosts.a.api_key_env cannot be “1A”.", None),
        ("[model]\nx = 1", "1:2: model cannot be a table.", "It is a text."),
        ("[[hosts]]\nurl = 1", "1:3: hosts cannot be a list.", "It is a table of hosts."),
        ("hosts.gpu = 1", "1:13: hosts.gpu cannot be 1.", "It is a table."),
        ("[keys]\nsend = 'enter'", "2:8: keys.send cannot be “enter”.", "It is a list of keys, each a text."),
        ("[keys]\nsend = ['a', # b\n 3]", "3:2: keys.send.1 cannot be 3.", "It is a text."),
        ("[options]\nstop = 'x'", "2:8: The option stop cannot be “x”.", "It is a list of texts."),
        ("temperature = 1", "1:1: There is no key “temperature”.", "Did you mean options.temperature?"),
        (
            "[profile.a]\nseed = 1",
            "2:1: There is no key “profile.a.seed”.",
            "Did you mean options.seed?",
        ),
        (
            "[hosts.a]\nurl='x'\nseed = 1",
            "3:1: There is no key “hosts.a.seed”.",
            "There are: url, headers, api_key_env, ca_file, send_key.",
        ),
        (
            "model = '" + "m" * 90 + "'\ntheme = '" + "t" * 90 + "'",
            f"2:9: theme cannot be “{'t' * 59}…”.",
            None,
        ),
        ('theme = "\\u001b[2J"', "1:9: theme cannot be “\\u001b[2J”.", None),
        ('"\\u009b31m" = 1', '1:1: There is no key “"\\u009b31m"”.', None),
        ("[profile.a]\ninherits = 'b'\n[profile.bb]", "2:12: There is no profile “b”.", "Did you mean bb?"),
        (
            "[profile.a]\ninherits = 'a'",
            "2:12: Profiles inherit in a circle: a → a.",
            "Take one `inherits` out.",
        ),
        (
            "profile.c.inherits='a'\n[profile.a]\ninherits = 'b'\n[profile.b]\ninherits = 'a'",
            "5:12: Profiles inherit in a circle: a → b → a.",
            None,
        ),
    ],
)
def test_what_makes_no_sense_is_pointed_at(path: Path, text: str, sentence: str, hint: str | None) -> None:
    found = fault(path, text)
    assert found[0] == sentence
    assert hint is None or found[1] == hint


def test_a_broken_configuration_can_be_looked_at_and_is_all_defaults(path: Path) -> None:
    path.write_text('model = "x"\nthem = "dark"\n')
    file = read_config(path, meaning())
    assert file.error is not None
    assert file.error.exit_code == ExitCode.USAGE
    assert (file.config, file.data) == (Config(), {})
    with pytest.raises(BadConfig, match=r":2:1: There is no key “them”\."):
        load_config(environment_in(path.parent), meaning())


def test_whoever_finds_fault_later_points_at_the_key(path: Path) -> None:
    path.write_text("[keys]\nsend = ['enter', 'f99']\n")
    file = read_config(path)
    assert file.complaint(("keys", "send", 1), "No such key.").sentence == f"{path}:2:18: No such key."
    assert file.complaint(("keys", "send"), "S.", at_key=True).sentence == f"{path}:2:1: S."
    assert file.complaint(("keys", "lost"), "S.", "H.").sentence == f"{path}:1:2: S."
    assert file.complaint(("model",), "S.").sentence == f"{path}: S."


def test_without_meaning_only_names_and_types_are_checked(path: Path) -> None:
    path.write_text("host = 'ftp://'\n[options]\nanything = 1\n")
    assert read_config(path).error is None


def test_the_levels_of_thinking_are_those_of_the_core() -> None:
    choices = typing.get_args(bare_type(keys_of(Config)["think"].type))
    levels = next(choice for choice in choices if typing.get_origin(choice) is typing.Literal)
    assert typing.get_args(levels) == THINK_LEVELS


def test_reading_imports_nothing_that_a_prompt_would_wait_for(path: Path) -> None:
    path.write_text('model = "x"\ntheme = "dark"\n[profile.a]\noptions.seed = 1\n')
    code = f"""
import sys
from pathlib import Path
import ollama_chat_tui.config.file
assert "tomllib" not in sys.modules, "no file was read yet"
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.preferences import meaning, resolve
resolve(read_config(Path({str(path)!r}), meaning()), {{"OLLAMA_CHAT_THEME": "light"}}, {{}}, "a").settings()
heavy = {{"tomlkit", "typer", "click", "httpx", "rich", "prompt_toolkit", "platformdirs"}}
print(*sorted(heavy & set(sys.modules)), *(name for name in sys.modules if "toml_places" in name))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("variables", "data", "config", "cache"),
    [
        ({"OLLAMA_CHAT_DATA_DIR": "/d", "OLLAMA_CHAT_CONFIG_DIR": "/c"}, "/d", "/c", "/d/cache"),
        ({"OLLAMA_CHAT_CONFIG_DIR": "/c"}, None, "/c", None),
        ({"OLLAMA_CHAT_DATA_DIR": "/d"}, "/d", None, "/d/cache"),
        ({"OLLAMA_CHAT_CONFIG_DIR": "~/c"}, None, "{home}/c", None),
        ({"OLLAMA_CHAT_CACHE_DIR": "~/k"}, None, None, "{home}/k"),
        ({"OLLAMA_CHAT_DATA_DIR": "/d", "OLLAMA_CHAT_CACHE_DIR": "/k"}, "/d", None, "/k"),
        ({}, None, None, None),
    ],
)
def test_directories_can_be_chosen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    data: str | None,
    config: str | None,
    cache: str | None,
) -> None:
    for name in ("OLLAMA_CHAT_DATA_DIR", "OLLAMA_CHAT_CONFIG_DIR", "OLLAMA_CHAT_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    environment = Environment.of_process()
    assert config is None or environment.config_dir == Path(config.format(home=tmp_path))
    assert config is not None or environment.config_dir.name == "ollama-chat"
    assert (environment.data_dir == Path(data)) if data else tmp_path in environment.data_dir.parents
    assert cache is None or environment.cache_dir == Path(cache.format(home=tmp_path))
    assert cache is not None or tmp_path in environment.cache_dir.parents
    assert environment.cache_dir != environment.data_dir
    assert environment.config_dir != environment.data_dir
