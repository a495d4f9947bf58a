"""The bar below the prompt of the real command, and that it costs nothing while nobody does anything."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.command import READY, chat, rows_with, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import answer, done, installed, reply, wait
from tests.scripted_server import ScriptedServer

IDLE_S = 2.5


def bar(terminal: PtyTerminal) -> str:
    return (terminal.screen.screen_rows() or [""])[-1]


def wait_for_bar(terminal: PtyTerminal, text: str) -> None:
    terminal.wait_for(lambda: bar(terminal) == text)


def test_the_bar_tells_what_holds_for_the_next_question(server: ScriptedServer, home: dict[str, str]) -> None:
    server.loaded = [{"name": "m:latest", "context_length": 8192}]
    server.enqueue(*answer("ok", prompt_eval_count=800, eval_count=224))
    place = server.url
    with chat(home=home, columns=100) as terminal:
        wait_for_bar(terminal, f"m:latest · {place}")
        for command, facts in (
            ("/incognito on", f"incognito · {place}"),
            ("/format json", f"incognito · {place} · json"),
            ("/set temperature 0", f"incognito · {place} · json · temperature 0.0"),
            ("hi", f"incognito · 12 % of 8k · {place} · json · temperature 0.0"),
            ("/new", f"incognito · {place} · json · temperature 0.0"),
        ):
            terminal.send(f"{command}\r")
            wait_for_bar(terminal, f"m:latest · {facts}")


def test_a_question_waits_for_the_model_that_is_being_loaded(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.answers_loads = False
    server.models = [installed("qwen3:8b")]
    is_loaded = Mark()
    server.enqueue(wait(is_loaded), reply(done("load")))
    server.enqueue(*answer("Here I am."))
    with chat("-o", "num_ctx=4096", "--keep-alive", "10m", home=home) as terminal:
        terminal.wait_for(lambda: re.match(r"loading qwen3:8b … \d+ s", bar(terminal)) is not None)
        terminal.wait_for("… 1 s")
        terminal.send("hi\r")
        server.wait_for(nth=1)
        is_loaded.set()
        terminal.wait_for("Here I am.")
        wait_for_prompt(terminal, 2)
        assert not rows_with(terminal, "loading qwen3")
    load, question = (request.json for request in server.to("/api/chat"))
    assert (load["messages"], len(question["messages"])) == ([], 1)
    for key in ("model", "options", "keep_alive"):
        assert load[key] == question[key]


def test_a_chat_is_one_load_and_the_same_options_until_it_is_unloaded(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for _ in range(2):
        server.enqueue(*answer("ok"))
    with chat("-o", "num_ctx=4096", "--keep-alive", "10m", home=home) as terminal:
        terminal.wait_for(lambda: len(server.loads) == 1)
        for nth, question in enumerate(("one", "two"), 2):
            terminal.send(f"{question}\r")
            wait_for_prompt(terminal, nth)
        terminal.send("/unload\r")
        terminal.wait_for(lambda: len(server.loads) == 2)
    load, unload = (request.json for request in server.loads)
    for question in (request.json for request in server.to("/api/chat")):
        for key in ("model", "options", "keep_alive"):
            assert question[key] == load[key]
    assert (unload["model"], unload["keep_alive"]) == ("m:latest", 0)


def process_times(pid: int) -> tuple[list[str], str]:
    """Ticks of the processor so far, and how often the process has fallen asleep."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    switches = re.search(r"^voluntary_ctxt_switches:\s*(\d+)", status, re.MULTILINE)
    assert switches
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[13:15], switches[1]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux counts wake-ups")
def test_an_idle_chat_writes_nothing_and_does_not_wake(server: ScriptedServer, terminal: PtyTerminal) -> None:
    server.enqueue(*answer("ok"))
    terminal.send("hi\r")
    wait_for_prompt(terminal, 2)
    server.wait_for("/api/ps")

    def standing() -> tuple[int, object]:
        return len(terminal.output), process_times(terminal.process.pid)

    before: object = None
    while before != (now := standing()):  # until the last timer has run out
        before = now
        look_on(terminal, 1.5)
    look_on(terminal, IDLE_S)
    assert standing() == before
    assert rows_with(terminal, READY)


def look_on(terminal: PtyTerminal, seconds: float) -> None:
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        terminal._read_within(left_s)
