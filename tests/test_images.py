"""Pictures and files in the chat: the real command in a terminal, against a server that notes what comes."""

from __future__ import annotations

import base64
import io
import signal
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import COMMAND, fresh_home, rows_with, wait_for_prompt
from tests.media.pictures import png, write
from tests.media.test_clipboard import WAYLAND, WL_PASTE, tool
from tests.pty_terminal import PtyTerminal, StrictScreen
from tests.scripted_replies import Json, Signal, answer, installed, reply, wait
from tests.scripted_server import ScriptedServer

READY = "/help shows"
PIXELS = "▀" * 26
"""A row of the thumbnail of a picture of 64×48."""


class AnsweringScreen(StrictScreen):
    """Answers as most terminals do: what it is (DA1), and nothing of graphics."""

    def report_device_attributes(self, *_: object, **__: object) -> None:
        self.write_process_input("\x1b[?62;22c")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.answers_loads = True
        running.models = [
            installed("seer:1b", "completion", "vision"),
            installed("blind:1b", "completion"),
        ]
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    write(tmp_path / "a.png", png())
    write(tmp_path / "b c.png", png(32, 32))
    write(tmp_path / "notes.txt", b"one\n")
    return fresh_home(tmp_path, OLLAMA_HOST=server.url, COLORTERM="truecolor")


def opened(*arguments: str, home: dict[str, str]) -> PtyTerminal:
    return PtyTerminal(
        [*COMMAND, *arguments], env=home, cwd=Path(home["HOME"]), screen=AnsweringScreen(80, 40)
    )


def asked(server: ScriptedServer, nth: int = 0) -> list[Json]:
    messages: list[Json] = server.wait_for(nth=nth).json["messages"]
    return messages


def sent(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_pictures_are_attached_listed_seen_sent_and_seen_again(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer("Four fields."))
    with opened("-m", "seer:1b", home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/image a.png 'b c.png'\r")
        terminal.wait_for("Attached b c.png: 32×32")
        terminal.wait_for("with a.png, b c.png")
        assert len(rows_with(terminal, PIXELS)) == 10
        terminal.send("/images\r")
        terminal.wait_for("/images drop N takes one off.")
        terminal.send("/images drop 2\r")
        terminal.wait_for("b c.png is not attached any more.")
        terminal.send("What is it? Also @notes.txt\r")
        terminal.wait_for("Four fields.")
        assert asked(server) == [
            {
                "role": "user",
                "content": "What is it? Also @notes.txt\n\n```txt notes.txt\none\n```",
                "images": [sent(png())],
            }
        ]
        wait_for_prompt(terminal, 5)
        assert "with a.png" not in terminal.screen.screen_rows()[-1]
        terminal.send("\x04")
        assert terminal.wait_for_exit() == 0
    with opened("-m", "seer:1b", home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/resume\r")
        terminal.wait_for("kept as")
        assert rows_with(terminal, "with 1 image")
        assert len(rows_with(terminal, PIXELS)) == 10


def test_a_path_in_the_message_stays_as_typed_until_it_is_sent_and_the_bar_shows_it(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer("Yes."))
    with opened("-m", "seer:1b", home=home | {"OLLAMA_CHAT_THUMBNAILS": "off"}) as terminal:
        terminal.wait_for(READY)
        terminal.send("same as \x1b[200~'b c.png'\x1b[201~?")
        terminal.wait_for("with b c.png")
        assert rows_with(terminal, ">>> same as 'b c.png'?")
        terminal.send("\r")
        terminal.wait_for("Yes.")
        assert rows_with(terminal, "Attached b c.png: 32×32")
        assert not rows_with(terminal, "▀")
    (message,) = asked(server)
    assert (message["content"], message["images"]) == ("same as [b c.png]?", [sent(png(32, 32))])


def test_images_of_the_command_line_go_with_the_first_message(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer("Two."))
    with opened("-m", "seer:1b", "--image", "a.png", "--image", "gone.png", home=home) as terminal:
        terminal.wait_for("There is no file gone.png.")
        terminal.send("How many?\r")
        terminal.wait_for("Two.")
    assert asked(server)[0]["images"] == [sent(png())]


@pytest.mark.parametrize(
    ("keys", "model", "images"),
    [("\r", "blind:1b", None), ("\x1b[B\r", "seer:1b", [sent(png())])],
    ids=["without", "other model"],
)
def test_a_model_that_cannot_see_gets_no_image_but_a_question(
    server: ScriptedServer, home: dict[str, str], keys: str, model: str, images: list[str] | None
) -> None:
    server.enqueue(*answer("Yes."))
    with opened("-m", "blind:1b", "--image", "a.png", home=home) as terminal:
        terminal.wait_for("Attached a.png")
        terminal.send("Red?\r")
        terminal.wait_for("Ask seer:1b")
        assert rows_with(terminal, "blind:1b cannot see images")
        terminal.send(keys)
        terminal.wait_for("Yes.")
    assert server.wait_for().json["model"] == model
    assert asked(server)[0].get("images") == images


def test_whoever_cancels_has_text_and_images_again(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Yes."))
    with opened("-m", "blind:1b", "--image", "a.png", home=home) as terminal:
        terminal.wait_for("Attached a.png")
        terminal.send("Red?\r")
        terminal.wait_for("blind:1b cannot see images")
        terminal.send("\x1b")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> Red?")) == 2)
        terminal.wait_for("with a.png")
        assert server.to("/api/chat") == []


def test_a_refused_image_can_be_taken_off_and_poisons_nothing(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(reply({"error": "this model is missing data required for image input"}, status=500))
    server.enqueue(*answer("Yes."))
    with opened("-m", "seer:1b", "--image", "a.png", home=home) as terminal:
        terminal.wait_for("Attached a.png")
        terminal.send("Red?\r")
        terminal.wait_for("Still attached: a.png.")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> Red?")) == 2)
        terminal.send("\x15/images drop 1\r")
        terminal.wait_for("a.png is not attached any more.")
        terminal.send("Red?\r")
        terminal.wait_for("Yes.")
    assert asked(server, 1) == [{"role": "user", "content": "Red?"}]


def test_ctrl_v_attaches_the_picture_in_the_clipboard_and_leaves_the_text(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    server.enqueue(*answer("Yes."))
    variables = home | tool(tmp_path / "bin", "wl-paste", WL_PASTE) | WAYLAND
    with opened("-m", "seer:1b", home=variables) as terminal:
        terminal.wait_for(READY)
        terminal.send("Red\x16?")
        terminal.wait_for("Attached clipboard: 64×48")
        terminal.wait_for("with clipboard")
        assert rows_with(terminal, ">>> Red?")
        terminal.send("\r")
        terminal.wait_for("Yes.")
    (message,) = asked(server)
    assert (message["content"], message["images"]) == ("Red?", [sent(png())])


def test_ctrl_v_inserts_the_text_where_there_is_no_picture_and_says_when_there_is_nothing(
    home: dict[str, str], tmp_path: Path
) -> None:
    script = 'case "$*" in "--no-newline --type text") printf word;; *) exit 1;; esac'
    for body, expected in ((script, ">>> A word"), ("exit 1", "The clipboard holds no picture.")):
        variables = home | tool(tmp_path / "bin", "wl-paste", body) | WAYLAND
        with opened("-m", "seer:1b", home=variables) as terminal:
            terminal.wait_for(READY)
            terminal.send("A \x16")
            terminal.wait_for(expected)
            terminal.wait_for(">>> A")


def test_a_picture_that_cannot_go_gives_the_text_back(server: ScriptedServer, home: dict[str, str]) -> None:
    write(Path(home["HOME"]) / "broken.png", png()[:80])
    with opened("-m", "seer:1b", "--image", "a.png", home=home) as terminal:
        terminal.wait_for("Attached a.png")
        terminal.send("see broken.png\r")
        terminal.wait_for("broken.png is a damaged picture.")
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> see broken.png")) == 2)
        terminal.wait_for("with a.png, broken.png")
        assert server.to("/api/chat") == []


def test_ctrl_c_ends_a_download_and_the_message_waits_for_none(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(wait(Signal()), path="/slow.png")
    with opened("-m", "seer:1b", "--image", f"{server.url}/slow.png", home=home) as terminal:
        terminal.wait_for(READY)
        server.wait_for("/slow.png")
        terminal.send("Red?\r")
        terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == ">>> Red?")  # the bar is gone

        def is_stopped() -> bool:
            """Press until somebody listens: between the prompt and the waiting nobody does."""
            terminal.process.send_signal(signal.SIGINT)
            return "Stopped." in terminal.screen_text()

        terminal.wait_for(is_stopped)
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> Red?")) == 2)
        assert server.to("/api/chat") == []


def test_a_sound_goes_to_a_model_that_hears_and_not_to_another(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.models.append(installed("hearer:1b", "completion", "audio"))
    write(Path(home["HOME"]) / "a.wav", wav())
    server.enqueue(*answer("A tone."))
    with opened("-m", "blind:1b", home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/image a.wav\r")
        terminal.wait_for("Attached a.wav")
        terminal.send("What is it?\r")
        terminal.wait_for("Ask hearer:1b")
        assert rows_with(terminal, "blind:1b cannot hear sounds")
        terminal.send("\x1b[B\r")
        terminal.wait_for("A tone.")
    assert server.wait_for().json["model"] == "hearer:1b"
    assert asked(server)[0]["images"] == [sent(wav())]


def test_images_that_were_stripped_stay_in_the_session_and_out_of_what_is_sent(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for text in "Red.", "Still red.":
        server.enqueue(*answer(text))
    with opened("-m", "seer:1b", "--image", "a.png", home=home) as terminal:
        terminal.wait_for("Attached a.png")
        terminal.send("Colour?\r")
        terminal.wait_for("Red.")
        wait_for_prompt(terminal, 2)
        terminal.send("/images strip\r")
        terminal.wait_for("768")
        terminal.send("Sure?\r")
        terminal.wait_for("Still red.")
    assert "images" in asked(server)[0]
    assert all("images" not in message for message in asked(server, 1))
    (path,) = (Path(home["HOME"]) / "data" / "sessions").glob("*.jsonl")
    assert "image/png" in path.read_text()


def wav() -> bytes:
    """A tenth of a second of silence."""
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))
    return data.getvalue()
