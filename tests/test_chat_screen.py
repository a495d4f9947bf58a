"""The answer on the screen of the real command: what a terminal cannot do, and what is done meanwhile."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import COMMAND, READY, chat, rows_with, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import answer, done, end, head, installed, lines, reply, text, wait
from tests.scripted_server import ScriptedServer


def thoughts(count: int) -> list[dict[str, object]]:
    return [text("", thinking=f"thought {number}\n") for number in range(count)]


@pytest.fixture
def dumb(home: dict[str, str]) -> Iterator[PtyTerminal]:
    with chat(home={**home, "TERM": "dumb"}) as opened:
        opened.wait_for(READY)
        opened.wait_for("/help shows")
        yield opened


def test_a_dumb_terminal_gets_plain_text_as_it_comes(server: ScriptedServer, dumb: PtyTerminal) -> None:
    more = Mark()
    hostile = "\x1b[2J\x9b1m\u202e"
    server.enqueue(
        head(),
        lines(*thoughts(3), text(f"**Bold** {hostile}first")),
        wait(more),
        lines(text(" and\nlast"), done()),
        end(),
    )
    server.enqueue(*answer("Again"))
    dumb.send("hi\r")
    dumb.wait_for("**Bold** ␛[2J\ufffd1mfirst")
    assert rows_with(dumb, "thought for 0 s, about 3 tokens")
    more.set()
    dumb.wait_for("tokens/s")
    assert rows_with(dumb, "mfirst and")
    assert "last" in dumb.all_rows()
    dumb.send("once more\r")
    dumb.wait_for("Again")
    dumb.send("/quit\r")
    assert dumb.wait_for_exit() == 0
    assert b"\x1b" not in dumb.output


def test_a_dumb_terminal_shows_what_was_given_back(server: ScriptedServer, dumb: PtyTerminal) -> None:
    server.enqueue(reply({"error": "no"}, status=500))
    server.enqueue(*answer("Now."))
    dumb.send("a question\r")
    dumb.wait_for(">>> a question")  # it was typed below the welcome, which had come after its prompt
    dumb.send("!\r")
    dumb.wait_for("Now.")
    assert server.wait_for(nth=1).json["messages"][-1]["content"] == "a question!"
    dumb.send("/hlep\r")
    dumb.wait_for(lambda: len(rows_with(dumb, ">>> /hlep")) == 2)
    dumb.send("\x15/quit\r")
    assert dumb.wait_for_exit() == 0
    assert b"\x1b" not in dumb.output


def test_ctrl_c_stops_an_answer_on_a_dumb_terminal(server: ScriptedServer, dumb: PtyTerminal) -> None:
    server.enqueue(head(), lines(text("Half an")), wait(Mark()))
    server.enqueue(*answer("Whole"))
    dumb.send("hi\r")
    dumb.wait_for("Half an")
    dumb.send("\x03")
    dumb.wait_for("stopped")
    server.wait_for().closed.wait()
    dumb.send("go on\r")
    dumb.wait_for("Whole")
    assert server.wait_for(nth=1).json["messages"][1] == {"role": "assistant", "content": "Half an"}
    assert b"\x1b" not in dumb.output


def test_a_list_on_a_dumb_terminal_is_chosen_from_by_number(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.models = [installed("one:latest"), installed("two:latest")]
    with chat(home={**home, "TERM": "dumb"}) as dumb:
        dumb.wait_for("/help shows")
        dumb.send("/models\r")
        dumb.wait_for("Number (Enter alone leaves)")
        assert rows_with(dumb, "  2  two:latest")
        dumb.send("2\r")
        dumb.wait_for("Now talking to two:latest.")
        assert b"\x1b" not in dumb.output


def test_no_color_means_no_colour_anywhere(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("# H\n\n`code` [l](http://a.b)\n\n```python\nx = 1\n```\n"))
    with chat(home={**home, "NO_COLOR": "1", "COLORTERM": "truecolor"}) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        wait_for_prompt(terminal, 2)
        parameters = re.findall(rb"\x1b\[([\d;]*)m", terminal.output)
    assert not [
        each for each in parameters if re.search(rb"(?:^|;)(?:[349][0-7]|10[0-7]|[34]8)(?:;|$)", each)
    ]


def test_links_can_be_clicked_where_the_terminal_is_known_to_have_them(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for variables, count in ({}, 0), ({"VTE_VERSION": "7600"}, 2):
        server.enqueue(*answer("[here](https://a.b/c) [there](file:///etc)"))
        with chat(home={**home, **variables}) as terminal:
            terminal.wait_for(READY)
            terminal.send("hi\r")
            wait_for_prompt(terminal, 2)
            assert rows_with(terminal, "here (https://a.b/c) [there](file:///etc)")
            links = set(re.findall(rb"\x1b\]8;;([^\x1b]+)", terminal.output))
        assert links == ({b"https://a.b/c"} if count else set())


def test_how_thoughts_are_shown_is_remembered_for_each_model(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    server.models = [installed(name, "completion", "thinking") for name in ("one:latest", "two:latest")]
    for _ in range(4):
        server.enqueue(head(), lines(*thoughts(9), text("Answer."), done()), end())
    with chat("-m", "one", home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/think show\r")
        terminal.wait_for("Thoughts are shown whole.")
        terminal.send("hi\r")
        terminal.wait_for("tokens/s")
        assert len(rows_with(terminal, "│ thought ")) == 9
        terminal.send("/model two\r")
        terminal.wait_for("Now talking to two")
        terminal.send("hi\r")
        terminal.wait_for("thought for 0 s")
        terminal.send("/think hide\r")
        terminal.wait_for("Thoughts are hidden")
        terminal.send("\x04")
        terminal.wait_for_exit()
    with chat("-m", "two", home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        terminal.wait_for("tokens/s")
        assert not rows_with(terminal, "thought")
        terminal.send("/think last\r")
        terminal.wait_for("thought 8")
        terminal.send("/model one\r")
        terminal.wait_for("Now talking to one")
        terminal.send("hi\r")
        terminal.wait_for(lambda: len(rows_with(terminal, "│ thought ")) == 9)


def test_neither_a_resize_nor_a_long_paste_in_mid_answer_costs_a_word(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    words = [f"word{number} " for number in range(300)]
    marks = [Mark(), Mark()]
    server.enqueue(
        head(),
        lines(*map(text, words[:100])),
        wait(marks[0]),
        lines(*map(text, words[100:200])),
        wait(marks[1]),
        lines(*map(text, words[200:]), done()),
        end(),
    )
    server.enqueue(*answer("Got it."))
    pasted = "\n".join(f"line {number} of the paste" for number in range(1000))
    terminal.send("hi\r")
    terminal.wait_for("word99 ".strip())
    terminal.send(f"\x1b[200~{pasted}\x1b[201~")
    terminal.wait_for("⏎line 999 of the paste")
    terminal.resize(50, 30)
    marks[0].set()
    terminal.wait_for("word199")
    marks[1].set()
    terminal.wait_for("tokens/s")
    seen = " ".join(terminal.all_rows()).split()
    # A frame on its way may meet either size: then a stale copy of the tail is left, and never less.
    assert [word for word in words if word.strip() not in seen] == []
    terminal.wait_for("line 999 of the paste")
    terminal.send("\r")
    terminal.wait_for("Got it.")
    assert server.wait_for(nth=1).json["messages"][-1]["content"] == pasted


def test_up_takes_a_queued_question_back(server: ScriptedServer, terminal: PtyTerminal) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("One")), wait(more), lines(done()), end())
    terminal.send("first\r")
    terminal.wait_for("One")
    terminal.send("second\r")
    terminal.wait_for("1 queued")
    terminal.send("\x1b[A!")
    terminal.wait_for("› second!")
    more.set()
    terminal.wait_for(">>> second!")
    assert len(server.to("/api/chat")) == 1


def test_ctrl_z_and_fg_in_mid_answer(server: ScriptedServer, home: dict[str, str]) -> None:
    more = Mark()
    server.enqueue(head(), lines(text("Before. ")), wait(more), lines(text("After."), done()), end())
    shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"]
    with PtyTerminal(shell, env={**home, "PS1": "$ ", "HISTFILE": ""}, cwd=Path.cwd()) as terminal:
        terminal.wait_for("$")
        terminal.send(shlex.join(COMMAND) + "\r")
        terminal.wait_for(READY)
        terminal.send("hi\r")
        terminal.wait_for("Before.")
        terminal.send("draft\x1a")
        terminal.wait_for("Stopped")
        terminal.wait_for(lambda: terminal.screen.screen_rows()[-1] == "$")
        assert "Esc stops" not in terminal.screen_text()
        terminal.send("echo $((6*7))\r")
        terminal.wait_for("42")
        terminal.send("fg\r")
        terminal.wait_for("› draft")
        more.set()
        terminal.wait_for("Before. After.")
        terminal.wait_for(">>> draft")
        assert len(rows_with(terminal, "Before.")) == 1


def test_copying_gives_the_source_to_the_tool_of_the_system(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    source = "| a | b |\n|---|---|\n| *x* | 1 |\n\n```py\nprint(1)\n```\n"
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "xclip").write_text(
        f"#!/bin/sh\ncat > '{tmp_path}/part' && mv '{tmp_path}/part' '{tmp_path}/copied'\n"
    )
    (tools / "xclip").chmod(0o755)
    server.enqueue(*answer(source))
    with chat(home={**home, "PATH": f"{tools}:{home['PATH']}", "DISPLAY": ":7"}) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        terminal.wait_for("tokens/s")
        for command, copied in (
            ("/copy", source),
            ("/copy code 1", "print(1)\n"),
            ("/copy table", "a\tb\n*x*\t1\n"),
        ):
            (tmp_path / "copied").unlink(missing_ok=True)
            terminal.send(f"{command}\r")
            terminal.wait_for((tmp_path / "copied").exists)
            assert (tmp_path / "copied").read_text() == copied


def test_viewing_opens_the_pager_and_comes_back(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    pager = tmp_path / "pager"
    pager.write_text('#!/bin/sh\ncat; echo PAGED; read key </dev/tty; echo "LEFT WITH $key"\n')
    pager.chmod(0o755)
    server.enqueue(*answer("**source**"))
    server.enqueue(*answer("Again"))
    with chat(home={**home, "PAGER": str(pager)}) as terminal:
        terminal.wait_for(READY)
        terminal.send("hi\r")
        terminal.wait_for("tokens/s")
        terminal.send("/view\r")
        terminal.wait_for("PAGED")
        assert rows_with(terminal, "**source**")
        terminal.send("q\n")
        terminal.wait_for("LEFT WITH q")
        terminal.send("and?\r")
        terminal.wait_for("Again")


def test_a_terminal_that_answers_late_types_nothing_into_the_prompt(
    server: ScriptedServer, terminal: PtyTerminal
) -> None:
    server.enqueue(*answer("Yes."))
    terminal.send("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c")
    terminal.send("hi\r")
    terminal.wait_for("Yes.")
    assert server.wait_for().json["messages"][-1]["content"] == "hi"
