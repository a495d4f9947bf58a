"""The main job on a fresh machine: a question, a streamed answer, with no server and the real model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import READY, chat, fresh_home, rows_with, run, with_model
from tests.pty_terminal import PtyTerminal


@pytest.fixture
def home(tmp_path: Path, model_file: Path) -> dict[str, str]:
    return with_model(fresh_home(tmp_path), model_file)


def ask_and_stop(terminal: PtyTerminal, question: str) -> None:
    terminal.send(f"{question}\r")
    terminal.wait_for("writing", 60)
    terminal.send("\x03")
    terminal.wait_for("stopped", 60)


def test_the_whole_of_a_first_chat(home: dict[str, str]) -> None:
    with chat("--embedded", "--seed", "1", "-t", "0", home=home) as terminal:
        terminal.wait_for("smollm2:135m (98 MB) answers")
        terminal.wait_for(READY)
        terminal.send("Name one colour of the sky.\r")
        terminal.wait_for(lambda: len(rows_with(terminal, READY)) == 2, 60)
        assert rows_with(terminal, "tokens/s")
        ask_and_stop(terminal, "Tell me a very long story about the sea, with many chapters.")
        terminal.wait_for(lambda: len(rows_with(terminal, READY)) == 3)
        terminal.send("/new\r")
        terminal.wait_for("A new conversation.")
        terminal.send("\x04")
        assert terminal.wait_for_exit() == 0


def test_the_same_seed_gives_the_same_answer(home: dict[str, str]) -> None:
    asked = [
        run("ask", "--embedded", "--seed", "7", "-o", "num_predict=12", "Say something.", home=home)
        for _ in range(2)
    ]
    assert asked[0].stdout == asked[1].stdout != ""
    assert asked[0].returncode == 0


def test_an_unknown_model_of_the_engine_is_named(home: dict[str, str]) -> None:
    asked = run("ask", "--embedded", "-m", "smollm", "hi", home=home)
    assert asked.returncode == 4
    assert "smollm2:135m" in asked.stderr


def test_a_file_that_is_no_model_is_said(tmp_path: Path) -> None:
    junk = tmp_path / "junk.gguf"
    junk.write_bytes(b"junk" * 1000)
    asked = run("ask", "--embedded-model", str(junk), "hi", home=fresh_home(tmp_path))
    assert asked.returncode != 0
    assert "junk.gguf" in asked.stderr
    assert len(asked.stderr.splitlines()) <= 2


def test_without_the_model_a_script_is_told_and_a_person_is_asked(tmp_path: Path) -> None:
    home = fresh_home(tmp_path)
    asked = run("ask", "--embedded", "hi", home=home)
    assert asked.returncode == 3
    assert "--fetch" in asked.stderr
    with chat("--embedded", home=home) as terminal:
        terminal.wait_for("Download it?")
        terminal.send("n\r")
        assert terminal.wait_for_exit() == 3
        assert "SmolLM2" in terminal.screen_text()


def test_without_the_extra_the_program_says_what_to_install(tmp_path: Path) -> None:
    hidden = "import sys; sys.modules['xllamacpp'] = None; from ollama_chat_tui.cli import main; main()"
    asked = subprocess.run(
        [sys.executable, "-c", hidden, "ask", "--embedded", "hi"],
        env=fresh_home(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 3
    assert "ollama-chat-tui[embedded]" in asked.stderr


WEATHER = '''
from pathlib import Path

def get_current_weather(location: str) -> str:
    """Get the current weather for a location

    Args:
        location: city
    """
    with open(Path(__file__).with_name("calls"), "a") as file:
        file.write(location)
    return f"11 degrees and sunny in {location}"
'''
EXACT = ("-t", "0", "-o", "num_predict=80", "-o", "num_ctx=1024")


@pytest.fixture
def weather(tmp_path: Path) -> Path:
    path = tmp_path / "weather.py"
    path.write_text(WEATHER)
    return path


def test_a_real_model_calls_a_function_once_it_is_allowed(
    tmp_path: Path, tools_model_file: Path, weather: Path
) -> None:
    flags = ("--embedded-model", str(tools_model_file), "--tools", str(weather), *EXACT)
    with chat(*flags, home=fresh_home(tmp_path)) as terminal:
        terminal.wait_for("tools: on")
        terminal.send("What is the weather in Paris?\r")
        terminal.wait_for("Run it?", 60)
        assert rows_with(terminal, "The model wants to call get_current_weather")
        assert rows_with(terminal, "│ location: Paris")
        assert not weather.with_name("calls").exists()
        terminal.send("y\r")
        terminal.wait_for("11 degrees and sunny in Paris")
        terminal.wait_for(lambda: len(rows_with(terminal, READY)) == 2, 60)
        terminal.send("\x04")
        assert terminal.wait_for_exit() == 0
    assert weather.with_name("calls").read_text() == "Paris"


def test_a_real_model_calls_an_allowed_function_in_a_script(
    tmp_path: Path, tools_model_file: Path, weather: Path
) -> None:
    flags = ("--embedded-model", str(tools_model_file), "--tools", str(weather), *EXACT, "--json")
    allowed = ("--allow-tools", "get_current_weather")
    asked = run("ask", *flags, *allowed, "What is the weather in Paris?", home=fresh_home(tmp_path))
    assert asked.returncode == 0, asked.stderr
    (call,) = json.loads(asked.stdout)["tools"]
    assert (call["arguments"], call["result"]) == ({"location": "Paris"}, "11 degrees and sunny in Paris")
    refused = run("ask", *flags, "What is the weather in Paris?", home=fresh_home(tmp_path))
    assert refused.returncode == 10


def test_the_default_model_cannot_call_and_says_so(home: dict[str, str], weather: Path) -> None:
    asked = run("ask", "--embedded", "--tools", str(weather), "Rain?", home=home)
    assert asked.returncode == 7
    assert "smollm2:135m cannot call tools; nothing was sent." in asked.stderr
