"""`ollama-chat models`: the real command against a server that is told what to do."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import COMMAND, PATIENCE_S, chat, fresh_home, rows_with, run
from tests.scripted_replies import Json, answer, done, end, head, installed, lines, note, reply, wait
from tests.scripted_replies import Signal as Mark
from tests.scripted_server import ScriptedServer, closed_port

HOSTILE = "\x1b[2J\x1b]0;owned\x07"
LAYERS = [f"sha256:{number:064x}" for number in range(30)]


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.models = [installed("qwen3:8b", "completion", "tools"), installed("smollm2:latest")]
        yield running


def layer(number: int, completed: int, total: int = 1000) -> Json:
    digest = LAYERS[number]
    return {"status": f"pulling {number}", "digest": digest, "total": total, "completed": completed}


SUCCESS = {"status": "success"}


def will_pull(server: ScriptedServer, *steps: Any) -> None:
    server.enqueue(head(), lines({"status": "pulling manifest"}, *steps), end(), path="/api/pull")


def test_a_list_in_a_pipe_is_for_programs(server: ScriptedServer, home: dict[str, str]) -> None:
    server.loaded = [{"name": "smollm2:latest"}]
    shown = run("models", "list", home=home)
    assert (shown.returncode, shown.stderr) == (0, "")
    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert rows[0] == ["qwen3:8b", "5.2 GB", "8.2B", "Q4_K_M", "40k window", "2026-07-30", "", "tools"]
    assert rows[1][6] == "loaded"


def test_a_list_in_a_terminal_has_a_heading_and_is_harmless(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.models.append(installed(f"evil{HOSTILE}:1b"))
    with chat("models", "list", home=home, columns=120) as terminal:
        assert terminal.wait_for_exit() == 0
        head_row, first, *_ = terminal.screen_text().splitlines()
        assert head_row.split()[:2] == ["NAME", "SIZE"]
        assert head_row.index("SIZE") == first.index("5.2 GB")
        assert b"\x1b[2J" not in terminal.output
        assert b"\x1b]0;" not in terminal.output


def test_json_holds_what_the_server_told(server: ScriptedServer, home: dict[str, str]) -> None:
    server.loaded = [{"name": "qwen3:8b", "size": 10, "size_vram": 10, "context_length": 4096}]
    first, second = json.loads(run("models", "list", "--json", home=home).stdout)
    assert (first["name"], first["size"], first["loaded"]) == ("qwen3:8b", 5_225_388_164, True)
    assert (second["name"], second["loaded"]) == ("smollm2:latest", False)
    (loaded,) = json.loads(run("models", "ps", "--json", home=home).stdout)
    assert (loaded["name"], loaded["size_vram"], loaded["context_length"]) == ("qwen3:8b", 10, 4096)
    shown = json.loads(run("models", "show", "qwen3:8b", "--json", home=home).stdout)
    assert (shown["name"], shown["capabilities"]) == ("qwen3:8b", ["completion", "tools"])
    server.enqueue(reply({"template": "{{ .Prompt }}"}), path="/api/show")
    part = json.loads(run("models", "show", "qwen3:8b", "template", "--json", home=home).stdout)
    assert part == {"name": "qwen3:8b", "template": "{{ .Prompt }}"}


def test_json_in_a_terminal_hides_nothing(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = [installed("a\u202eb\u200bc:1b")]
    with chat("models", "list", "--json", home=home) as terminal:
        assert terminal.wait_for_exit() == 0
        assert '"name":"abc:1b"' in "".join(terminal.all_rows())
    assert json.loads(run("models", "list", "--json", home=home).stdout)[0]["name"] == "a\u202eb\u200bc:1b"


def test_nothing_to_list_is_said_beside_an_empty_list(server: ScriptedServer, home: dict[str, str]) -> None:
    server.models = []
    listed = run("models", "list", home=home)
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "models pull" in listed.stderr
    assert run("models", "list", "--json", home=home).stdout == "[]\n"
    assert "No model is loaded" in run("models", "ps", home=home).stderr


def test_a_part_alone_goes_to_stdout_as_it_is(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(reply({"template": f"a\tb{HOSTILE}"}), path="/api/show")
    assert run("models", "show", "m", "template", home=home).stdout == f"a\tb{HOSTILE}\n"
    server.enqueue(reply({"template": f"a {HOSTILE}b"}), path="/api/show")
    with chat("models", "show", "m", "template", home=home) as terminal:
        assert terminal.wait_for_exit() == 0
        assert b"\x1b[2J" not in terminal.output
    assert "40960 tokens" in run("models", "show", "qwen3:8b", home=home).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", "nope"], 4, "no model “nope”"),
        (["show", "qwen3:8b", "license"], 2, "no license"),
        (["show", "qwen3:8b", "nonsense"], 2, "no part"),
        (["rm", "qwen3", "--yes"], 4, "Did you mean qwen3:8b"),
        (["rm", "smollm2"], 2, "give --yes"),
        (["copy", "nope", "x"], 4, "There are: qwen3:8b, smollm2:latest"),
        (["pull", "a b"], 2, "Which model?"),
        (["load", "qwen3:8b", "-o", "num_ctxx=1"], 2, "num_ctx"),
        (["list", "--temperature", "1"], 2, "--temperature"),
        (["load", "qwen3:8b", "--temperature", "1"], 2, "--temperature"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_what_goes_wrong_is_a_code_and_a_sentence(
    home: dict[str, str], arguments: list[str], code: int, words: str
) -> None:
    failed = run("models", *arguments, home=home)
    assert (failed.returncode, failed.stdout) == (code, "")
    assert words in failed.stderr
    assert "Traceback" not in failed.stderr


def test_flags_of_a_question_mean_nothing_before_the_command_either(home: dict[str, str]) -> None:
    failed = run("--keep-alive", "5m", "models", "list", home=home)
    assert failed.returncode == 2
    assert "--keep-alive means nothing" in failed.stderr


def test_the_host_may_stand_before_the_command(server: ScriptedServer, tmp_path: Path) -> None:
    home = fresh_home(tmp_path)
    assert "qwen3:8b" in run("--host", server.url, "models", "list", home=home).stdout
    assert "qwen3:8b" in run("models", "list", "--host", server.url, home=home).stdout


def test_no_server_is_said(home: dict[str, str]) -> None:
    with closed_port() as port:
        for arguments in (["list"], ["ps"], ["show", "m"], ["pull", "m"], ["rm", "m", "--yes"]):
            failed = run("models", *arguments, "--host", f"127.0.0.1:{port}", home=home)
            assert (failed.returncode, failed.stdout) == (3, "")
            assert "Nothing answers" in failed.stderr


def test_rm_frees_what_it_says(server: ScriptedServer, home: dict[str, str]) -> None:
    for _ in range(2):
        server.enqueue(reply(""), path="/api/delete")
    removed = run("models", "rm", "smollm2", "--yes", home=home)
    assert (removed.returncode, removed.stdout) == (0, "")
    assert removed.stderr == "smollm2:latest is removed; 5.2 GB freed.\n"
    told = run("models", "rm", "smollm2", "--yes", "--json", home=home)
    assert json.loads(told.stdout) == {"removed": "smollm2:latest", "freed": 5_225_388_164}


@pytest.mark.parametrize(("key", "deleted"), [("y\r", 1), ("\r", 0), ("\x03", 0)])
def test_rm_asks_on_a_terminal(server: ScriptedServer, home: dict[str, str], key: str, deleted: int) -> None:
    server.enqueue(reply(""), path="/api/delete")
    with chat("models", "rm", "smollm2", home=home) as terminal:
        terminal.wait_for("Remove smollm2:latest and free 5.2 GB? [y/N]")
        terminal.send(key)
        assert terminal.wait_for_exit() == 0
        assert len(server.to("/api/delete")) == deleted
        assert ("Nothing was removed." in terminal.screen_text()) is not bool(deleted)


def test_copy_gives_a_second_name(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(reply(""), path="/api/copy")
    assert (
        "mine is now the same as smollm2:latest" in run("models", "copy", "smollm2", "mine", home=home).stderr
    )
    assert server.wait_for("/api/copy").json == {"source": "smollm2:latest", "destination": "mine"}


def test_a_model_is_loaded_asked_and_unloaded_with_the_same_options(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(reply(done("load")))
    server.enqueue(*answer("ok"))
    server.enqueue(reply(done("unload")))
    options = ["-o", "num_ctx=8192", "--keep-alive", "30m"]
    loaded = json.loads(run("models", "load", "qwen3:8b", *options, "--json", home=home).stdout)
    assert loaded["loaded"] == "qwen3:8b"
    assert run("ask", "-m", "qwen3:8b", *options, "hi", home=home).returncode == 0
    unloaded = run("models", "unload", "qwen3:8b", home=home)
    assert unloaded.stderr == "Unloaded: qwen3:8b.\n"
    load, ask, unload = (request.json for request in server.to("/api/chat"))
    assert load["messages"] == unload["messages"] == []
    assert load["options"] == ask["options"] == {"num_ctx": 8192}
    assert (load["keep_alive"], ask["keep_alive"], unload["keep_alive"]) == ("30m", "30m", 0)


def test_all_that_is_loaded_can_be_unloaded(server: ScriptedServer, home: dict[str, str]) -> None:
    server.loaded = [{"name": "a"}, {"name": "b"}]
    for _ in range(2):
        server.enqueue(reply(done("unload")))
    told = run("models", "unload", "all", "--json", home=home)
    assert json.loads(told.stdout) == {"unloaded": ["a", "b"]}
    assert [request.json["model"] for request in server.to("/api/chat")] == ["a", "b"]


def test_a_pull_ends_with_every_bar_full(server: ScriptedServer, home: dict[str, str]) -> None:
    steps = [layer(number, completed) for number in range(30) for completed in (0, 400, 1000)]
    will_pull(server, *steps, {"status": "verifying sha256 digest"}, SUCCESS)
    with chat("models", "pull", "new:1b", home=home, columns=100, lines=12) as terminal:
        assert terminal.wait_for_exit() == 0
        shown = [row for row in terminal.screen_text().splitlines() if row]
        assert shown[-1] == "new:1b is here."
        in_all = next(row for row in shown if row.startswith("in all"))
        assert "100 %" in in_all
        assert "30.0 kB of 30.0 kB" in in_all
        assert {row.split(" %")[0][-3:] for row in shown if "%" in row} == {"100"}
        for name in ("in all", *(f"pulling {number}" for number in range(20, 30))):
            seen = percentages(terminal.output, name)
            assert seen == sorted(seen)
    assert server.wait_for("/api/pull").json["model"] == "new:1b"


def test_a_pull_that_stalls_shows_where_it_stands(server: ScriptedServer, home: dict[str, str]) -> None:
    more = Mark()
    server.enqueue(
        head(), lines(layer(0, 1000), layer(1, 250)), wait(more), lines(layer(1, 1000), SUCCESS), end(),
        path="/api/pull",
    )  # fmt: skip
    with chat("models", "pull", "m", home=home) as terminal:
        terminal.wait_for("25 %")
        terminal.wait_for("1.2 kB of 2.0 kB")
        more.set()
        assert terminal.wait_for_exit() == 0


def percentages(output: bytes, name: str) -> list[int]:
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", output.decode())
    return [int(found) for found in re.findall(rf"{name}[^%\r\n]*?(\d+) %", text)]


def test_sizes_that_lie_move_no_bar_back(server: ScriptedServer, home: dict[str, str]) -> None:
    lies = [
        layer(0, 500), layer(0, 100), layer(0, 700, 10_000_000), layer(0, 800, 3), layer(0, 99_999),
        layer(1, 5000, 1000), layer(1, -7, -1000), layer(1, 0, 0), layer(0, 1, 2**80), SUCCESS,
    ]  # fmt: skip
    steps, marks = [], [Mark() for _ in lies]
    for lie, mark in zip(lies, marks, strict=True):
        steps += [lines(lie), wait(mark)]
    server.enqueue(head(), *steps, end(), path="/api/pull")
    with chat("models", "pull", "m", home=home) as terminal:
        terminal.wait_for("50 %")
        for mark in marks:
            mark.set()
        assert terminal.wait_for_exit() == 0
        for name in ("pulling 0", "pulling 1", "in all"):
            seen = percentages(terminal.output, name)
            assert seen == sorted(seen)
            assert seen[-1] == 100


def test_a_stopped_pull_can_be_resumed_and_says_so(server: ScriptedServer, home: dict[str, str]) -> None:
    sent = Mark()
    server.enqueue(head(), lines(layer(0, 400)), note(sent), wait(Mark()), path="/api/pull")
    with chat("models", "pull", "m", home=home) as terminal:
        terminal.wait_for("40 %")
        terminal.send("\x03")
        assert terminal.wait_for_exit() == 130
        assert "goes on from there" in terminal.screen_text()
        assert len(rows_with(terminal, "40 %")) == 1
        assert terminal.modes() == terminal.modes_at_start
    server.wait_for("/api/pull").closed.wait()
    more = Mark()
    again = head(), lines(layer(0, 400)), wait(more), lines(layer(0, 1000), SUCCESS), end()
    server.enqueue(*again, path="/api/pull")
    with chat("models", "pull", "m", home=home) as terminal:
        terminal.wait_for("40 %")
        more.set()
        assert terminal.wait_for_exit() == 0
        seen = percentages(terminal.output, "pulling 0")
        assert (seen[0], seen[-1]) == (40, 100)
        assert seen == sorted(seen)
    will_pull(server, layer(0, 400), layer(0, 1000), SUCCESS)
    resumed = [
        json.loads(line) for line in run("models", "pull", "m", "--json", home=home).stdout.splitlines()
    ]
    assert [step.get("completed") for step in resumed] == [None, 400, 1000, None]


def test_a_pull_stopped_in_the_chat_says_the_same(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(head(), lines(layer(0, 400)), wait(Mark()), path="/api/pull")
    with chat(home=home) as terminal:
        terminal.wait_for(">>> ")
        terminal.send("/pull m\r")
        terminal.wait_for("40 %")
        terminal.send("\x03")
        terminal.wait_for("goes on from there")
        server.wait_for("/api/pull").closed.wait()
        terminal.wait_for(lambda: len(rows_with(terminal, ">>> ")) == 2)


def test_a_pull_is_stopped_in_a_pipe_too(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(head(), lines(layer(0, 400)), wait(Mark()), path="/api/pull")
    child = subprocess.Popen(
        [*COMMAND, "models", "pull", "m", "--json"],
        env=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert json.loads(child.stdout.readline())["completed"] == 400
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == 130
    assert errors.decode() == "Stopped. What has come is kept: the same command goes on from there.\n"


@pytest.mark.parametrize(
    ("last", "code"),
    [
        ({"error": "pull model manifest: file does not exist"}, 4),
        ({"error": f"disk full {HOSTILE}"}, 7),
        ({"status": "verifying sha256 digest"}, 8),
        (b"<html>", 8),
        ({**layer(0, 1), "total": "many"}, 8),
    ],
    ids=["no such model", "an error line", "no success", "garbage", "a size that is none"],
)
def test_a_pull_that_fails_under_200_has_failed(
    server: ScriptedServer, home: dict[str, str], last: Any, code: int
) -> None:
    will_pull(server, layer(0, 1000), last)
    failed = run("models", "pull", "m", home=home)
    assert (failed.returncode, failed.stdout) == (code, "")
    assert "is here" not in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "\x1b" not in failed.stderr


def test_pull_in_json_is_a_line_for_each_step(server: ScriptedServer, home: dict[str, str]) -> None:
    will_pull(server, layer(0, 0), layer(0, 0), layer(0, 2000), layer(0, 5), SUCCESS)
    pulled = run("models", "pull", "m", "--json", home=home)
    assert pulled.stderr == "m is here.\n"
    assert [json.loads(line) for line in pulled.stdout.splitlines()] == [
        {"status": "pulling manifest"}, layer(0, 0), layer(0, 1000), SUCCESS,
    ]  # fmt: skip


def test_the_embedded_engine_lists_its_model(tmp_path: Path, model_file: Path) -> None:
    home = fresh_home(tmp_path)
    listed = run("models", "list", "--embedded-model", str(model_file), "--json", home=home)
    (model,) = json.loads(listed.stdout)
    assert model["size"] == model_file.stat().st_size
    assert "without a server" in listed.stderr
    refused = run("models", "pull", "m", "--embedded-model", str(model_file), home=home)
    assert refused.returncode != 0
    assert "one model" in refused.stderr
