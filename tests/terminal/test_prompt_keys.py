"""Every key of the table, pressed."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.completion import Completion

from ollama_chat_tui.terminal.key_names import pretty
from ollama_chat_tui.terminal.keymap import ACTIONS, Action, Keymap
from tests.terminal.key_bytes import sent_for
from tests.terminal.typing_line import typing_line

ENTER, HOME, LEFT, SHIFT_LEFT, UNDO, DELETE_BACK = "\r", "\x1b[H", "\x1b[D", "\x1b[1;2D", "\x1f", "\x7f"

# action: (what stands there, keys before, keys after, what is sent after Enter)
SCENES: dict[str, tuple[str, str, str, str]] = {
    "new-line": ("a", "", "b", "a\nb"),
    "clear": ("gone", "", "x", "x"),
    "leave": ("ab", HOME, "", "b"),
    "clear-screen": ("ab", "", "c", "abc"),
    "up": ("one\ntwo", "", "X", "oneX\ntwo"),
    "down": ("one\ntwo", "\x1b[A", "X", "one\ntwoX"),
    "line-up": ("one\ntwo", "", "X", "oneX\ntwo"),
    "line-down": ("one\ntwo", "\x1b[A", "X", "one\ntwoX"),
    "previous-entry": ("", "", "X", "say itX"),
    "next-entry": ("", "\x1b[5~\x1b[5~", "X", "say itX"),
    "search-history": ("", "", "rst" + ENTER, "first"),
    "search-forward": ("", "\x1b[5~\x1b[5~", "say" + ENTER, "say it"),
    "search-older": ("", "\x12i", ENTER, "first"),
    "search-newer": ("", "\x12i\x12\x12\x13", ENTER, "say it"),
    "search-accept": ("", "\x12rst", "", "first"),
    "search-abort": ("ab", "\x12rst", "X", "abX"),
    "first-entry": ("", "", "X", "firstX"),
    "last-entry": ("ab", "\x1b<", "X", "abX"),
    "last-word-of-entry": ("do ", "", "", "do it"),
    "undo": ("abc", "X", "", "abc"),
    "redo": ("abc", "X" + UNDO, "", "abcX"),
    "backward-char": ("abc", "", "X", "abXc"),
    "forward-char": ("abc", HOME, "X", "aXbc"),
    "backward-word": ("one two", "", "X", "one Xtwo"),
    "forward-word": ("one two", HOME, "X", "oneX two"),
    "line-start": ("one\ntwo", "", "X", "one\nXtwo"),
    "line-end": ("one\ntwo", HOME, "X", "one\ntwoX"),
    "text-start": ("one\ntwo", "", "X", "Xone\ntwo"),
    "text-end": ("one\ntwo", "\x1b[1;5H", "X", "one\ntwoX"),
    "delete-backward": ("abc", "", "", "ab"),
    "delete-forward": ("abc", HOME, "", "bc"),
    "kill-line": ("abc", HOME, "X", "X"),
    "kill-line-backward": ("abc", "", "X", "X"),
    "kill-word": ("one two", HOME, "", " two"),
    "kill-word-backward": ("one two", "", "", "one "),
    "cut": ("one a/b", "", "", "one "),
    "copy": ("ab", SHIFT_LEFT, "\x05\x19", "abb"),
    "yank": ("ab", "\x15", "", "ab"),
    "yank-older": ("one two", "\x17X\x17\x19", "", "one two"),
    "transpose": ("ab", "", "", "ba"),
    "capitalize": ("ab", HOME, "", "Ab"),
    "lower-case": ("AB", HOME, "", "ab"),
    "upper-case": ("ab", HOME, "", "AB"),
    "insert-key": ("a", "", "\x01", "a\x01"),
    "select": ("abc", "", LEFT + DELETE_BACK, "ab"),
    "select-left": ("abc", "", DELETE_BACK, "ab"),
    "select-right": ("abc", HOME, DELETE_BACK, "bc"),
    "select-up": ("a\nb", "", DELETE_BACK, "a"),
    "select-down": ("a\nb", "\x1b[1;5H", DELETE_BACK, "b"),
    "select-line-start": ("x\nabc", "", "Y", "x\nY"),
    "select-line-end": ("x\nabc", HOME, "Y", "x\nY"),
    "select-word-left": ("one two", "", "X", "one X"),
    "select-word-right": ("one two", HOME, "X", "X two"),
    "select-text-start": ("one\ntwo", "", "X", "X"),
    "select-text-end": ("one\ntwo", "\x1b[1;5H", "X", "X"),
}
# action: the module and the test that press its keys
ELSEWHERE = {
    "send": ("test_prompt_keys", "test_send_sends"),
    "suspend": ("test_prompt_pty", "test_ctrl_z_suspends_and_fg_brings_it_back"),
    "open-editor": ("test_prompt_editor", "test_the_editors_text_comes_back_and_is_not_sent"),
    "paste": ("test_paste", "test_a_key_inserts_the_text_in_the_clipboard"),
    "open-paste": ("test_paste", "test_a_key_opens_the_paste_at_the_cursor"),
    "complete": ("test_prompt_menu", "test_complete_opens_the_menu_and_takes_the_next"),
    "complete-backward": ("test_prompt_menu", "test_complete_backward_takes_the_one_before"),
    "accept-completion": ("test_prompt_menu", "test_accept_completion_takes_it_without_sending"),
    "close-menu": ("test_prompt_menu", "test_close_menu_gives_back_what_was_typed"),
    "accept-suggestion": ("test_prompt_menu", "test_accept_suggestion_takes_the_whole"),
    "accept-word": ("test_prompt_menu", "test_accept_word_takes_a_word"),
}


def every_key(*actions: str, enter_makes_line: bool = False) -> list[object]:
    keymap = Keymap(enter_makes_line=enter_makes_line)
    return [
        pytest.param(action, sent_for(keys), id=f"{action} {pretty(keys)}")
        for action in actions
        for keys in keymap.keys(action)
    ]


@pytest.mark.parametrize(("action", "key"), every_key(*SCENES))
async def test_a_key_does_what_the_table_says(action: str, key: str) -> None:
    default, before, after, expected = SCENES[action]
    async with typing_line() as line:
        line.prompt.history.add("first")
        line.prompt.history.add("say it")
        if key == "\x1b":  # alone: what follows must not make it Alt
            line.start(default)
            line.press(before)
            line.press(key)
            await line.until(lambda: line.buffer.text == expected)
            return
        assert await line.gives(before + key + after + ENTER, default) == expected


@pytest.mark.parametrize(("action", "key"), every_key("send"))
async def test_send_sends(action: str, key: str) -> None:
    async with typing_line() as line:
        assert await line.gives("a question" + key) == "a question"


@pytest.mark.parametrize(("action", "key"), every_key("send", "new-line", enter_makes_line=True))
async def test_enter_can_be_turned_round(action: str, key: str) -> None:
    async with typing_line(enter_makes_line=True) as line:
        if action == "send":
            assert await line.gives("one\\\rtwo" + key) == "one\\\ntwo"
        else:
            assert await line.gives(f"one{key}two\x1b\r") == "one\ntwo"


@pytest.mark.parametrize(("data", "sends"), [("\x1b[27;5;13~", True), ("\x1b[27;2;13~", False)])
async def test_enter_with_a_modifier_in_xterms_way(data: str, sends: bool) -> None:
    async with typing_line(enter_makes_line=True) as line:
        expected = "a" if sends else "a\nb"
        assert await line.gives(f"a{data}" + ("" if sends else "b\x1b\r")) == expected


async def test_alt_enter_in_kittys_way_makes_a_line() -> None:
    async with typing_line() as line:
        assert await line.gives("a\x1b[13;3ub\r") == "a\nb"


@pytest.mark.parametrize(
    ("data", "does"),
    [
        ("\x1b[97;5u", HOME),
        ("\x1b[98;3u", ""),
        ("\x1b[127u", DELETE_BACK),
        ("\x1b[27u", ""),
        ("\x1b[9;2u", ""),
        ("\x1b[57441;2u", ""),
        ("\x1b[32;5u", "\x00"),
    ],
)
async def test_keys_in_kittys_way_are_keys_and_no_text(data: str, does: str) -> None:
    async with typing_line() as line:
        assert await line.gives(f"ab{data}X\r") == await line.gives(f"ab{does}X\r")


async def test_shift_enter_works_while_a_menu_is_open() -> None:
    async with typing_line("") as line:
        line.buffer.complete_state = CompletionState(line.buffer.document, [Completion("apple")])
        line.buffer.go_to_completion(0)
        await line.press_until("\x1b[13;2ux", "apple\nx")


async def test_ctrl_enter_sends_where_enter_does() -> None:
    async with typing_line() as line:
        assert await line.gives("a\x1b[27;5;13~") == "a"


async def test_a_backslash_at_the_end_makes_a_line_and_a_doubled_one_does_not() -> None:
    async with typing_line() as line:
        assert await line.gives("one\\\rtwo\\\\\r") == "one\ntwo\\\\"


async def test_nothing_is_not_sent() -> None:
    async with typing_line() as line:
        assert await line.gives("\r  \r\r\x15a\r") == "a"


async def test_ctrl_c_on_an_empty_line_interrupts_and_twice_leaves() -> None:
    async with typing_line() as line:
        for keys, error in (("text\x03\x03", KeyboardInterrupt), ("\x03", EOFError)):
            line.start()
            line.press(keys)
            await line.ends_with(error)


async def test_typing_in_between_makes_ctrl_c_the_first_again() -> None:
    async with typing_line() as line:
        for keys in ("\x03", "a\x7f\x03"):
            line.start()
            line.press(keys)
            await line.ends_with(KeyboardInterrupt)


async def test_what_ctrl_c_cleared_comes_back_with_undo() -> None:
    async with typing_line() as line:
        assert await line.gives("a long thought\x03\x1f\r") == "a long thought"


async def test_ctrl_c_clears_at_once_when_something_is_selected() -> None:
    async with typing_line() as line:
        assert await line.gives(SHIFT_LEFT + "\x03<\r", "abc") == "<"


async def test_no_key_that_is_not_in_the_table_sends() -> None:
    async with typing_line() as line:
        assert await line.gives("\x1b#X\r", "abc") == "abcX"


async def test_ctrl_d_on_an_empty_line_leaves() -> None:
    async with typing_line("") as line:
        line.press("\x04")
        await line.ends_with(EOFError)


async def test_up_finds_what_begins_like_the_text() -> None:
    async with typing_line() as line:
        for entry in ("why one", "how", "why two"):
            line.prompt.history.add(entry)
        assert await line.gives("why\x1b[A\x1b[A\r") == "why one"
        assert await line.gives("why\x1b[A\x1b[A\x1b[B\r") == "why one"
        assert await line.gives("why\x1b[A\x1b[A\r") == "why two"


async def test_typing_replaces_the_selection_and_moving_ends_it() -> None:
    async with typing_line() as line:
        assert await line.gives(SHIFT_LEFT * 2 + "X\r", "abc") == "aX"
        assert await line.gives(SHIFT_LEFT * 2 + LEFT + "X\r", "abc") == "Xabc"
        assert await line.gives(SHIFT_LEFT * 2 + "\x17\x19\x19\r", "abc") == "abcbc"


async def test_moving_does_not_lose_what_can_be_redone() -> None:
    async with typing_line() as line:
        assert await line.gives("X" + UNDO + HOME + "\x1b/\r", "abc") == "abcX"


def pressed_in(module: str, test: str) -> set[str]:
    """What the test of one action presses, by its parameters."""
    marks = getattr(import_module(f"tests.terminal.{module}"), test).pytestmark
    parameters = [mark.args for mark in marks if mark.name == "parametrize"]
    return {
        dict(zip(names, each.values, strict=True))["key"]
        for names, values in parameters
        if "key" in names
        for each in values
    }


@pytest.mark.skipif(sys.platform == "win32", reason="some of the tests need a pseudo-terminal")
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_key_of_the_table_is_pressed_by_a_test(action: Action) -> None:
    if action.name not in SCENES:
        module, test = ELSEWHERE[action.name]
        assert pressed_in(module, test) == {sent_for(keys) for keys in Keymap().keys(action.name)}


def test_no_test_is_for_a_key_that_is_gone() -> None:
    assert {action.name for action in ACTIONS} == SCENES.keys() | ELSEWHERE.keys()
