"""`ollama-chat ask`: answers on stdout and nothing else there, and exit codes that can be relied on."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.command import COMMAND, PATIENCE_S, chat, fresh_home, run
from tests.media.pictures import png
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import answer, done, end, head, installed, lines, note, reply, reset, text, wait
from tests.scripted_server import ScriptedServer, closed_port


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, server: ScriptedServer) -> dict[str, str]:
    return fresh_home(tmp_path, OLLAMA_HOST=server.url)


def test_the_answer_alone_stands_on_stdout(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Hello", " there"))
    asked = run("ask", "hi", home=home)
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "Hello there\n", "")
    assert server.wait_for().json["messages"] == [{"role": "user", "content": "hi"}]


def test_thinking_is_kept_out_of_a_pipe(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(head(), lines(text("", thinking="Hmm."), text("Yes."), done()), end())
    assert run("ask", "hi", home=home).stdout == "Yes.\n"


def test_standard_input_follows_the_words(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("ok"))
    run("ask", "Summarise", "this:", home=home, typed="une fenêtre\n".encode())
    assert server.wait_for().json["messages"][0]["content"] == "Summarise this:\n\nune fenêtre"


def test_standard_input_alone_is_a_question(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("ok"))
    run("ask", home=home, typed=b"Why?\xff")
    assert server.wait_for().json["messages"][0]["content"] == "Why?\ufffd"


def test_nothing_to_ask_is_wrong_usage(home: dict[str, str]) -> None:
    asked = run("ask", home=home)
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "nothing to ask" in asked.stderr


def test_flags_become_the_request(server: ScriptedServer, home: dict[str, str], tmp_path: Path) -> None:
    server.enqueue(*answer("{}"))
    picture = tmp_path / "a b.png"
    picture.write_bytes(png())
    run(
        *("ask", "hi", "-m", "m", "-s", "Be brief.", "--seed", "7", "-t", "0.5", "-o", "top_k=3"),
        *("--think", "--keep-alive", "1h30m", "--format", "json", "--image", str(picture)),
        home=home,
    )
    body = server.wait_for().json
    assert body["model"] == "m"
    told = "hi\n\nAnswer with a JSON object and nothing else."
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": told, "images": [base64.b64encode(png()).decode()]},
    ]
    assert body["options"] == {"top_k": 3, "seed": 7, "temperature": 0.5}
    assert (body["think"], body["keep_alive"], body["format"]) == (True, "1h30m", "json")


def test_flags_before_the_command_count_too(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("ok"))
    run("--seed", "1", "--model", "x", "ask", "--model", "m", "hi", home=home)
    body = server.wait_for().json
    assert (body["model"], body["options"]) == ("m", {"seed": 1})


def test_json_is_one_object_with_all_there_is(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(head(), lines(text("", thinking="Hmm."), text("Yes."), done("length")), end())
    found = json.loads(run("ask", "--json", "-o", "num_predict=20", "hi", home=home).stdout)
    assert (found["content"], found["thinking"], found["ending"]) == ("Yes.", "Hmm.", "complete")
    assert (found["done_reason"], found["metrics"]["cut_by"]) == ("length", "num_predict")
    assert found["metrics"]["tokens_per_s"] == 10
    assert found["options"] == {"num_predict": 20}
    assert found["error"] is None


def test_stream_json_is_an_event_a_line(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("a", "b"))
    events = [json.loads(line) for line in run("ask", "--stream-json", "hi", home=home).stdout.splitlines()]
    assert [event["text"] for event in events if event["type"] == "text"] == ["a", "b"]
    assert events[0]["type"] == "waiting"
    assert events[-1]["type"] == "finished"


def test_no_stream_asks_for_one_piece(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(reply(done(content="whole")))
    assert run("ask", "--no-stream", "hi", home=home).stdout == "whole\n"
    assert server.wait_for().json["stream"] is False


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ([reply({"error": "model 'm' not found"}, status=404)], 4, "no model “m”"),
        ([reply({"error": "unauthorized", "signin_url": "https://x.example"}, status=401)], 5, "x.example"),
        ([reply({"error": '"m" does not support thinking'}, status=400)], 7, "does not support thinking"),
        ([head(), lines(text("Half")), reset()], 8, "lost"),
        ([head(), lines(text("Half"), {"error": "it broke"})], 7, "it broke"),
        ([head(), lines(text("Half")), end()], 8, "without saying"),
        ([reply({"error": '{"error":{"type":"exceed_context_size_error"}}'}, status=400)], 9, "window"),
    ],
)
def test_every_failure_has_its_exit_code(
    server: ScriptedServer, home: dict[str, str], script: list[object], code: int, words: str
) -> None:
    server.enqueue(*script)  # type: ignore[arg-type]
    asked = run("ask", "-m", "m", "hi", home=home)
    assert asked.returncode == code
    assert words in asked.stderr
    assert "Traceback" not in asked.stderr
    assert asked.stdout in ("", "Half\n")


def test_no_server_and_no_sense(tmp_path: Path) -> None:
    with closed_port() as port:
        asked = run("ask", "hi", home=fresh_home(tmp_path, OLLAMA_HOST=f"127.0.0.1:{port}"))
    assert (asked.returncode, asked.stdout) == (3, "")
    asked = run("ask", "hi", home=fresh_home(tmp_path, OLLAMA_HOST="http://exa mple"))
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "no address" in asked.stderr


def test_a_web_server_is_not_taken_for_ollama(server: ScriptedServer, home: dict[str, str]) -> None:
    page = head(200, "text/html"), end()
    server.enqueue(*page, path="/api/tags")
    asked = run("ask", "hi", home=home)
    assert asked.returncode == 3
    assert "not Ollama" in asked.stderr


def test_a_server_without_models_says_how_to_get_one(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = []
    asked = run("ask", "hi", home=home)
    assert asked.returncode == 4
    assert "ollama-chat models pull" in asked.stderr


def test_the_model_last_used_is_used_again(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = [{**server.models[0], "name": name} for name in ("new:latest", "old:latest")]
    for flags in ([], ["-m", "old"], []):
        server.enqueue(*answer("ok"))
        run("ask", *flags, "hi", home=home)
    used = [request.json["model"] for request in server.to("/api/chat")]
    assert used == ["new:latest", "old", "old:latest"]


def test_a_model_that_only_embeds_is_not_chosen(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = [installed("nomic-embed-text:latest", "embedding"), *server.models]
    server.enqueue(*answer("ok"))
    run("ask", "hi", home=home)
    assert server.wait_for().json["model"] == "m:latest"


def test_ctrl_c_stops_the_model_and_keeps_what_was_written(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    sent, never = Mark(), Mark()
    server.enqueue(head(), lines(text("Half")), note(sent), wait(never))
    child = subprocess.Popen(
        [*COMMAND, "ask", "hi"],
        env=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.read(4) == b"Half"
    child.send_signal(signal.SIGINT)
    rest, errors = child.communicate(timeout=20)
    assert (child.returncode, rest, errors) == (130, b"\n", b"")
    server.wait_for().closed.wait()


def test_a_reader_that_has_seen_enough_ends_it_quietly(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer(*["line\n"] * 20_000))
    asking = " ".join([*COMMAND, "ask", "hi"])
    shown = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {asking} | head -1"],
        env=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, b"line\n", b"")


def ask_in_shell(redirections: str, home: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join([*COMMAND, 'ask', 'hi'])} {redirections}"],
        env=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.parametrize("reader", ["head -c1", "true"])
def test_a_reader_that_leaves_at_the_last_moment_is_no_error(
    server: ScriptedServer, home: dict[str, str], reader: str
) -> None:
    server.enqueue(*answer("x"))
    shown = ask_in_shell(f"| {reader}", home)
    assert (shown.returncode, shown.stderr) == (0, b"")


def test_a_full_disk_is_said_in_one_sentence(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("x"))
    shown = ask_in_shell("> /dev/full", home)
    assert (shown.returncode, shown.stderr) == (
        1,
        b"The answer cannot be written: No space left on device.\n",
    )


def test_an_answer_that_was_cut_is_said_to_be(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Half", reason="length"))
    asked = run("ask", "-o", "num_predict=20", "hi", home=home)
    assert (asked.returncode, asked.stdout) == (0, "Half\n")
    assert asked.stderr == "The answer was cut by num_predict. More room: -o num_predict=40\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_an_empty_one(server: ScriptedServer, home: dict[str, str], closed: str) -> None:
    server.enqueue(*answer("x"))
    shown = ask_in_shell(closed, home)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout == (b"" if closed == ">&-" else b"x\n")


def test_standard_input_that_cannot_be_read_is_said(home: dict[str, str]) -> None:
    shown = ask_in_shell("0> /dev/null", home)
    assert shown.returncode == 2
    assert b"Standard input cannot be read" in shown.stderr


def test_ctrl_c_ends_the_wait_for_standard_input(home: dict[str, str]) -> None:
    child = subprocess.Popen(
        [*COMMAND, "ask"], env={**home, "PYTHONVERBOSE": "1"}, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stderr is not None
    while b"ollama_chat_tui.ask'" not in child.stderr.readline():
        pass
    child.send_signal(signal.SIGINT)
    child.stderr.read()  # until its end, while standard input stays open
    assert child.wait(PATIENCE_S) == 130
    child.communicate()


def test_what_the_encoding_lacks_is_shown_by_its_number(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("ä漢"))
    shown = ask_in_shell("", {**home, "PYTHONIOENCODING": "latin-1"})
    assert (shown.returncode, shown.stdout) == (0, b"\xe4\\u6f22\n")


def test_a_data_directory_of_nobody_is_said(home: dict[str, str]) -> None:
    asked = run("ask", "hi", home={**home, "OLLAMA_CHAT_DATA_DIR": "~nobody-of-that-name/x"})
    assert asked.returncode == 2
    assert asked.stderr.startswith("OLLAMA_CHAT_DATA_DIR is ~nobody-of-that-name/x")


def test_what_is_said_of_a_broken_answer_stands_below_it(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(head(), lines(text("Half")), reset())
    assert ask_in_shell("2>&1", home).stdout.startswith(b"Half\nThe connection")


def test_in_a_terminal_the_answer_is_markdown(server: ScriptedServer, home: dict[str, str]) -> None:
    more = Mark()
    script = [head(), lines(text("", thinking="Hmm."), text("# Title\n\nSome **bold** wo")), wait(more)]
    server.enqueue(*script, lines(text("rds."), done()), end())
    with chat("ask", "hi", home=home) as terminal:
        terminal.wait_for("Some bold wo")
        terminal.wait_for("Ctrl-C stops")
        more.set()
        assert terminal.wait_for_exit() == 0
        assert [row for row in terminal.screen.screen_rows() if row][-1] == "Some bold words."
        assert "stops" not in terminal.screen_text()


HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_however_it_ends_the_terminal_has_its_cursor_and_the_text_so_far(
    server: ScriptedServer, home: dict[str, str], number: signal.Signals
) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    with chat("ask", "hi", home=home) as terminal:
        terminal.wait_for("Ctrl-C stops")
        terminal.wait_for("Half an")
        os.kill(terminal.process.pid, number)
        assert terminal.wait_for_exit() == (130 if number == signal.SIGINT else -number)
        assert terminal.screen_text().strip() == "Half an"
        assert terminal.output.rfind(SHOWN) > terminal.output.rfind(HIDDEN)


def test_while_it_is_suspended_the_shell_has_the_cursor(server: ScriptedServer, home: dict[str, str]) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("Half an")), wait(more), lines(text("d half"), done()), end())
    with chat("ask", "hi", home=home) as terminal:
        terminal.wait_for("Half an")
        terminal.send("\x1a")
        stopped = partial(os.waitpid, terminal.process.pid, os.WUNTRACED | os.WNOHANG)
        terminal.wait_for(lambda: os.WIFSTOPPED(stopped()[1]))
        # It may stop before what it wrote has been read.
        terminal.wait_for(lambda: terminal.output.rfind(SHOWN) > terminal.output.rfind(HIDDEN))
        assert terminal.output.rfind(SHOWN) > terminal.output.rfind(HIDDEN)
        assert "stops" not in terminal.screen_text()
        os.kill(terminal.process.pid, signal.SIGCONT)
        more.set()
        assert terminal.wait_for_exit() == 0
        assert [row for row in terminal.screen.screen_rows() if row][-1] == "Half and half"


def test_raw_text_in_a_terminal_is_harmless(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("**a** \x1b[31mred"))
    with chat("ask", "--raw", "hi", home=home) as terminal:
        assert terminal.wait_for_exit() == 0
        assert "**a** ␛[31mred" in terminal.screen_text()
        assert b"\x1b[31m" not in terminal.output


def test_debugging_shows_the_traceback(home: dict[str, str]) -> None:
    asked = run("ask", "--debug", "-o", "nonsense=1", "hi", home=home)
    assert "Traceback" in asked.stderr
    assert asked.returncode != 0
