"""Commands about an answer that stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.extract import CodeBlock, code_blocks, tables
from ollama_chat_tui.errors import NothingThere, UsageError
from ollama_chat_tui.terminal.markdown import render_markdown
from ollama_chat_tui.terminal.theme import make_theme
from tests.commands.conftest import NotedScreen, run
from tests.terminal.markdown.corpus import answers, generated, specification_examples

ANSWER = """Two ways:

```python
print("a\tb")
```

1. in a list

   ~~~sh
   ls
   ~~~

| a | b |
|---|--:|
| *x* | 1 |
"""


@pytest.fixture
def talked(context: Context) -> Context:
    context.conversation.append(Message(Role.USER, "How?"))
    context.conversation.append(Message(Role.ASSISTANT, "First."))
    context.conversation.append(Message(Role.USER, "And?"))
    context.conversation.append(Message(Role.ASSISTANT, ANSWER, "Let me see."))
    return context


def test_code_and_tables_come_out_as_they_were_written() -> None:
    assert code_blocks(ANSWER) == [CodeBlock("python", 'print("a\tb")\n'), CodeBlock("sh", "ls\n")]
    assert tables(ANSWER) == ["a\tb\n*x*\t1\n"]
    assert (code_blocks("none"), tables("none")) == ([], [])


def test_blocks_of_code_have_the_numbers_that_the_screen_shows() -> None:
    html = "<details>\n```py\nx\n```\n</details>\n\n```c\ny\n```\n"
    assert [block.code for block in code_blocks(html)] == ["x\n", "y\n"]
    theme = make_theme("none")
    for document in [html, *answers(), *generated(40), *specification_examples()]:
        rows = render_markdown(document, theme, 300)
        frames = [found for row in rows if (found := re.search(r"─ (?:.* · )?(\d+) ─+$", row))]
        numbers = [str(number) for number in range(1, len(code_blocks(document)) + 1)]
        assert [frame[1] for frame in frames] == numbers, document


def test_an_answer_that_is_json_is_the_one_block_that_the_screen_numbers() -> None:
    for text in '{"a": [1]}', " [1,\n2]\n":
        assert code_blocks(text) == [CodeBlock("json", text)]
    assert code_blocks('{"a": ') == code_blocks("[link](x)") == []


def test_a_fence_that_was_cut_is_code_too() -> None:
    assert code_blocks("```c\nint x;") == [CodeBlock("c", "int x;")]


@pytest.mark.parametrize(
    ("line", "copied"),
    [
        ("/copy", ANSWER),
        ("/copy code", "ls\n"),
        ("/copy code 1", 'print("a\tb")\n'),
        ("/copy table", "a\tb\n*x*\t1\n"),
        (
            "/copy all",
            f"## User\n\nHow?\n\n## Assistant\n\nFirst.\n\n## User\n\nAnd?\n\n## Assistant\n\n{ANSWER}",
        ),
    ],
)
async def test_copy_takes_the_source(talked: Context, screen: NotedScreen, line: str, copied: str) -> None:
    assert await run(talked, line) == "Copied."
    assert screen.copied == [copied]


async def test_copy_and_code_save_to_a_file_and_never_over_one(talked: Context, tmp_path: Path) -> None:
    file = tmp_path / "a b.py"
    assert "13 bytes" in await run(talked, f"/code 1 save {file}")
    assert file.read_text() == 'print("a\tb")\n'
    with pytest.raises(UsageError, match="no user"):
        await run(talked, "/copy ~nobody-of-that-name/file")
    with pytest.raises(UsageError, match="exists already"):
        await run(talked, f"/copy code 2 {file}")
    with pytest.raises(UsageError, match="cannot be written"):
        await run(talked, f"/copy {tmp_path}/no/such/dir")


@pytest.mark.parametrize(
    "line", ["/copy code 3", "/copy code 0", "/copy table 2", "/view 9", "/view x", "/think last 1"]
)
async def test_what_is_not_there_is_said(talked: Context, line: str) -> None:
    with pytest.raises(NothingThere):
        await run(talked, line)


@pytest.mark.parametrize("line", ["/copy", "/copy all", "/copy code", "/view", "/think last"])
async def test_without_an_answer_there_is_nothing(context: Context, line: str) -> None:
    with pytest.raises(NothingThere):
        await run(context, line)


@pytest.mark.parametrize("line", ["/code", "/code 1", "/code x save y", "/code 1 keep y"])
async def test_code_wants_a_number_and_a_file(talked: Context, line: str) -> None:
    with pytest.raises(UsageError):
        await run(talked, line)


async def test_view_opens_an_answer_in_the_editor(talked: Context, screen: NotedScreen) -> None:
    for line in ("/view editor", "/view 1 editor", "/view editor 1"):
        await run(talked, line)
    last, first = talked.conversation.branch()[-1], talked.conversation.branch()[1]
    assert screen.opened == [last.message.content, first.message.content, first.message.content]
    assert screen.paged == []


async def test_view_opens_an_answer_in_the_pager(talked: Context, screen: NotedScreen) -> None:
    await run(talked, "/view")
    await run(talked, "/view 1")
    assert screen.paged == [ANSWER, "First."]


async def test_the_reasoning_of_any_answer_can_be_seen_again(talked: Context) -> None:
    assert await run(talked, "/think last") == "Let me see."
    assert await run(talked, "/think last 2") == "Let me see."
