"""The chat in tmux, and what becomes of an answer there when somebody meddles while it comes.

Every time screen and scrollback are to hold the rows of the answer rendered whole.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.theme import make_theme
from tests.command import COMMAND, fresh_home
from tests.scripted_replies import Signal as Mark
from tests.scripted_replies import done, end, head, lines, text, wait
from tests.scripted_server import ScriptedServer
from tests.tmux import Tmux

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")

COLUMNS, LINES = 70, 20
CLOSING = "20 tokens · 10.0 tokens/s"
FIRST = (
    "## Fruits\n\n"
    + "".join(
        f"- **Item {number}** is a fruit that has a longer text than a row of it can hold, 中文 too.\n"
        for number in range(12)
    )
    + "\n```python\n"
    + "".join(f"x{number} = {number}  # as it is\n" for number in range(12))
    + "```\n\nAnd here the first half en"
)
SECOND = (
    "ds. The second half begins with a *table*:\n\n| Name | Value |\n|---|---:|\n"
    + "".join(f"| name {number} | {number * 37} |\n" for number in range(15))
    + "\n> The end of it is a quote, which is long enough to be broken into two rows or more.\n"
)
PROSE = " ".join(f"word{number}" for number in range(400))


class Chat:
    """A chat in tmux whose answer comes in two halves."""

    def __init__(self, tmux: Tmux, server: ScriptedServer, home: dict[str, str]) -> None:
        self.tmux = tmux
        self.server = server
        self.more = Mark()
        self.command = ["env", *(f"{name}={value}" for name, value in home.items()), *COMMAND]

    def open(self) -> None:
        self.tmux.open(self.command, COLUMNS, LINES)
        self.tmux.wait_for("/help shows")

    def ask(self, first: str = FIRST, second: str = SECOND) -> None:
        """Ask, and see the first half."""
        self.server.enqueue(
            head(), lines(*pieces(first)), wait(self.more), lines(*pieces(second), done()), end()
        )
        self.type("question", "Enter")
        self.tmux.wait_for(lambda: self.shows(first.rsplit(maxsplit=1)[-1]) and self.shows("Esc stops"))

    def type(self, *keys: str) -> None:
        self.tmux.run("send-keys", *keys)

    def shows(self, what: str) -> bool:
        return any(what in row for row in self.tmux.rows())

    def answered(self, closing: str = CLOSING, question: str = ">>> question") -> list[str]:
        """Wait until an answer is over, and return its rows."""
        self.tmux.wait_for(lambda: closed(self.tmux.rows(), question, closing))
        rows = self.tmux.rows()
        start = rows.index(question) + 1
        stop = next(place for place in range(start, len(rows)) if rows[place].startswith(closing))
        assert rows[start] == ""
        return rows[start + 1 : stop]


@pytest.fixture
def conversation(tmp_path: Path) -> Iterator[Chat]:
    tmux = Tmux(tmp_path / "socket")
    with ScriptedServer() as server:
        server.answers_loads = True
        opened = Chat(tmux, server, fresh_home(tmp_path, OLLAMA_HOST=server.url))
        yield opened
        opened.more.set()
        tmux.close()


def pieces(content: str) -> list[dict[str, object]]:
    return [text(content[start : start + 7]) for start in range(0, len(content), 7)]


def closed(rows: list[str], question: str, closing: str) -> bool:
    """Say whether a prompt stands below the end of the answer."""
    if question not in rows:
        return False
    after = rows[rows.index(question) :]
    ends = [place for place, row in enumerate(after) if row.startswith(closing)]
    return bool(ends) and any(row.startswith(">>>") for row in after[ends[0] :])


def whole(markdown: str) -> list[str]:
    return [row.rstrip() for row in render_markdown(markdown, make_theme("none"), COLUMNS)]


def test_typing_ahead_leaves_the_answer_as_it_is(conversation: Chat) -> None:
    conversation.open()
    conversation.ask()
    conversation.server.enqueue(head(), lines(*pieces("The *next* answer."), done()), end())
    conversation.type("-l", "next question")
    conversation.type("Enter")
    conversation.type("-l", "a draft 漢字")
    conversation.tmux.wait_for("1 queued › a draft 漢字")
    conversation.more.set()
    assert conversation.answered(question=">>> next question") == whole("The *next* answer.")
    assert conversation.answered() == whole(FIRST + SECOND)
    conversation.tmux.wait_for(">>> a draft 漢字")
    assert not conversation.shows("queued")


@pytest.mark.parametrize("key", ["Escape", "C-c"])
def test_a_key_stops_it_and_what_had_come_stays_whole(conversation: Chat, key: str) -> None:
    conversation.open()
    conversation.ask()
    conversation.type(key)
    assert conversation.answered("stopped") == whole(FIRST)
    conversation.server.wait_for().closed.wait()


def test_suspended_and_resumed_it_goes_on_where_it_was(conversation: Chat) -> None:
    conversation.tmux.open(["env", "PS1=$ ", "bash", "--norc", "--noprofile", "-i"], COLUMNS, LINES)
    conversation.tmux.wait_for("$")
    conversation.type("-l", f"clear; {shlex.join(conversation.command)}")
    conversation.type("Enter")
    conversation.tmux.wait_for("/help shows")
    conversation.ask()
    conversation.type("C-z")
    conversation.tmux.wait_for(lambda: conversation.tmux.rows()[-1] == "$")
    assert not conversation.shows("Esc stops")
    conversation.more.set()
    conversation.type("-l", "echo $((6*7)); fg")
    conversation.type("Enter")
    rows = conversation.answered()
    shell = next(place for place, row in enumerate(rows) if "Stopped" in row)
    resumed = rows.index("42")
    before, after = rows[:shell], rows[resumed + 2 :]  # `fg` names the command, which is one long row
    while before and not before[-1]:
        before.pop()  # bash begins with an empty row
    assert [*before, *after] == whole(FIRST + SECOND)


def test_a_paste_while_it_comes_is_one_text_of_several_lines(conversation: Chat) -> None:
    conversation.open()
    conversation.ask()
    conversation.tmux.run("set-buffer", "first line\nsecond line\n\x1b[31mthird")
    conversation.tmux.run("paste-buffer", "-p")
    conversation.tmux.wait_for("third")
    conversation.more.set()
    assert conversation.answered() == whole(FIRST + SECOND)
    conversation.tmux.wait_for("... second line")
    assert conversation.shows(">>> first line")
    assert len(conversation.server.to("/api/chat")) == 1


@pytest.mark.parametrize(("columns", "height"), [(COLUMNS, 35), (COLUMNS, 12), (100, 25), (45, 20)])
def test_a_resize_in_mid_answer_loses_and_doubles_no_word(
    conversation: Chat, columns: int, height: int
) -> None:
    conversation.open()
    conversation.ask(PROSE[:2000], PROSE[2000:])
    still(conversation.tmux)
    conversation.tmux.run("resize-window", "-x", str(columns), "-y", str(height))
    conversation.more.set()
    rows = conversation.answered()
    assert re.findall(r"word\d+", "\n".join(rows)) == PROSE.split()
    if columns == COLUMNS:
        assert rows == whole(PROSE)


def still(tmux: Tmux) -> None:
    """Wait until no frame is on its way: the seconds in the status row have just changed."""
    seen = {row for row in tmux.rows() if "Esc stops" in row}
    tmux.wait_for(lambda: {row for row in tmux.rows() if "Esc stops" in row} != seen)
