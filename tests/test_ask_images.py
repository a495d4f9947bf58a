"""Pictures that go with one question: prepared, or refused before anything is sent."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import fresh_home, run
from tests.media.pictures import encoded, png, quarters
from tests.scripted_replies import answer, installed
from tests.scripted_server import ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    return fresh_home(tmp_path, OLLAMA_HOST=server.url)


def test_a_picture_is_prepared_and_what_was_done_to_it_is_said_beside_the_answer(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "large.bmp").write_bytes(encoded(quarters(2000, 1000), "BMP"))
    server.enqueue(*answer("A flag."))
    asked = run("ask", "-m", "m", "what?", "--image", str(tmp_path / "large.bmp"), home=home)
    assert asked.stdout == "A flag.\n"
    assert "Attached large.bmp: 1568×784" in asked.stderr
    assert "shrunk from 2000×1000; it had 6.0 MB" in asked.stderr
    (sent,) = server.wait_for().json["messages"][0]["images"]
    assert base64.b64decode(sent).startswith(b"\x89PNG")


def test_to_what_a_picture_is_shrunk_can_be_set(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(300, 200))
    for side, shrunk in (("150", "150×100"), ("0", "")):
        server.enqueue(*answer("A flag."))
        asked = run(
            *("ask", "-m", "m", "what?", "--image", str(tmp_path / "a.png")),
            home=home | {"OLLAMA_CHAT_IMAGE_SIDE": side},
        )
        assert asked.returncode == 0
        assert shrunk in asked.stderr
        assert bool(shrunk) == ("Attached" in asked.stderr)


def test_a_picture_that_is_none_is_refused_before_anything_is_sent(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_text("no picture")
    asked = run("ask", "-m", "m", "what?", "--image", str(tmp_path / "a.png"), home=home)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "a.png holds a text." in asked.stderr
    assert server.to("/api/chat") == []


def test_a_model_that_cannot_see_is_told_before_anything_is_sent(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    server.models = [installed("blind:latest", "completion")]
    (tmp_path / "a.png").write_bytes(png())
    asked = run("ask", "-m", "blind", "what?", "--image", str(tmp_path / "a.png"), home=home)
    assert (asked.returncode, asked.stdout) == (7, "")
    assert "blind cannot see images; nothing was sent." in asked.stderr
    assert server.to("/api/chat") == []
