"""What is not imported is not waited for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ollama_chat_tui import __version__
from tests.command import chat, fresh_home, run, with_model

HEAVY = {"xllamacpp", "mcp", "PIL", "pydantic", "jsonschema", "docstring_parser"}

PROMPT_DRAWN = b"\x1b[?2004h"
"""prompt_toolkit asks for pastes in brackets when it draws."""


def modules_after(code: str) -> set[str]:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('MODULES', *sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(loaded.stdout.partition("MODULES ")[2].split())


def test_the_version_costs_next_to_nothing() -> None:
    code = (
        "from ollama_chat_tui.cli import main\nsys.argv[1:] = ['--version']\n"
        "try: main()\nexcept SystemExit as end: assert not end.code"
    )
    assert not modules_after(code) & {"httpx", "prompt_toolkit", "rich.markdown", "msgspec", *HEAVY}


def test_the_chat_is_built_without_what_only_some_chats_need() -> None:
    loaded = modules_after("import ollama_chat_tui.app")
    assert "prompt_toolkit" in loaded
    assert not loaded & {"rich.markdown", *HEAVY}
    assert not loaded & {"ollama_chat_tui.tools.kit", "ollama_chat_tui.terminal.approval"}
    assert not loaded & {"tomlkit", "ollama_chat_tui.config.places", "ollama_chat_tui.config.edit"}


def test_the_prompt_stands_before_the_engine_is_loaded(tmp_path: Path, model_file: Path) -> None:
    home = with_model(fresh_home(tmp_path, PYTHONVERBOSE="1"), model_file)
    with chat(home=home, columns=200) as terminal:
        terminal.wait_for(lambda: PROMPT_DRAWN in terminal.output)
        assert b"import 'prompt_toolkit'" in terminal.output
        assert b"import 'xllamacpp" not in terminal.output


@pytest.mark.parametrize("command", [["--version"], ["-m", "x", "--version"]])
def test_the_version_is_one_line(command: list[str], tmp_path: Path) -> None:
    shown = run(*command, home=fresh_home(tmp_path))
    assert (shown.returncode, shown.stdout) == (0, f"ollama-chat {__version__}\n")


def test_help_names_commands_and_exit_codes(tmp_path: Path) -> None:
    shown = run("--help", home=fresh_home(tmp_path)).stdout
    assert "ask" in shown
    assert "130 interrupted" in " ".join(shown.split())


@pytest.mark.parametrize("arguments", [["--nonsense"], ["nonsense"], ["ask", "--seed", "x", "hi"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    assert run(*arguments, home=fresh_home(tmp_path)).returncode == 2


def test_a_chat_without_a_terminal_points_to_ask(tmp_path: Path) -> None:
    shown = run("--embedded", home=fresh_home(tmp_path))
    assert shown.returncode == 2
    assert "ollama-chat ask" in shown.stderr


def test_ctrl_c_while_it_is_imported_is_no_traceback() -> None:
    code = (
        "import importlib.abc, signal, sys\n"
        "class Finder(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'asyncio': signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from ollama_chat_tui.__main__ import main\n"
        "main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "")
