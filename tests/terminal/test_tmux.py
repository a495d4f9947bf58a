"""The same in a terminal that nobody here wrote: what a person sees in tmux."""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.theme import make_theme
from tests.terminal.markdown.corpus import CORPUS
from tests.terminal.scripted_rows import numbered_words
from tests.terminal.test_drawer_pty import Answer
from tests.tmux import Tmux

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    opened = Tmux(tmp_path / "socket")
    yield opened
    opened.close()


@pytest.fixture
def answer(tmp_path: Path, tmux: Tmux) -> Iterator[Answer]:
    drawn = Answer(tmp_path, numbered_words(300, random.Random(5)))
    tmux.open(drawn.argv, 60, 40)
    tmux.wait_for("›")
    yield drawn
    os.close(drawn._orders)


@pytest.mark.parametrize(("columns", "lines"), [(100, 30), (40, 8)])
def test_what_is_left_is_the_whole_rendering(tmux: Tmux, columns: int, lines: int) -> None:
    files = [
        path
        for path in sorted(CORPUS.glob("answers/*.md"))
        # tmux counts emoji of several characters otherwise than terminals do.
        if not any(char in path.read_text("utf-8") for char in "\u200d\ufe0f")
    ]
    assert files
    tmux.open([sys.executable, "-m", "tests.terminal.played_child", *map(str, files)], columns, lines)
    tmux.wait_for("BYE")
    plain = make_theme("none")
    whole = [row for path in files for row in render_markdown(path.read_text("utf-8"), plain, columns)]
    rows = tmux.rows()
    assert rows[: rows.index("BYE")] == [row.rstrip() for row in whole]


def test_typing_ahead_stopping_and_what_stays(tmux: Tmux, answer: Answer) -> None:
    answer.order("give 150")
    tmux.wait_for(answer.words[149])
    tmux.run("send-keys", "-l", "first")
    tmux.run("send-keys", "Enter")
    tmux.run("send-keys", "-l", "draft 漢字")
    tmux.wait_for("1 queued › draft 漢字")
    tmux.run("send-keys", "C-c")
    answer.order("give 150")
    tmux.wait_for(answer.words[299])
    result = finish(tmux, answer)
    assert (result["queued"], result["unfinished"], len(result["stops"])) == (["first"], "draft 漢字", 1)
    assert " ".join(tmux.rows()).split()[:301] == [*answer.words, "BYE"]


def test_a_resize_in_mid_answer_loses_nothing(tmux: Tmux, answer: Answer) -> None:
    answer.order("give 150")
    tmux.wait_for(answer.words[149])
    tmux.run("resize-window", "-x", "41", "-y", "30")
    answer.order("give 150")
    tmux.wait_for(answer.words[299])
    finish(tmux, answer)
    seen = " ".join(tmux.rows()).split()
    assert [word for word in answer.words if word not in seen] == []
    assert len(seen) - 301 <= 120  # a resize that meets a frame may leave the tail once more


def finish(tmux: Tmux, answer: Answer) -> dict[str, Any]:
    answer.order("end")
    tmux.wait_for(answer._result.exists)
    return dict(json.loads(answer._result.read_text()))
