"""`ollama-chat config …` as its user sees it."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from ollama_chat_tui.config_cli import config_app
from ollama_chat_tui.config_docs import sample
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadConfig, UsageError


@dataclass
class Shell:
    """The command with a directory of its own."""

    directory: Path
    variables: dict[str, str]

    def __call__(self, *arguments: str) -> tuple[str, str]:
        """Run it; standard output and standard error."""
        out, err = io.StringIO(), io.StringIO()
        environment = Environment(io.StringIO(), out, err, self.variables, *[self.directory] * 4)
        get_command(config_app).main([*arguments], prog_name="config", standalone_mode=False, obj=environment)
        return out.getvalue(), err.getvalue()

    @property
    def path(self) -> Path:
        return self.directory / "config.toml"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "config", {})


@pytest.fixture
def editor(tmp_path: Path) -> Callable[[str], str]:
    """Make an editor that runs a statement about `path`; the directory has a space in its name."""

    def make(statement: str) -> str:
        script = tmp_path / "an editor.py"
        script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[-1])\n{statement}\n")
        return f'{sys.executable} "{script}" --wait'

    return make


def test_path_says_where_the_file_is_and_makes_nothing(shell: Shell) -> None:
    assert shell("path") == (f"{shell.path}\n", "")
    assert not shell.directory.exists()


def test_init_writes_the_sample_once(shell: Shell) -> None:
    out, err = shell("init")
    assert (out, err) == ("", f"{shell.path} is written; everything in it is commented out.\n")
    assert shell.path.read_text() == sample()
    shell.path.write_text("# mine\n")
    with pytest.raises(BadConfig, match="There is already something at"):
        shell("init")
    assert shell.path.read_text() == "# mine\n"


def test_show_says_what_holds(shell: Shell) -> None:
    assert shell("show")[0].splitlines() == [
        "format_retries = 0",
        'theme = "auto"',
        'thinking = "fold"',
        'enter = "sends"',
        'editing_mode = "emacs"',
        "history = true",
        "preload = true",
        "notify = false",
        "image_side = 1568",
        "thumbnails = true",
        "terminal_title = true",
    ]


FILE = """\
model = "filed"
system = ""
options.seed = 1
hosts.gpu = { url = "http://x", headers = { Authorization = "secret" } }
[profile.code]
model = "profiled"
[profile.headers]
model = "shown"
"""


def test_show_says_from_where(shell: Shell) -> None:
    shell("set", "model", "x")
    shell.path.write_text(FILE)
    shell.variables |= {"OLLAMA_CHAT_THEME": "dark"}
    out, err = shell("show", "--origin", "--profile", "code")
    assert err == ""
    assert [re.split(" +# ", line) for line in out.splitlines()[:5]] == [
        ['model = "profiled"', "profile code (line 6:1)"],
        ['system = ""', f"file {shell.path}:2:1"],
        ["format_retries = 0", "default"],
        ['theme = "dark"', "environment OLLAMA_CHAT_THEME"],
        ['thinking = "fold"', "default"],
    ]
    assert "secret" not in out
    assert 'hosts.gpu.headers.Authorization = "(hidden)"' in out
    assert 'profile.headers.model = "shown"' in out


def test_show_speaks_json(shell: Shell) -> None:
    shell("set", "model", "x")
    shell.path.write_text(FILE)
    told = json.loads(shell("show", "--json")[0])
    assert told["model"] == "filed"
    assert told["history"] is True
    assert told["hosts.gpu.headers.Authorization"] == "(hidden)"
    told = json.loads(shell("show", "--json", "--origin")[0])
    assert told["options.seed"] == {
        "value": 1,
        "origin": "file",
        "name": str(shell.path),
        "line": 3,
        "column": 9,
    }
    assert told["theme"] == {"value": "auto", "origin": "default", "name": ""}


def test_show_names_a_broken_file_and_an_unknown_profile(shell: Shell) -> None:
    with pytest.raises(BadConfig, match="There is no profile “x”"):
        shell("show", "--profile", "x")
    shell.directory.mkdir()
    shell.path.write_text("them = 1\n")
    with pytest.raises(BadConfig, match=r"config\.toml:1:1: There is no key “them”"):
        shell("show")


def test_set_and_unset_change_the_file(shell: Shell) -> None:
    assert shell("set", "keep_alive", "-1") == ("", "")
    assert shell("set", "options.stop", "-x") == ("", "")
    assert shell.path.read_text() == 'keep_alive = -1\n\n[options]\nstop = ["-x"]\n'
    assert shell("unset", "options") == ("", "")
    assert shell.path.read_text().strip() == "keep_alive = -1"
    with pytest.raises(BadConfig, match="does not set options"):
        shell("unset", "options")


def test_edit_opens_the_sample_when_there_is_no_file(shell: Shell, editor: Callable[[str], str]) -> None:
    shell.variables["EDITOR"] = editor("path.write_text(path.read_text() + 'model = \"x\"\\n')")
    shell("edit")
    assert shell.path.read_text() == sample() + 'model = "x"\n'


def test_edit_prefers_visual_and_leaves_the_file_to_it(shell: Shell, editor: Callable[[str], str]) -> None:
    shell("set", "model", "x")
    shell.variables |= {"EDITOR": "no-such-editor", "VISUAL": editor("path.write_text('# gone\\n')")}
    shell("edit")
    assert shell.path.read_text() == "# gone\n"


def test_edit_says_at_once_what_is_wrong(shell: Shell, editor: Callable[[str], str]) -> None:
    shell.variables["EDITOR"] = editor("path.write_text('theme = 1\\n')")
    with pytest.raises(BadConfig, match=r":1:9: theme cannot be 1\."):
        shell("edit")
    assert shell.path.read_text() == "theme = 1\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("", "No editor is known: VISUAL and EDITOR are not set."),
        ("  ", "No editor is known: VISUAL and EDITOR are not set."),
        ("vi 'x", "“vi 'x” is no command: No closing quotation."),
        ("no-such-editor", "The editor no-such-editor does not start: No such file or directory."),
        (f"{sys.executable} -c 'raise SystemExit(3)'", f"The editor {sys.executable} ended with status 3."),
    ],
)
def test_edit_names_an_editor_that_fails(shell: Shell, command: str, sentence: str) -> None:
    shell.variables["EDITOR"] = command
    with pytest.raises(UsageError) as caught:
        shell("edit")
    assert caught.value.sentence == sentence


def test_the_commands_cost_a_start_nothing_that_it_does_not_use() -> None:
    code = """
import sys, typer
import ollama_chat_tui.config_cli
ours = {"config_edit", "config_docs", "toml_places"} & {name.rpartition(".")[2] for name in sys.modules}
print(*sorted(ours), *sorted({"tomlkit", "tomllib", "httpx", "prompt_toolkit"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_without_a_program_above_it_the_process_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLLAMA_CHAT_CONFIG_DIR", str(tmp_path))
    get_command(config_app).main(["path"], standalone_mode=False)
    assert capsys.readouterr().out == f"{tmp_path / 'config.toml'}\n"
