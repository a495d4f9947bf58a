"""The completion menu and the grey suggestions, with keys."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ollama_chat_tui.terminal.completion import Candidate
from tests.terminal.command_names import CommandNames
from tests.terminal.test_prompt_keys import every_key
from tests.terminal.typing_line import TypingLine, typing_line


class Words:
    """A source of words that is asked at every place."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def complete(self, text_before_cursor: str) -> Sequence[Candidate]:
        start = text_before_cursor.rfind(" ") + 1
        return [Candidate(word, start, f"the word {word}") for word in self.words]


async def open_menu(line: TypingLine, keys: str, *menu: str) -> None:
    line.press(keys)
    await line.until(lambda: line.menu == list(menu))


@pytest.mark.parametrize(("action", "key"), every_key("complete"))
async def test_complete_opens_the_menu_and_takes_the_next(action: str, key: str) -> None:
    async with typing_line("", sources=[Words("apple", "apricot", "pear")]) as line:
        await open_menu(line, f"eat ap{key}", "apple", "apricot")
        assert line.text == "eat apple"
        await line.press_until(key, "eat apricot")


@pytest.mark.parametrize(("action", "key"), every_key("complete-backward"))
async def test_complete_backward_takes_the_one_before(action: str, key: str) -> None:
    async with typing_line("", sources=[Words("apple", "apricot", "pear")]) as line:
        await open_menu(line, "ap\t", "apple", "apricot")
        await line.press_until("\t", "apricot")
        await line.press_until(key, "apple")


@pytest.mark.parametrize(("action", "key"), every_key("accept-completion"))
async def test_accept_completion_takes_it_without_sending(action: str, key: str) -> None:
    async with typing_line("", sources=[Words("apple", "apricot")]) as line:
        await open_menu(line, "ap\t", "apple", "apricot")
        await open_menu(line, key)
        assert line.text == "apple"
        line.press(key)
        assert await line.sent() == "apple"


@pytest.mark.parametrize(("action", "key"), every_key("close-menu"))
async def test_close_menu_gives_back_what_was_typed(action: str, key: str) -> None:
    async with typing_line("", sources=[Words("apple", "apricot")]) as line:
        await open_menu(line, "ap\t", "apple", "apricot")
        await open_menu(line, key)
        assert line.text == "ap"


@pytest.mark.parametrize(("action", "key"), every_key("accept-suggestion"))
async def test_accept_suggestion_takes_the_whole(action: str, key: str) -> None:
    async with typing_line("") as line:
        line.prompt.history.add("why is the sky\nblue?")
        line.press("why")
        await line.until(lambda: bool(line.buffer.suggestion))
        await line.press_until(key, "why is the sky\nblue?")


@pytest.mark.parametrize(("action", "key"), every_key("accept-word"))
async def test_accept_word_takes_a_word(action: str, key: str) -> None:
    async with typing_line("") as line:
        line.prompt.history.add("why is the sky blue?")
        line.press("why")
        await line.until(lambda: bool(line.buffer.suggestion))
        await line.press_until(key, "why is ")
        await line.until(lambda: bool(line.buffer.suggestion))
        await line.press_until(key, "why is the ")


COMMANDS = CommandNames(
    lambda: [("model", "Choose a model"), ("models", "List them"), ("help", "Say what there is")]
)


async def test_the_menu_opens_by_itself_for_a_command_only() -> None:
    async with typing_line("", sources=[COMMANDS]) as line:
        await open_menu(line, "/mo", "/model", "/models")
        await line.press_until("\x1b[B", "/model")
        await open_menu(line, "\x15")
        await line.press_until("see /mo\t", "see /mo")
        assert line.menu == []


async def test_an_only_candidate_is_inserted_at_once() -> None:
    async with typing_line("", sources=[COMMANDS]) as line:
        await line.press_until("/hlp\t", "/help")
        assert line.menu == []
        line.press("\r")
        assert await line.sent() == "/help"


async def test_tab_indents_where_a_line_begins() -> None:
    async with typing_line(sources=[COMMANDS]) as line:
        assert await line.gives("if x:\n\ty\t\r") == "if x:\n    y"


async def test_foreign_names_are_made_safe_and_stay_on_one_line() -> None:
    def sanitize(text: str) -> str:
        return text.replace("\x1b", "␛")

    async with typing_line("", sources=[Words("a\x1b]52;c;x\x07b\nc", "az")], sanitize=sanitize) as line:
        await open_menu(line, "a\t", "a␛]52;c;x\x07b c", "az")


async def test_a_long_suggestion_is_shown_as_far_as_it_fits() -> None:
    async with typing_line("") as line:
        line.prompt.history.add("why " + "x" * 500)
        line.press("wh")
        await line.until(lambda: bool(line.buffer.suggestion))
        assert line.buffer.suggestion
        shown = line.buffer.suggestion.text
        assert len(shown) < 80
        assert shown.endswith("x…")


async def test_what_was_never_asked_is_not_suggested() -> None:
    async with typing_line("") as line:
        line.prompt.history.add("why")
        line.press("who")
        await line.press_until("\x05\x06\x1b[C!", "who!")
