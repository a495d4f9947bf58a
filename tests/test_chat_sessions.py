"""Sessions in the real chat: kept, resumed, gone back in; and what happens when the disk takes nothing."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.command import READY, chat, rows_with, wait_for_prompt
from tests.pty_terminal import PtyTerminal
from tests.scripted_replies import Signal, answer, head, lines, note, text
from tests.scripted_server import ScriptedServer


def sessions(home: dict[str, str]) -> Path:
    return Path(home["OLLAMA_CHAT_DATA_DIR"]) / "sessions"


def said(home: dict[str, str]) -> list[tuple[str, str]]:
    """What the one session holds, on all branches."""
    (path,) = sessions(home).glob("*.jsonl")
    records = [json.loads(each) for each in path.read_text().splitlines()]
    return [(each["role"], each.get("content", "")) for each in records if each["kind"] == "message"]


def roles_and_texts(server: ScriptedServer, nth: int) -> list[tuple[str, str]]:
    request = server.wait_for("/api/chat", nth)
    return [(message["role"], message["content"]) for message in request.json["messages"]]


def ask(terminal: PtyTerminal, question: str, nth: int) -> None:
    terminal.send(f"{question}\r")
    wait_for_prompt(terminal, nth)


def leave(terminal: PtyTerminal) -> None:
    terminal.send("\x04")
    assert terminal.wait_for_exit() == 0


def test_a_question_is_on_disk_before_it_is_sent_and_an_answer_before_the_prompt_returns(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    go_on = Signal()
    server.enqueue(lambda peer: go_on.arrives(), *answer("Hel", "lo."))
    terminal.send("Hi!\r")
    server.wait_for("/api/chat")
    assert said(home) == [("user", "Hi!")]
    go_on.set()
    wait_for_prompt(terminal, 2)
    assert said(home) == [("user", "Hi!"), ("assistant", "Hello.")]
    leave(terminal)
    assert sessions(home).stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in sessions(home).glob("*.jsonl")} == {0o600}


def test_a_chat_is_resumed_as_it_looked_and_goes_on(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("They **flow**."))
    server.enqueue(*answer("They rest."))
    with chat(home=home) as first:
        first.wait_for(READY)
        ask(first, "/seed 7", 2)
        ask(first, "What do rivers do?", 3)
        leave(first)
    with chat(home=home) as second:
        second.wait_for(READY)
        second.send("/resume\r")
        second.wait_for("kept as")
        shown = second.all_rows()
        assert ">>> What do rivers do?" in shown
        assert "They flow." in shown
        second.wait_for("seed 7")
        ask(second, "And lakes?", 4)
        leave(second)
    assert roles_and_texts(server, 1) == [
        ("user", "What do rivers do?"),
        ("assistant", "They **flow**."),
        ("user", "And lakes?"),
    ]
    assert server.wait_for("/api/chat", 1).json["options"] == {"seed": 7}
    assert len(said(home)) == 4


def test_an_answer_that_was_stopped_is_continued_in_the_same_message(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    there = Signal()
    server.enqueue(head(), lines(text("Once upon ")), note(there), lambda peer: Signal().arrives())
    server.enqueue(*answer("a time."))
    terminal.send("A story!\r")
    there.wait()
    terminal.wait_for("Once upon")
    terminal.send("\x03")
    terminal.wait_for("stopped")
    wait_for_prompt(terminal, 2)
    ask(terminal, "/continue", 3)
    assert roles_and_texts(server, 1) == [("user", "A story!"), ("assistant", "Once upon ")]
    assert "Once upon a time." in terminal.all_rows()
    leave(terminal)
    assert said(home)[-1] == ("assistant", "Once upon a time.")


def test_a_question_is_changed_and_asked_again_on_a_branch(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    for reply in "First.", "Second.", "Third.":
        server.enqueue(*answer(reply))
    ask(terminal, "Tell me", 2)
    terminal.send("/edit\r")
    terminal.wait_for(lambda: len(rows_with(terminal, ">>> Tell me")) == 2)
    ask(terminal, " more", 4)
    assert roles_and_texts(server, 1) == [("user", "Tell me more")]
    ask(terminal, "/retry seed=3", 5)
    assert roles_and_texts(server, 2) == [("user", "Tell me more")]
    terminal.send("/branches\r")
    terminal.wait_for("/branches N goes over")
    assert [row.split(":")[0] for row in rows_with(terminal, "assistant: ")] == [
        "  2   ○ assistant",
        "  3   ● assistant",
    ]
    terminal.send("/branches 1\r")
    terminal.wait_for("Branch 1")
    assert len(rows_with(terminal, "First.")) >= 2
    leave(terminal)
    assert len(said(home)) == 5


def test_a_disk_that_takes_nothing_is_told_and_the_chat_can_be_saved_elsewhere(
    server: ScriptedServer, home: dict[str, str], tmp_path: Path
) -> None:
    sessions(home).parent.mkdir()
    sessions(home).write_text("a file in the place of the directory")
    server.enqueue(*answer("Hello."))
    with chat(home=home, columns=100) as terminal:
        terminal.wait_for(READY)
        ask(terminal, "Hi!", 2)
        terminal.wait_for("NOT SAVED")
        elsewhere = tmp_path / "rescued.jsonl"
        terminal.send(f"/save {elsewhere}\r")
        terminal.wait_for("Saved to")
        terminal.wait_for(lambda: "NOT SAVED" not in terminal.screen_text())
        leave(terminal)
    assert "Hello." in elsewhere.read_text()


def test_what_could_not_be_saved_is_told_at_the_end(server: ScriptedServer, home: dict[str, str]) -> None:
    sessions(home).parent.mkdir()
    sessions(home).write_text("a file in the place of the directory")
    server.enqueue(*answer("Hello."))
    with chat(home=home) as terminal:
        terminal.wait_for(READY)
        ask(terminal, "Hi!", 2)
        leave(terminal)
        assert "2 messages of this chat are lost" in terminal.screen_text()


def test_a_closed_terminal_and_a_signal_in_mid_answer_lose_nothing_that_came(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    for number, name in enumerate(("SIGHUP", "SIGTERM")):
        there = Signal()
        server.enqueue(head(), lines(text(f"Half {number}")), note(there), lambda peer: Signal().arrives())
        with chat(home=home) as terminal:
            terminal.wait_for(READY)
            terminal.send("Hi!\r")
            there.wait()
            terminal.wait_for(f"Half {number}")
            os.kill(terminal.process.pid, getattr(signal, name))
            terminal.wait_for_exit()
    written = "".join(path.read_text() for path in sessions(home).glob("*.jsonl"))
    assert (written.count("Half 0"), written.count("Half 1")) == (1, 1)


def test_a_private_chat_touches_no_disk(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Hello."))
    with chat(home=home) as terminal:
        terminal.wait_for(READY)
        ask(terminal, "/incognito on", 2)
        terminal.wait_for("incognito")
        ask(terminal, "A secret", 3)
        leave(terminal)
    assert not list(sessions(home).glob("*"))


def test_the_model_finds_a_title_and_nobody_waits_for_it(
    server: ScriptedServer, home: dict[str, str], terminal: PtyTerminal
) -> None:
    server.enqueue(*answer("They flow."))
    server.enqueue(head(), lambda peer: Signal().arrives())
    server.enqueue(*answer("They rest."))
    server.enqueue(*answer('"Flowing and ', 'resting waters."'))
    ask(terminal, "What do rivers do?", 2)
    terminal.send("/title auto\r")
    finding = server.wait_for("/api/chat", 1)
    assert "What do rivers do?" in finding.json["messages"][0]["content"]
    assert finding.json["options"] == {"num_predict": 40}
    terminal.send("And lakes?\r")
    finding.closed.wait()
    terminal.wait_for("They rest.")
    terminal.wait_for("This session is “Flowing and resting waters”.")
    leave(terminal)
    assert len(said(home)) == 4
    with chat("--resume", "flowing and resting waters", home=home) as again:
        again.wait_for("kept as")
        leave(again)


@pytest.mark.parametrize("flags", [["--continue"], ["--resume", "what do rivers do?"]])
def test_a_chat_begins_where_another_ended(
    server: ScriptedServer, home: dict[str, str], flags: list[str]
) -> None:
    server.enqueue(*answer("They flow."))
    server.enqueue(*answer("They rest."))
    with chat(home=home) as first:
        first.wait_for(READY)
        ask(first, "What do rivers do?", 2)
        leave(first)
    with chat(*flags, home=home) as second:
        second.wait_for("kept as")
        second.send("And lakes?\r")
        second.wait_for("They rest.")
        wait_for_prompt(second, 3)
        leave(second)
    assert [role for role, _ in roles_and_texts(server, 1)] == ["user", "assistant", "user"]
    assert len(said(home)) == 4


@pytest.mark.parametrize("flags", [["--continue"], ["--resume", "rivers"]])
def test_what_cannot_be_resumed_is_told_and_a_chat_begins(
    server: ScriptedServer, home: dict[str, str], flags: list[str]
) -> None:
    server.enqueue(*answer("Hello."))
    with chat(*flags, home=home) as terminal:
        terminal.wait_for("There is no session")
        ask(terminal, "Hi!", 2)
        assert "Hello." in terminal.all_rows()
        leave(terminal)
    assert roles_and_texts(server, 0) == [("user", "Hi!")]


def test_a_chat_that_is_not_saved_leaves_nothing(server: ScriptedServer, home: dict[str, str]) -> None:
    server.enqueue(*answer("Hello."))
    with chat("--no-save", home=home) as terminal:
        terminal.wait_for("incognito")
        ask(terminal, "A secret", 2)
        leave(terminal)
    left = [path for path in Path(home["OLLAMA_CHAT_DATA_DIR"]).rglob("*") if path.is_file()]
    assert not [path for path in left if b"secret" in path.read_bytes()]
    assert not sessions(home).exists()


def test_a_session_from_somewhere_else_drives_no_terminal(
    server: ScriptedServer, home: dict[str, str]
) -> None:
    sessions(home).mkdir(parents=True)
    evil = "\x1b]52;c;aGk=\x07\x1b[2J\u202eeval"
    at = '"at":"2026-01-01T00:00:00Z"'
    (sessions(home) / "260101-000000-evil.jsonl").write_text(
        f'{{"kind":"opened","version":1,"id":"x",{at}}}\n'
        + json.dumps({"kind": "title", "title": evil, "at": "2026-01-01T00:00:00Z"})
        + "\n"
        + json.dumps(
            {
                "kind": "message",
                "id": "a",
                "parent": None,
                "at": "2026-01-01T00:00:00Z",
                "role": "user",
                "content": evil,
            }
        )
        + "\n"
    )
    with chat(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.send("/sessions\r")
        terminal.wait_for("1 message")
        terminal.send("\r")
        terminal.wait_for("kept as")
        leave(terminal)
        assert b"\x1b]52" not in terminal.output
        assert b"\x1b[2J" not in terminal.output
        assert "\u202e".encode() not in terminal.output
