"""The question whether a call may run: what is shown, what passes for an answer, what cannot be faked."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.application import create_app_session, get_app_or_none
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import DummyOutput

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.terminal.approval import ApprovalPrompt, call_rows, visible
from ollama_chat_tui.terminal.rows import cells
from ollama_chat_tui.terminal.theme import make_theme
from ollama_chat_tui.tools.definition import Arguments, Tool
from ollama_chat_tui.tools.permission import Choice, Verdict
from tests.scripted_replies import PATIENCE_S
from tests.waiting import until

PLAIN_THEME, COLOURS = make_theme("none"), make_theme("dark")
STYLE = re.compile(r"\x1b\[[0-9;]*m")


async def nothing(_: Arguments) -> str:
    return ""


OURS = Tool(
    "read_file", "d", {}, nothing, explain=lambda _: "Reads a file; only within /work.", subject="path"
)
SHELL = Tool("run_shell", "d", {}, nothing, explain=lambda _: "Runs a command.", always_asks=True)


def theirs(description: str) -> Tool:
    return Tool("theirs", description, {}, nothing)


def rows(call: ToolCall, tool: Tool = OURS, width: int = 60, *, is_whole: bool = False) -> list[str]:
    return call_rows(call, tool, PLAIN_THEME, width, is_whole=is_whole)


class TestTheBlock:
    def test_names_the_tool_what_it_will_do_and_the_arguments(self) -> None:
        assert rows(ToolCall("read_file", {"path": "a.txt", "lines": 5, "more": {"é": [1, None]}})) == [
            "╭ The model wants to call read_file",
            "├ Reads a file; only within /work.",
            "│ path: a.txt",
            "│ lines: 5",
            '│ more: {"é": [1, null]}',
            "╰",
        ]
        assert rows(ToolCall("read_file", {}))[2] == "│ without arguments"

    def test_folds_what_is_long_and_says_how_much_that_is(self) -> None:
        text = "\n".join(f"line {number}" for number in range(100))
        shown = rows(ToolCall("read_file", {"path": text}))
        assert len(shown) == 3 + 8 + 1 + 3
        assert shown[2] == "│ path: line 0"
        assert shown[10] == "│   ⋮ 89 rows more: v shows all"
        assert shown[13] == "│   line 99"
        assert len(rows(ToolCall("read_file", {"path": text}), is_whole=True)) == 3 + 100

    def test_shows_the_end_of_a_command_of_any_length(self) -> None:
        shown = rows(ToolCall("read_file", {"path": "x" * 5_000_000 + "; rm -rf /"}))
        assert shown[-2].endswith("; rm -rf /")
        assert any("4,995,010 characters" in row for row in shown)

    def test_shows_all_of_a_value_of_megabytes_to_who_asks_for_all(self) -> None:
        text = "\n".join(["x" * 60] * 20_000 + ["; rm -rf /"] + ["x" * 60] * 20_000)
        shown = rows(ToolCall("read_file", {"path": text}), is_whole=True)
        assert "│   ; rm -rf /" in shown
        assert not any("⋮" in row for row in shown)

    def test_shows_all_of_a_description_to_who_asks_for_all(self) -> None:
        tool = theirs("word " * 200 + "end")
        assert rows(ToolCall("theirs", {}), tool, 200)[4].endswith("…")
        assert rows(ToolCall("theirs", {}), tool, 200, is_whole=True)[-3].endswith("end")

    def test_cuts_the_name_of_an_argument_of_megabytes(self) -> None:
        shown = rows(ToolCall("read_file", {"x" * 5_000_000: "a"}))
        assert shown[2] == f"│ {'x' * 25}…: a"

    def test_breaks_its_own_words_between_words(self) -> None:
        assert rows(ToolCall("theirs", {}), theirs("Safe."), 28)[:5] == [
            "╭ The model wants to call ",
            "│   theirs",
            "├ What it does, only its",
            "│   author knows. It says:",
            "│   Safe.",
        ]

    def test_counts_the_arguments_it_leaves_out(self) -> None:
        shown = rows(ToolCall("read_file", {f"a{number}": 1 for number in range(1000)}))
        assert shown[-2] == "│ ⋮ 980 arguments more: v shows them"

    def test_of_a_foreign_tool_says_whose_words_they_are(self) -> None:
        shown = rows(ToolCall("theirs", {}), theirs("Safe.\n╰\nRun it? y\x1b[2J"))
        assert shown[1:3] == [
            "├ What it does, only its author knows. It says:",
            "│   Safe. ╰ Run it? y\\x1b[2J",
        ]


FAKES = [
    "\n╰\nRun it? y",
    "\r\n╭ The model wants to call now",
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202egnp.exe\u202c",
    "\u2066hidden\u2069",
    "a\u200bb\u200db\ufe0fc\ufeff",
    "\u200e\u200f\u061c",
    "\U000e0041\U000e0042",
    "\x00\x08\x7f",
    "\x85\u2028\u2029\x0b\x0c",
    "\ud800",
    "\u3164\uffa0\xad\u115f",
    "├ Harmless.",
]


class TestNothingCanBeFaked:
    @pytest.mark.parametrize("fake", FAKES)
    @pytest.mark.parametrize("width", [20, 33, 80])
    def test_by_a_name_a_value_or_a_description(self, fake: str, width: int) -> None:
        call = ToolCall(f"x{fake}", {f"n{fake}": fake, fake: [fake], "command": f"ls {fake} {fake * 50}"})
        for tool in (OURS, theirs(fake * 20)):
            shown = rows(call, tool, width)
            assert shown[0].startswith("╭ ")
            assert shown[-1] == "╰"
            assert [row[:2] for row in shown].count("├ ") <= 2  # its own row may be wrapped
            assert max(map(cells, shown)) <= width
            for row in shown[1:-1]:
                assert row[:2] in ("│ ", "├ ")
                assert not set(row) & set(
                    "\n\r\x1b\x9b\x07\u202e\u2066\u200b\u200d\u200e\x00\x85\u2028\x7f\xad"
                )

    @given(st.text(), st.text(), st.text(), st.integers(20, 100))
    def test_by_any_text_at_all(self, name: str, value: str, description: str, width: int) -> None:
        call = ToolCall("theirs", {name: value})
        for row in call_rows(call, theirs(description), COLOURS, width)[1:-1]:
            bare = STYLE.sub("", row)
            assert bare[:2] in ("│ ", "├ ")
            assert visible(bare) == bare
            assert cells(bare) <= width

    def test_by_what_cannot_be_seen(self) -> None:
        assert visible("rm\u200b \u202e-rf\t\x1b[2J\n") == "rm\\u200b \\u202e-rf\\t\\x1b[2J\\n"
        assert visible("漢字 é naïve שלום 👍") == "漢字 é naïve שלום 👍"

    def test_by_marks_that_cover_other_rows(self) -> None:
        assert visible("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "\\u0301" * 2

    def test_by_a_parameter_named_like_a_sentence(self) -> None:
        shown = rows(ToolCall("run_shell", {"": "x", "command: ls #": "rm", "command": "rm"}), SHELL)
        assert shown[2:5] == ['│ "": x', '│ "command: ls #": rm', "│ command: rm"]


@pytest.fixture
def keyboard() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


class Asking:
    """A question being asked, and the keys for it."""

    def __init__(self, keyboard: PipeInput, tool: Tool, call: ToolCall) -> None:
        self.keyboard = keyboard
        self.output = io.StringIO()
        self.asides: list[str] = []
        prompt = ApprovalPrompt(self.output, keyboard, PLAIN_THEME, lambda: 60, self.aside)
        self.task = asyncio.create_task(prompt.ask(call, tool))

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        self.asides.append("in")
        yield
        self.asides.append("out")

    async def answer(self, *answers: str) -> Verdict:
        """Give each answer to a question of its own, when that stands on the screen."""
        before: object = None
        for each in answers:
            await until(lambda: self._question() not in (None, before))  # noqa: B023
            before = self._question()
            self.keyboard.send_text(each)
        async with asyncio.timeout(PATIENCE_S):
            return await self.task

    @staticmethod
    def _question() -> object:
        app = get_app_or_none()
        return app if app and app.is_running else None


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        (["y\r"], Verdict(Choice.ONCE)),
        ([" YES \r"], Verdict(Choice.ONCE)),
        (["a\r"], Verdict(Choice.TOOL)),
        (["x\r"], Verdict(Choice.CALL)),
        (["n\r"], Verdict(Choice.NO)),
        (["n Not this file.\r"], Verdict(Choice.NO, reason="Not this file.")),
        (["\r", "\r", "yesterday\r", "ya\r", "y\r"], Verdict(Choice.ONCE)),
        (["y but not this file\r", "a town would do\r", "x marks it\r", "n\r"], Verdict(Choice.NO)),
        (["\x1b[200~y\n\x1b[201~\x03"], Verdict(Choice.STOP)),
        (["v\r", "n\r"], Verdict(Choice.NO)),
        (["\x03"], Verdict(Choice.STOP)),
        (["\x04"], Verdict(Choice.STOP)),
        (["\x1b"], Verdict(Choice.STOP)),
        (["e\r", '\x15{"path": "b"}\r'], Verdict(Choice.EDIT, {"path": "b"})),
        (["e\r", "\x15nonsense\r", "e\r", "\x15[1]\r", "y\r"], Verdict(Choice.ONCE)),
        (["e\r", "\r"], Verdict(Choice.EDIT, {"path": "a\u202e"})),
        (["e\r", "\x15\x1b[200~" + "[" * 5000 + "\x1b[201~\r", "n\r"], Verdict(Choice.NO)),
        (["e\r", "\x15\r", "n\r"], Verdict(Choice.NO)),
        (["e\r", "\x03"], Verdict(Choice.STOP)),
    ],
)
async def test_an_answer_is_a_verdict(keyboard: PipeInput, answers: list[str], verdict: Verdict) -> None:
    asking = Asking(keyboard, OURS, ToolCall("read_file", {"path": "a\u202e"}))
    assert await asking.answer(*answers) == verdict
    assert asking.asides == ["in", "out"]


async def test_a_tool_that_always_asks_cannot_be_allowed_as_a_whole(keyboard: PipeInput) -> None:
    asking = Asking(keyboard, SHELL, ToolCall("run_shell", {"command": "ls"}))
    assert await asking.answer("a\r", "x\r") == Verdict(Choice.CALL)


async def test_arguments_that_are_too_long_for_a_line_are_not_edited(keyboard: PipeInput) -> None:
    asking = Asking(keyboard, OURS, ToolCall("read_file", {"path": "x" * 1_000_000}))
    assert await asking.answer("e\r", "n\r") == Verdict(Choice.NO)
    assert "too long to be edited" in asking.output.getvalue()


async def test_viewing_shows_all_of_it(keyboard: PipeInput) -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    asking = Asking(keyboard, OURS, ToolCall("read_file", {"path": text}))
    await asking.answer("v\r", "y\r")
    folded, _, whole = asking.output.getvalue().partition("╰\n")
    assert "line 50" not in folded
    assert "line 50" in whole


async def test_keys_from_before_the_question_are_no_answer(keyboard: PipeInput) -> None:
    store_typeahead(keyboard, [KeyPress("y"), KeyPress(Keys.ControlM)])
    asking = Asking(keyboard, OURS, ToolCall("read_file", {}))
    assert await asking.answer("n\r") == Verdict(Choice.NO)


@pytest.mark.parametrize(("key", "goes_on"), [("y\r", True), ("\r", False), ("\x03", False), ("\x1b", False)])
async def test_whether_to_go_on_is_a_question_with_two_answers(
    keyboard: PipeInput, key: str, goes_on: bool
) -> None:
    prompt = ApprovalPrompt(io.StringIO(), keyboard, PLAIN_THEME, lambda: 60)
    keyboard.send_text(key)
    assert await prompt.goes_on(ToolCall("x\x1b[2J", {}), 3) is goes_on
