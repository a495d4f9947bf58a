"""The chat while most of it is still being imported: what is seen, what is typed, and how it ends."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ollama_chat_tui.__main__ import NO_CHAT
from tests.command import COMMAND, chat, fresh_home, rows_with
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import answer
from tests.scripted_server import ScriptedServer

PROMPT_DRAWN = b"\x1b[?2004h"
"""prompt_toolkit asks for pastes in brackets when it draws."""

# Python imports it by itself at the start: `module` is found only when the file `go` is there.
HOLD = """
import os, sys, time

class Hold:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            open({held!r}, "x").close()
            while not os.path.exists({go!r}):
                time.sleep(0.002)

sys.meta_path.insert(0, Hold())
"""

BEFORE_PROMPT, BEHIND_PROMPT = "prompt_toolkit", "ollama_chat_tui.app"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers_loads = True
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    return fresh_home(tmp_path, OLLAMA_HOST=server.url)


class Held:
    """Opens a chat that has come to the import of one module, and goes no further until it is let."""

    def __init__(self, home: dict[str, str], folder: Path) -> None:
        self._home, self._folder = home, folder
        self._terminals: list[PtyTerminal] = []

    def __call__(self, module: str, *arguments: str, **variables: str) -> PtyTerminal:
        self._folder.mkdir()
        held = self._folder / "held"
        code = HOLD.format(module=module, held=str(held), go=str(self._folder / "go"))
        (self._folder / "sitecustomize.py").write_text(code)
        terminal = PtyTerminal(
            [*COMMAND, *arguments], env={**self._home, **variables, "PYTHONPATH": str(self._folder)}
        )
        self._terminals.append(terminal)
        terminal.wait_for(held.exists)
        return terminal

    def go(self) -> None:
        (self._folder / "go").touch()

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def held(home: dict[str, str], tmp_path: Path) -> Iterator[Held]:
    made = Held(home, tmp_path / "held")
    yield made
    made.close()


def is_drawn(terminal: PtyTerminal) -> Callable[[], bool]:
    return lambda: PROMPT_DRAWN in terminal.output


@pytest.mark.parametrize("arguments", [[], ["-m", "m"]], ids=str)
def test_letters_are_seen_before_the_prompt_is_imported(held: Held, arguments: list[str]) -> None:
    terminal = held(BEFORE_PROMPT, *arguments)
    terminal.wait_for(">>>")
    terminal.send("abc d")
    terminal.wait_for(">>> abc d")
    held.go()
    terminal.wait_for(is_drawn(terminal))
    terminal.send("e")
    terminal.wait_for(">>> abc de")
    assert len(rows_with(terminal, "abc")) == 1


def test_every_key_typed_early_counts(server: ScriptedServer, held: Held) -> None:
    server.enqueue(*answer("One"))
    server.enqueue(*answer("Two"))
    terminal = held(BEFORE_PROMPT)
    terminal.wait_for(">>>")
    terminal.send("ac\x1b[Db\r\x1b[200~two\nlines\x1b[201~\rlöse")
    held.go()
    terminal.wait_for("Two")
    terminal.wait_for(">>> löse")
    assert [each.json["messages"][-1]["content"] for each in (server.wait_for(), server.wait_for(nth=1))] == [
        "abc",
        "two\nlines",
    ]
    assert len(rows_with(terminal, "abc")) == 1


def test_what_was_typed_before_the_process_began_counts(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("One"))
    with chat(home=home) as terminal:
        terminal.send("first\rsecond")
        terminal.wait_for("One")
        terminal.wait_for(">>> second")
        assert server.wait_for().json["messages"][-1]["content"] == "first"


def test_more_than_a_row_typed_early_is_drawn_once(held: Held) -> None:
    terminal = held(BEFORE_PROMPT)
    terminal.wait_for(">>>")
    terminal.send("x" * 60)
    terminal.wait_for(">>> " + "x" * 60)
    terminal.send("y" * 60)
    held.go()
    terminal.wait_for(lambda: terminal.screen_text().count("y") == 60)
    assert terminal.screen_text().count("x") == 60


def test_ctrl_d_typed_early_leaves(held: Held) -> None:
    terminal = held(BEFORE_PROMPT)
    terminal.wait_for(">>>")
    terminal.send("\x04")
    held.go()
    assert terminal.wait_for_exit() == 0
    assert terminal.modes() == terminal.modes_at_start


@pytest.mark.parametrize("arguments", [[], ["-m", "m"]], ids=str)
def test_ctrl_c_before_the_prompt_leaves_nothing_behind(held: Held, arguments: list[str]) -> None:
    terminal = held(BEFORE_PROMPT, *arguments)
    terminal.wait_for(">>>")
    terminal.send("abc")
    terminal.wait_for(">>> abc")
    terminal.send("\x03")
    assert terminal.wait_for_exit() == 130
    assert terminal.screen_text() == ""
    assert terminal.modes() == terminal.modes_at_start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("module", [BEFORE_PROMPT, BEHIND_PROMPT])
def test_a_signal_at_any_stage_gives_the_terminal_back(
    held: Held, module: str, number: signal.Signals
) -> None:
    terminal = held(module)
    terminal.wait_for(is_drawn(terminal) if module == BEHIND_PROMPT else ">>>")
    terminal.process.send_signal(number)
    assert terminal.wait_for_exit() == -number
    assert terminal.modes() == terminal.modes_at_start


def test_a_line_entered_before_the_rest_is_there_is_answered(server: ScriptedServer, held: Held) -> None:
    server.enqueue(*answer("Hello"))
    terminal = held(BEHIND_PROMPT)
    terminal.wait_for(is_drawn(terminal))
    terminal.send("hi\r")
    terminal.wait_for(lambda: "\n".join(terminal.all_rows()).endswith(">>> hi"))
    held.go()
    terminal.wait_for("Hello")
    assert server.wait_for().json["messages"][-1]["content"] == "hi"


def test_ctrl_c_before_the_rest_is_there_hints_and_stays(held: Held) -> None:
    terminal = held(BEHIND_PROMPT)
    terminal.wait_for(is_drawn(terminal))
    terminal.send("\x03")
    held.go()
    terminal.wait_for("Ctrl-D or /quit leaves.")
    terminal.send("/quit\r")
    assert terminal.wait_for_exit() == 0


@pytest.mark.parametrize("keys", ["", "typed", "entered\r", "\x04"])
def test_an_error_found_behind_the_prompt_stands_alone(held: Held, keys: str) -> None:
    terminal = held(BEHIND_PROMPT, OLLAMA_HOST="http://[")
    terminal.wait_for(is_drawn(terminal))
    terminal.send(keys)
    held.go()
    assert terminal.wait_for_exit() == 2
    assert "OLLAMA_HOST" in terminal.screen_text()
    assert (">>>" in terminal.screen_text()) == (keys in ("entered\r", "\x04"))
    assert terminal.modes() == terminal.modes_at_start


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--think=what"], ["--profile", "none"]], ids=str)
def test_an_error_in_the_flags_leaves_no_mark(home: dict[str, str], arguments: list[str]) -> None:
    with chat(*arguments, home=home) as terminal:
        assert terminal.wait_for_exit() == 2
        assert ">>>" not in terminal.screen_text()
        assert terminal.modes() == terminal.modes_at_start


def test_an_error_in_the_configuration_leaves_no_mark(home: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("model = [")
    with chat(home={**home, "OLLAMA_CHAT_CONFIG_DIR": str(tmp_path)}) as terminal:
        assert terminal.wait_for_exit() == 2
        assert ">>>" not in terminal.screen_text()
        assert "config.toml:1:10" in terminal.screen_text().replace("\n", "")


def test_the_prompt_does_not_wait_for_what_answers(home: dict[str, str]) -> None:
    with chat(home={**home, "PYTHONVERBOSE": "1"}) as terminal:
        terminal.wait_for(is_drawn(terminal))
        before = terminal.output.partition(PROMPT_DRAWN)[0].decode()
        assert "import 'prompt_toolkit'" in before
        late = ("typer", "httpx", "rich", "msgspec", "pygments", "markdown_it", "tomllib", "anyio")
        assert not [name for name in late if f"import '{name}" in before]
        mark, _, after = before.partition(">>> ")
        assert "import 'asyncio'" in after
        assert not [name for name in ("typing", "re", "threading", "asyncio") if f"import '{name}'" in mark]


def test_a_dumb_terminal_gets_no_mark_before_the_prompt(held: Held) -> None:
    terminal = held("ollama_chat_tui.standing", TERM="dumb")
    terminal.send("hi")
    held.go()
    terminal.wait_for(">>> hi")
    assert terminal.output.count(b">>>") == 1


def test_every_command_is_known_as_no_chat() -> None:
    from ollama_chat_tui.cli import app

    names = {each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands}
    groups = {each.typer_instance.info.name for each in app.registered_groups if each.typer_instance}
    assert {name for name in names | groups if isinstance(name, str)} <= NO_CHAT
