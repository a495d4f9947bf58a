from __future__ import annotations

import pytest

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.terminal.key_names import parse_keys, pretty
from ollama_chat_tui.terminal.keymap import ACTIONS, Keymap
from tests.terminal.typing_line import typing_line


@pytest.mark.parametrize(
    ("written", "keys", "shown"),
    [
        ("ctrl-x ctrl-e", ("c-x", "c-e"), "Ctrl-X Ctrl-E"),
        ("C-x", ("c-x",), "Ctrl-X"),
        ("alt-enter", ("escape", "c-m"), "Alt-Enter"),
        ("M-b", ("escape", "b"), "Alt-B"),
        ("escape b", ("escape", "b"), "Alt-B"),
        ("alt-shift-b", ("escape", "B"), "Alt-B"),
        ("shift-left", ("s-left",), "Shift-Left"),
        ("ctrl-shift-home", ("c-s-home",), "Ctrl-Shift-Home"),
        ("ctrl-enter", ("c-enter",), "Ctrl-Enter"),
        ("shift-return", ("s-enter",), "Shift-Enter"),
        ("F5", ("f5",), "F5"),
        ("ctrl-space", ("c-@",), "Ctrl-Space"),
        ("ctrl-/", ("c-_",), "Ctrl-_"),
        ("alt--", ("escape", "-"), "Alt--"),
        ("esc", ("escape",), "Esc"),
        ("pgup", ("pageup",), "PageUp"),
        ("tab", ("c-i",), "Tab"),
        ("ctrl-\\", ("c-\\",), "Ctrl-\\"),
    ],
)
def test_keys_are_read_as_people_write_them(written: str, keys: tuple[str, ...], shown: str) -> None:
    assert parse_keys(written) == keys
    assert pretty(keys) == shown


@pytest.mark.parametrize(
    ("wrong", "near"), [("ctl-x", "ctrl-x"), ("alt-entr", "alt-enter"), ("pageupp", "pageup")]
)
def test_a_wrong_key_names_the_nearest(wrong: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        Keymap({"send": wrong})
    assert wrong in caught.value.sentence
    assert near in caught.value.hint


@pytest.mark.parametrize("key", ["<any>", "c-", "", "ctrl-ä", "<sigint>"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(UsageError):
        Keymap({"undo": key})


def test_a_wrong_action_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        Keymap({"open-editr": "f2"})
    assert "open-editor" in caught.value.hint


def test_two_actions_cannot_have_one_key() -> None:
    with pytest.raises(UsageError) as caught:
        Keymap({"undo": "ctrl-k"})
    assert caught.value.sentence == "Ctrl-K cannot be both “undo” and “kill-line”."


def test_a_key_that_begins_another_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Keymap({"undo": "ctrl-x"})
    assert "begins with Ctrl-X" in caught.value.sentence


def test_the_same_key_may_mean_another_thing_in_the_menu() -> None:
    assert Keymap({"close-menu": ["escape", "ctrl-k"]}).keys("close-menu") == (("escape",), ("c-k",))


def test_letters_stay_letters() -> None:
    with pytest.raises(UsageError) as caught:
        Keymap({"undo": "u"})
    assert "ctrl-u" in caught.value.hint


def test_sending_needs_a_key() -> None:
    with pytest.raises(UsageError):
        Keymap({"send": []})


def test_the_table_names_every_action_once_with_a_description() -> None:
    rows = Keymap().rows()
    assert [row.action for row in rows] == list(dict.fromkeys(action.name for action in ACTIONS))
    assert all(row.description and row.context for row in rows)
    assert rows[0].keys == ("Enter",)
    assert Keymap(enter_makes_line=True).rows()[0].keys == ("Ctrl-Enter", "Alt-Enter")


async def test_a_key_can_be_changed_and_the_old_one_does_nothing() -> None:
    async with typing_line(keys={"kill-line": ["f2", "alt-k"], "undo": [], "open-editor": "f3"}) as line:
        assert await line.gives("\x01\x0b\x1f\x07X\r", "abc") == "Xabc"
        assert await line.gives("\x01\x1bOQX\r", "abc") == "X"
        assert await line.gives("\x01\x1bkX\r", "abc") == "X"


async def test_keys_can_be_swapped() -> None:
    async with typing_line(keys={"send": "ctrl-j", "new-line": "enter"}) as line:
        assert await line.gives("a\rb\n") == "a\nb"


async def test_a_search_key_can_be_changed() -> None:
    async with typing_line(keys={"search-history": "f4", "search-older": "f4", "search-abort": "f5"}) as line:
        line.prompt.history.add("first")
        assert await line.gives("\x12\x1bOSrst\r\r") == "first"
        assert await line.gives("a\x1bOSrst\x1b[15~b\r") == "ab"


async def test_the_prompt_refuses_bad_keys_when_it_is_built() -> None:
    with pytest.raises(UsageError):
        async with typing_line(keys={"sned": "f2"}):
            pass
