"""Commands about how the model is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.registry import Context
from ollama_chat_tui.errors import BadOption, UsageError
from tests.commands.conftest import NotedScreen, run


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("/set temperature 0.5", {"temperature": 0.5}),
        ("/set parameter temperature 0.5", {"temperature": 0.5}),
        ("/set top_k 3", {"top_k": 3}),
        ("/set use_mmap off", {"use_mmap": False}),
        ("/set stop END STOP", {"stop": ["END", "STOP"]}),
        ("/temperature 0", {"temperature": 0.0}),
        ("/seed 7", {"seed": 7}),
    ],
)
async def test_an_option_holds_for_the_next_turns(
    context: Context, line: str, options: dict[str, object]
) -> None:
    await run(context, line)
    assert context.settings.options == options


async def test_what_is_set_is_shown_and_can_be_taken_back(context: Context) -> None:
    assert await run(context, "/set") == "Everything is left to the model."
    await run(context, "/set top_k 3")
    await run(context, "/seed 1")
    assert await run(context, "/set") == "top_k  3\nseed   1"
    assert await run(context, "/set top_k") == "top_k is 3."
    assert await run(context, "/unset top_k") == "seed  1"
    assert await run(context, "/temperature") == "temperature is left to the model."
    assert await run(context, "/unset all") == "Everything is left to the model."
    with pytest.raises(UsageError, match="not set"):
        await run(context, "/unset top_k")


async def test_a_random_seed_is_drawn_and_shown(context: Context) -> None:
    shown = await run(context, "/seed random")
    assert shown == f"seed is {context.settings.options['seed']}."


async def test_an_option_that_reloads_the_model_says_so(context: Context) -> None:
    assert "anew" in await run(context, "/set num_ctx 8192")


@pytest.mark.parametrize("line", ["/set temprature 1", "/set temperature hot", "/set nonsense"])
async def test_a_wrong_option_changes_nothing(context: Context, line: str) -> None:
    with pytest.raises(BadOption) as caught:
        await run(context, line)
    assert caught.value.hint
    assert context.settings.options == {}


async def test_the_words_of_ollama_run_work(context: Context) -> None:
    await run(context, '/set system """Be brief."""')
    assert context.settings.system == "Be brief."
    assert await run(context, "/set format json") == "Format: json."
    assert await run(context, "/set noformat") == "Format: any text."
    assert "think   high" in await run(context, "/set think high")
    assert "think   off" in await run(context, "/set nothink")


async def test_the_system_prompt_is_shown_and_dropped(context: Context) -> None:
    assert await run(context, "/system") == "There is no system prompt."
    assert await run(context, "/system Be kind.") == "Be kind."
    await run(context, "/system off")
    assert context.settings.system == ""


async def test_a_format_is_json_or_a_schema(context: Context) -> None:
    assert await run(context, "/format") == "Format: any text."
    assert await run(context, '/format {"type": "object"}') == 'Format: {"type":"object"}.'
    assert context.settings.format == {"type": "object"}
    with pytest.raises(UsageError, match="There is no format “yaml”"):
        await run(context, "/format yaml")
    await run(context, "/format off")
    assert context.settings.format is None


async def test_a_format_may_be_a_file_or_a_name(context: Context, folder: Path, tmp_path: Path) -> None:
    write(folder / "schemas" / "rivers.json", '{"title": "named"}')
    write(tmp_path / "a b.json", '{"title": "file"}')
    assert await run(context, "/format rivers") == 'Format: {"title":"named"}.'
    for name in f"{tmp_path}/a b.json", f'"{tmp_path}/a b.json"':
        await run(context, "/format off")
        assert await run(context, f"/set format {name}") == 'Format: {"title":"file"}.'


async def test_a_system_prompt_may_come_from_a_file(context: Context, tmp_path: Path) -> None:
    write(tmp_path / "a b.md", "Be kind.\r\nAnd brief.\n")
    for name in f"{tmp_path}/a b.md", f'"{tmp_path}/a b.md"':
        await run(context, "/system off")
        assert await run(context, f"/system @{name}") == "Be kind.\nAnd brief."
    for name in "none.md", "~nobody-of-that-name/x", str(tmp_path):
        with pytest.raises(UsageError) as caught:
            await run(context, f"/system @{name}")
        assert "Usage: /system" in caught.value.hint
    assert context.settings.system == "Be kind.\nAnd brief."


async def test_what_ollama_run_shows_is_set_or_explained(context: Context, screen: NotedScreen) -> None:
    for word, is_recording in ("nohistory", False), ("history", True):
        await run(context, f"/set {word}")
        assert screen.records is is_recording
    assert await run(context, "/set parameter") == "Everything is left to the model."
    assert "/copy" in await run(context, "/set nowordwrap")
    assert "always" in await run(context, "/set wordwrap")
    for word in "verbose", "quiet":
        assert "below every answer" in await run(context, f"/set {word}")
    assert context.settings == Settings("qwen3:8b")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


async def test_thinking_is_set_and_its_view_chosen(context: Context, screen: NotedScreen) -> None:
    assert "by itself" in await run(context, "/think")
    assert await run(context, "/think low") == "Thinking: low."
    assert await run(context, "/think off") == "Thinking: off."
    assert "by itself" in await run(context, "/think auto")
    for word, view in (("show", "full"), ("hide", "hide"), ("fold", "fold")):
        await run(context, f"/think {word}")
        assert screen.thinking[-1] == (view, "qwen3:8b")
