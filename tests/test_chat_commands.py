"""Commands that reach beyond themselves: the real program, in a terminal, with a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import chat, fresh_home, rows_with
from tests.scripted_replies import answer, installed, reply
from tests.scripted_server import ScriptedServer, closed_port


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers_loads = True
        running.models = [
            installed("m:latest", "completion"),
            installed("thinker:latest", "completion", "thinking"),
        ]
        yield running


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "commands").mkdir(parents=True)
    return tmp_path / "config"


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer, config: Path) -> dict[str, str]:
    return fresh_home(tmp_path, OLLAMA_HOST=server.url, OLLAMA_CHAT_CONFIG_DIR=str(config))


def test_a_command_of_ones_own_sends_its_text_and_holds_for_one_turn(
    server: ScriptedServer, home: dict[str, str], config: Path
) -> None:
    (config / "commands" / "tldr.md").write_text("---\nmodel: thinker\nseed: 7\n---\nSum up: {{input}}")
    (config / "commands" / "help.md").write_text("Help!")
    server.enqueue(*answer("Water."))
    server.enqueue(*answer("Yes."))
    with chat("-m", "m", home=home) as terminal:
        terminal.wait_for("there is /help already.")
        terminal.send("/tldr rivers\r")
        terminal.wait_for("Water.")
        terminal.send("really?\r")
        terminal.wait_for("Yes.")
        assert rows_with(terminal, ">>> /tldr rivers")
        assert not rows_with(terminal, "Sum up")
    first, second = (server.wait_for(nth=nth).json for nth in (0, 1))
    assert first["messages"] == [{"role": "user", "content": "Sum up: rivers"}]
    assert (first["model"], first["options"]) == ("thinker", {"seed": 7})
    assert (second["model"], second.get("options")) == ("m", None)
    assert [message["content"] for message in second["messages"]] == ["Sum up: rivers", "Water.", "really?"]


def test_what_was_typed_comes_back_when_the_turn_of_a_command_fails(
    server: ScriptedServer, home: dict[str, str], config: Path
) -> None:
    (config / "commands" / "tldr.md").write_text("Sum up: {{input}}")
    server.enqueue(reply({"error": "out of memory"}, status=500))
    server.enqueue(*answer("Water."))
    with chat("-m", "m", home=home) as terminal:
        terminal.wait_for("/help shows")
        terminal.send("/tldr rivers\r")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> /tldr rivers")) == 2)
        terminal.send("\r")
        terminal.wait_for("Water.")
    assert server.wait_for(nth=1).json["messages"] == [{"role": "user", "content": "Sum up: rivers"}]


def test_the_chat_goes_over_to_another_server_and_takes_the_conversation_along(
    server: ScriptedServer, home: dict[str, str], config: Path
) -> None:
    with ScriptedServer() as other:
        (config / "config.toml").write_text(f'[hosts.gpu]\nurl = "{other.url}"\n')
        server.enqueue(*answer("Water."))
        other.enqueue(*answer("Here."))
        with chat("-m", "thinker", home=home) as terminal:
            terminal.wait_for("/help shows")
            terminal.send("rivers?\r")
            terminal.wait_for("Water.")
            terminal.send("/host gpu\r")
            terminal.wait_for(f"Now talking to m:latest at {other.url}.")
            terminal.wait_for(f"· {other.url}")  # the bar
            with closed_port() as port:
                terminal.send(f"/host localhost:{port}\r")
                terminal.wait_for(f"http://localhost:{port}")
            terminal.send("where?\r")
            terminal.wait_for("Here.")
        assert [each["content"] for each in other.wait_for().json["messages"]] == [
            "rivers?",
            "Water.",
            "where?",
        ]


def test_help_is_plain_text_on_a_dumb_terminal(home: dict[str, str]) -> None:
    with chat(home={**home, "TERM": "dumb"}, lines=60) as terminal:
        terminal.wait_for("/help shows")
        terminal.send("/help\r")
        terminal.wait_for("More of one: /help COMMAND")
        assert rows_with(terminal, "  /quit")


def test_help_is_narrowed_by_typing_and_a_file_is_completed(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "my schema.json").write_text('{"title": "mine"}')
    with chat("-m", "m", home=home) as terminal:
        terminal.wait_for("/help shows")
        terminal.send("/help\r")
        terminal.wait_for("type to narrow")
        terminal.send("leave.")
        terminal.wait_for("1 of ")
        terminal.send("\r")
        terminal.wait_for("Also: /exit, /bye")
        terminal.send("/format ~/mys\t")
        terminal.wait_for('/format "~/my schema.json"')
        terminal.send("\r")
        terminal.wait_for("Format: my schema.json; the model is told")
        terminal.wait_for('"title": "mine"')
