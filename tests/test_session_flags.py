"""The flags that say which chat it is and where everything lies, and what the shell completes of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ollama_chat_tui.flags import Flags, taking_flags
from tests.command import fresh_home, run
from tests.sessions.written import write

LEAVES = "261123-092326-dxj0"
HI = b'[{"role": "user", "content": "Hi"}]'


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return fresh_home(tmp_path)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "data" / "sessions"
    write(directory, LEAVES, "Why do leaves turn red?", title="Autumn leaves")
    write(directory, "261123-101500-ab12", "Name a river.")
    return directory


def completed(home: dict[str, str], *words: str) -> list[str]:
    """What bash is given for the last of these words, as the script that typer installs asks for it."""
    asked = {"_OLLAMA_CHAT_COMPLETE": "complete_bash", "COMP_CWORD": str(len(words))}
    done = run(home={**home, **asked, "COMP_WORDS": "\n".join(["ollama-chat", *words])})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1] if done.stdout.strip() else []


@pytest.mark.parametrize(
    ("arguments", "flags"),
    [
        ([], Flags()),
        (["--continue"], Flags(continues=True)),
        (["--resume", "Autumn leaves", "--no-save"], Flags(resume="Autumn leaves", no_save=True)),
    ],
)
def test_the_flags_of_a_chat_are_carried(arguments: list[str], flags: Flags) -> None:
    carried: list[Flags] = []
    app = typer.Typer()

    @app.command()
    @taking_flags
    def chat(flags: Flags) -> None:
        carried.append(flags)

    app(arguments, standalone_mode=False)
    assert carried == [flags]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--continue", "--resume", "x"], "name two sessions"),
        (["--resume", "x", "ask", "hi"], "--resume means nothing"),
        (["--continue", "doctor"], "--continue means nothing"),
        (["--no-save", "models", "list"], "--no-save means nothing"),
        (["ask", "--resume", "x", "hi"], "--resume"),
        (["--data-dir", "~nobody-of-that-name/x", "sessions", "list"], "there is no such user"),
    ],
)
def test_flags_that_make_no_sense_are_refused(arguments: list[str], words: str, home: dict[str, str]) -> None:
    failed = run(*arguments, home=home)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert words in failed.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data-dir", "DIR", "sessions", "import", "-"],
        ["sessions", "--data-dir", "DIR", "import", "-"],
        ["sessions", "import", "--data-dir=DIR", "-"],
        ["--data-dir", "elsewhere", "sessions", "import", "-", "--data-dir", "DIR"],
    ],
)
def test_another_data_directory_holds_wherever_it_is_said(
    arguments: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    given = [argument.replace("DIR", str(tmp_path / "other")) for argument in arguments]
    assert run(*given, home=home, typed=HI).returncode == 0
    (path,) = (tmp_path / "other" / "sessions").glob("*.jsonl")
    assert [each.name for each in tmp_path.iterdir()] == ["other"]
    listed = run("sessions", "list", "--json", home={**home, "OLLAMA_CHAT_DATA_DIR": str(tmp_path / "other")})
    assert json.loads(listed.stdout)[0]["file"] == str(path)


@pytest.mark.parametrize(
    "arguments", [["--data-dir", "DIR", "doctor", "--json"], ["doctor", "--json", "--data-dir", "DIR"]]
)
def test_the_other_commands_take_another_data_directory_too(
    arguments: list[str], home: dict[str, str], tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    told = run(*[other if argument == "DIR" else argument for argument in arguments], home=home).stdout
    assert other in told
    assert home["OLLAMA_CHAT_DATA_DIR"] not in told


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["sessions", "show", ""], ["261123-101500-ab12", LEAVES]),
        (["sessions", "show", "261123-09"], [LEAVES]),
        (["sessions", "rm", "ab12", "dx"], [LEAVES]),
        (["sessions", "export", "aut"], [r"Autumn\ leaves"]),
        (["sessions", "rename", r"Autumn\ l"], [r"Autumn\ leaves"]),
        (["--resume", "d"], [LEAVES]),
        (["sessions", "restore", ""], []),
        (["sessions", "re"], ["rename", "restore"]),
    ],
)
def test_the_shell_completes_ids_and_titles(
    words: list[str], offered: list[str], home: dict[str, str], directory: Path
) -> None:
    assert sorted(completed(home, *words)) == sorted(offered)


def test_the_trash_is_completed_where_it_is_meant(home: dict[str, str], directory: Path) -> None:
    run("sessions", "rm", LEAVES, home=home)
    assert completed(home, "sessions", "restore", "") == [LEAVES]
    assert LEAVES not in completed(home, "sessions", "show", "")


def test_where_no_sessions_are_none_is_offered_and_nothing_made(home: dict[str, str], tmp_path: Path) -> None:
    assert completed(home, "--data-dir", str(tmp_path / "typo"), "sessions", "show", "") == []
    assert list(tmp_path.iterdir()) == []


def test_no_title_can_make_a_shell_do_anything(home: dict[str, str], tmp_path: Path) -> None:
    titles = ["$(touch owned)", "a`touch owned`", r"a\$(touch owned)", "a';touch owned;'", 'a";touch owned;"']
    for place, title in enumerate([*titles, "a*", "a\nb", "a\x1b[2J", "é ok"]):
        write(tmp_path / "data" / "sessions", f"261123-00000{place}-zzz{place}", title, title=title)
    asked = {"_OLLAMA_CHAT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "ollama-chat sessions show "}
    text = run(home={**home, **asked}).stdout
    # zsh evaluates this, and in it once more what stands between the double quotes.
    shown = text.removeprefix("_arguments '*: :((").removesuffix("))'\n")
    assert "touch owned" in shown
    assert set(shown) - set('":\n') <= set("0123456789-zabcdehkmnotuw2J é")
    assert set(completed(home, "sessions", "show", "a")) == {f"261123-00000{n}-zzz{n}" for n in range(1, 8)}
    assert completed(home, "sessions", "show", "é") == [r"é\ ok"]


@pytest.mark.parametrize("arguments", [["--help"], ["sessions", "--help"]])
def test_the_help_is_there_without_what_the_work_needs(arguments: list[str]) -> None:
    code = f"import sys\nfrom ollama_chat_tui.cli import main\nsys.argv[1:] = {arguments}\n"
    code += "try: main()\nexcept SystemExit: pass\nprint('MODULES', *sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    text, _, modules = shown.partition("MODULES ")
    assert "sessions" in text
    assert not {"sqlite3", "ollama_chat_tui.sessions", "httpx"} & set(modules.split())
