"""Formats and what is sent, in the real chat: what is seen, what is stored, what can be pasted."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import chat, rows_with, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal, answer, done, end, head, lines, reply, text, wait
from tests.scripted_server import ScriptedServer

RIVER = '{"name": "Seine", "km": 777}'


def test_an_answer_is_judged_asked_for_again_and_sent_back_as_it_was_written(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer('{"name": "Seine", "km": "long"}'))
    server.enqueue(*answer(*RIVER))
    server.enqueue(*answer(RIVER))
    with chat("--format", "name, km:int", "--retries", "1", home=home) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.wait_for("schema")
        terminal.send("A river?\r")
        terminal.wait_for("✓ fits the schema")
        seen = [row.rstrip() for row in terminal.all_rows()]
        assert seen.index("✗ does not fit the schema") < seen.index("Asking again: try 2")
        assert '  /km: expected integer, found "long"' in seen
        assert '  "km": 777' in seen
        terminal.send("And its name?\r")
        terminal.wait_for(lambda: len(rows_with(terminal, "✓ fits the schema")) == 2)
    messages = server.wait_for(nth=2).json["messages"]
    assert [message["content"] for message in messages if message["role"] == "assistant"][1] == RIVER
    assert messages[0]["content"] == "A river?"  # the format goes behind the last question alone
    assert messages[-1]["content"].startswith("And its name?\n\nAnswer with JSON that fits")


def test_a_try_that_fails_leaves_the_one_before_in_the_conversation(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer('{"name": "Seine", "km": "long"}'))
    server.enqueue(reply({"error": "out of memory"}, 500))
    server.enqueue(*answer(RIVER))
    with chat("--format", "name, km:int", "--retries", "1", home=home) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.send("A river?\r")
        terminal.wait_for("out of memory")
        terminal.send("Again!\r")
        terminal.wait_for("✓ fits the schema")
    messages = server.wait_for(nth=2).json["messages"]
    assert messages[1]["content"] == '{"name": "Seine", "km": "long"}'
    assert "Again!" in messages[-1]["content"]


def test_json_is_seen_while_it_grows(server: ScriptedServer, home: dict[str, str]) -> None:
    more = Signal()
    server.enqueue(head(), lines(text('[{"a": 1}, {"b"')), wait(more), lines(text(": 2}]"), done()), end())
    with chat("--format", '{"type": "array"}', home=home) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.send("Go\r")
        terminal.wait_for('    "b"')
        assert rows_with(terminal, '    "a": 1')
        more.set()
        terminal.wait_for("✓ fits the schema")


def test_an_answer_that_was_cut_is_offered_room_and_not_asked_for_again(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    server.enqueue(*answer('{"name": ', reason="length"))
    terminal.send("/set num_predict 20\r/format name, km:int\r/format retries 3\r")
    terminal.wait_for("3 retries")
    terminal.send("A river?\r")
    terminal.wait_for("/set num_predict 40")
    assert len(server.to("/api/chat")) == 1


def test_a_format_is_shown_in_colours_and_named_in_the_bar(terminal: PtyTerminal) -> None:
    terminal.send("/format name, km:int\r")
    terminal.wait_for('"additionalProperties": false')
    terminal.send("/format save rivers\r")
    terminal.wait_for("/format rivers sets it again")
    terminal.wait_for(lambda: any("rivers" in row for row in terminal.all_rows()[-2:]))
    assert re.search(rb'\x1b\[[\d;]+m"additionalProperties"\x1b', terminal.output)


def test_what_does_not_constrain_is_told_when_the_chat_begins(home: dict[str, str]) -> None:
    with chat("--format", '{"type": "array", "uniqueItems": true}', home=home, columns=100) as terminal:
        terminal.wait_for("/uniqueItems does not constrain the answer; it is checked afterwards.")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="bash and curl run it")
def test_the_line_for_curl_can_be_pasted_and_sends_what_the_chat_sent(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.enqueue(*answer(RIVER))
    flags = ("--format", "name, km:int", "--seed", "7", "-t", "1", "-s", "Don't `guess` $HOME!")
    with chat(*flags, home=home, columns=1500) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.send("It's “which” river? !!\r")
        terminal.wait_for("✓ fits the schema")
        terminal.send("/curl\r")
        terminal.wait_for("curl --silent")
        wait_for_prompt(terminal, 3)
        (command,) = (row.rstrip() for row in terminal.all_rows() if row.startswith("curl --silent"))
    server.enqueue(*answer(RIVER))
    subprocess.run(
        ["bash"],
        input=f"set -o history -o histexpand\n{command}\n",
        env={"PATH": os.environ["PATH"], "HOME": "/"},
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = server.to("/api/chat")
    assert second.body == first.body
    assert json.loads(second.body)["options"] == {"seed": 7, "temperature": 1.0}


def test_the_request_and_the_figures_are_shown(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Yes."))
    with chat("-o", "num_ctx=4096", home=home, lines=40) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.send("Really?\r")
        wait_for_prompt(terminal, 2)
        terminal.send("/request\r")
        terminal.wait_for("of 4096 in the window")
        terminal.send("/stats\r")
        terminal.wait_for("10.0 tokens/s")
        terminal.wait_for("reading the prompt")


def test_the_system_prompt_is_edited_in_the_editor(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho " And brief." >> "$1"\n')
    editor.chmod(0o755)
    server.enqueue(*answer("Yes."))
    with chat("-s", "Be kind.", home={**home, "VISUAL": str(editor)}) as terminal:
        wait_for_prompt(terminal, 1)
        terminal.send("/system edit\r")
        terminal.wait_for(" And brief.")
        wait_for_prompt(terminal, 2)
        terminal.send("Hi\r")
        wait_for_prompt(terminal, 3)
    assert server.wait_for().json["messages"][0]["content"] == "Be kind.\n And brief."
