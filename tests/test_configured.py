"""The configuration as the real command obeys it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import chat, fresh_home, run
from tests.scripted_replies import answer
from tests.scripted_server import ScriptedServer


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return fresh_home(tmp_path, OLLAMA_CHAT_CONFIG_DIR=str(tmp_path / "config"))


def configure(home: dict[str, str], text: str) -> None:
    folder = Path(home["OLLAMA_CHAT_CONFIG_DIR"])
    folder.mkdir()
    (folder / "config.toml").write_text(text)


def test_flags_go_over_profiles_and_profiles_over_the_file(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    configure(
        home,
        f"""
        host = "here"
        system = "Be kind."
        options.top_k = 1
        options.seed = 1
        [hosts.here]
        url = "{server.url}"
        headers = {{ X-Team = "words" }}
        [profile.code]
        system = "Be exact."
        options.seed = 2
        """,
    )
    server.enqueue(*answer("ok"))
    asked = run("ask", "--profile", "code", "-o", "top_k=9", "hi", home=home)
    assert (asked.returncode, asked.stderr) == (0, "")
    request = server.wait_for()
    assert request.json["options"] == {"top_k": 9, "seed": 2}
    assert request.json["messages"][0] == {"role": "system", "content": "Be exact."}
    assert {name.lower(): value for name, value in request.headers.items()}["x-team"] == "words"


def test_a_mistake_is_shown_by_its_place(home: dict[str, str]) -> None:
    configure(home, 'model = "m"\ntemprature = 1\n')
    asked = run("ask", "hi", home=home)
    assert asked.returncode == 2
    assert "config.toml:2:1" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_a_broken_file_does_not_stop_the_doctor(server: ScriptedServer, home: dict[str, str]) -> None:
    configure(home, "model = [")
    found = run("doctor", "--host", server.url, home=home)
    assert "config.toml" in found.stdout
    assert found.returncode == 1


def test_the_chat_obeys_theme_enter_and_preload(server: ScriptedServer, home: dict[str, str]) -> None:
    keys = 'theme = "light"\nthumbnails = false\nenter = "newline"\npreload = false\n'
    configure(home, f'host = "{server.url}"\n{keys}')
    server.enqueue(*answer("# Title"))
    with chat(home=home) as terminal:
        terminal.wait_for("/help shows")
        assert b"\x1b]11;?" not in terminal.output
        terminal.send("one\rtwo\x1b\r")
        terminal.wait_for("Title")
        assert server.wait_for().json["messages"][0]["content"] == "one\ntwo"
        assert server.loads == []


def test_the_file_is_made_changed_and_shown(home: dict[str, str]) -> None:
    assert run("config", "init", home=home).returncode == 0
    assert run("config", "set", "options.seed", "7", home=home).returncode == 0
    assert "options.seed = 7" in run("config", "show", home=home).stdout
    wrong = run("config", "set", "options.sed", "7", home=home)
    assert (wrong.returncode, "seed" in wrong.stderr) == (2, True)
