"""Whatever a model writes: no byte of it drives the terminal, no row is too wide, no word is lost."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.terminal.markdown import MarkdownStream, render_markdown
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme

THEME = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)
PLAIN = make_theme("none")
OURS = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;(?:(?:https?://|mailto:)[!-~]+)?\x1b\\")
FOREIGN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0019\U000e0080-\U000e0fff]"
)
WRAPPINGS = (
    "{}",
    "`{}`",
    "**{}**",
    "```{0}\n{0}\n```",
    "- {}\n  - {}",
    "> {}",
    "# {}",
    '[{0}](http://a.b/{0} "{0}")',
    "<http://a.b/{}>",
    "![{0}]({0})",
    "| {0} | b |\n|---|---|\n| {0} | {0} |",
    "$$\n{}\n$$",
    "$a{}b$",
    "    {}",
    "[x]: {}\n\n[x]",
    "[^{0}]: {0}",
)


def check(rows: list[str], width: int) -> None:
    for row in rows:
        shown = OURS.sub("", row)
        assert FOREIGN.search(shown) is None, ascii(row)
        assert cells(shown) <= width, ascii(row)
        assert row.count("\x1b[0m") == len(re.findall(r"\x1b\[(?!0m)", row))


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_two_bytes_after_an_escape_get_through(wrapping: str) -> None:
    for lead in "\x1b\x9b\x9d\x90":
        text = "\n\n".join(
            wrapping.replace("{}", "{0}").format(f"a{lead}{chr(byte)}[2J") for byte in range(256)
        )
        check(render_markdown(text, THEME, 80), 80)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_no_entity_brings_back_what_the_border_took(wrapping: str) -> None:
    entities = [
        "&#x202e;",
        "&ZeroWidthSpace;",
        "&shy;",
        "&#xFEFF;",
        "&#x2028;",
        "&#xE0041;",
        "&#27;",
        "&#x9b;",
    ]
    entities += ["&#10;", "&#13;", "&NewLine;", "&Tab;", "&#7;", "&#0;", "&NoBreak;", "&lrm;", "&zwj;"]
    for entity in entities:
        check(render_markdown(wrapping.replace("{}", "{0}").format(f"a{entity}b"), THEME, 80), 80)


HOSTILE = st.sampled_from(
    [
        *"\x00\x07\x08\x0b\x0c\r\x1b\x7f\x85\x90\x9b\x9c\x9d\xad\u200b\u200d\u202e\u2066\u2028\ufe0f\ufeff",
        *"\n\n\n  \t`*_~[]()<>#-+|$\\!&:;\"'1.",
        *"abc中，👩🏽🇩🇪e\u0301한ก❤☎\U000e0041🏴",
        *[
            "```",
            "~~~",
            "\n- ",
            "\n1. ",
            "\n> ",
            "| a | b |\n|---|---|\n",
            "\n\n",
            "    ",
            "&#x202e;",
            "&#27;",
        ],
        *[
            "\x1b[2J",
            "\x1b]52;c;",
            "\x1b]8;;http://x\x1b\\",
            "](javascript:x)",
            "[a](http://b.c)",
            "$$",
            "\\(",
        ],
        *["word " * 9, "x" * 70, "中" * 30, "👩‍👩‍👧‍👦" * 12, "[x]: y\n", "[^1]: ", "- [ ] ", "\ud800"],
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(HOSTILE, max_size=60), st.integers(20, 90), st.integers(0, 2**32))
def test_hostile_streams_in_any_chunks(parts: list[str], width: int, seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(parts)
    stream = MarkdownStream(THEME, width, tail_rows=6)
    rows: list[str] = []
    start = 0
    while start < len(text):
        size = rng.randint(1, 30)
        stream.feed(text[start : start + size])
        start += size
        frame = stream.render()
        check(frame.finished + frame.tail, width)
        assert len(frame.tail) <= 6
        rows += frame.finished
    rows += stream.finish().finished
    check(rows, width)
    assert rows == render_markdown(text, THEME, width)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(0, 25).map(
                lambda number: "qrstuvwxyz"[number % 10] * (1 + number % 4) + chr(97 + number)
            ),
            st.sampled_from(
                [*'\n *_`~[]()<>#-+|!"\\', "\n\n", "\n- ", "\n> ", "    ", "](", "```", "~~~", "\n1) "]
            ),
            st.sampled_from(
                ["| a | b |\n|---|---|\n", "<div>", "\n[ab]: cd\n\n", "\n# ", "x" * 50, "![", "- [x] "]
            ),
        ),
        max_size=60,
    ),
    st.integers(20, 60),
)
def test_every_word_of_the_source_is_shown(parts: list[str], width: int) -> None:
    text = "".join(parts)
    # An escaped bracket or a task's box may be taken off; a word may not.
    words = re.findall("[a-z]{2,}", text.replace("[x]", ""))
    rows = render_markdown(text, PLAIN, width)
    if any(" │ " in row for row in rows):
        return  # a folded cell stands in several places
    shown = re.sub(r"[\s▌]", "", "".join(rows))
    for word in words:
        assert word in shown, (word, rows)


def test_rich_markup_is_text() -> None:
    assert render_markdown("a [red]b[/red] [bold]c[/]", PLAIN, 60) == ["a [red]b[/red] [bold]c[/]"]


def test_only_web_and_mail_addresses_can_be_clicked_and_each_is_shown() -> None:
    rows = render_markdown("[a](https://x.y/z) [b](ftp://x.y) [c](file:///etc) <m@x.y>", THEME, 200)
    assert re.findall(r"\x1b\]8;;([^\x1b]+)", rows[0]) == ["https://x.y/z", "https://x.y/z", "mailto:m@x.y"]
    shown = OURS.sub("", rows[0])
    assert shown == "a (https://x.y/z) b (ftp://x.y) [c](file:///etc) m@x.y"
