"""Commands about how the model is asked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.config.file import read_config
from ollama_chat_tui.errors import BadOption, UsageError
from ollama_chat_tui.preferences import meaning, resolve
from tests.commands.conftest import NotedScreen, run
from tests.scripted_replies import Signal, reply, wait
from tests.scripted_server import ScriptedServer


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
    assert await run(context, "/set") == "top_k  3  this chat\nseed   1  this chat"
    assert await run(context, "/unset top_k") == "seed  1  this chat"
    assert await run(context, "/unset all") == "Everything is left to the model."
    with pytest.raises(UsageError, match="not set"):
        await run(context, "/unset top_k")


async def test_an_option_alone_is_explained(context: Context) -> None:
    await run(context, "/set top_k 3")
    assert await run(context, "/set top_k") == (
        "top_k is 3 (whole number, 40, 0 for all: how many likely tokens are drawn from)."
    )
    assert (await run(context, "/temperature")).startswith(
        "temperature is left to the model (0 or more, 0.8:"
    )


async def test_every_value_is_shown_with_where_it_comes_from(
    context: Context, server: ScriptedServer, folder: Path
) -> None:
    write(
        folder / "config.toml",
        'system = "Be brief."\n[options]\ntop_p = 0.5\ntop_k = 7\n[profile.p.options]\nmin_p = 0.1\n',
    )
    parameters = 'stop                           "<|im_end|>"\nstop  "</s>"\ntop_k  20\nnum_ctx 8192\nodd 1'
    server.enqueue(reply({"parameters": parameters}), path="/api/show")
    context.preferences = resolve(read_config(folder / "config.toml", meaning()), {}, {}, "p")
    context.settings = replace(context.preferences.settings(), model="qwen3:8b")
    await run(context, "/set top_k 3")
    await run(context, "/set think low")
    rows = {row[0]: row[1:] for line in (await run(context, "/set")).splitlines() if (row := cells(line))}
    assert rows["top_k"] == ["3", "this chat"]
    assert rows["think"] == ["low", "this chat"]
    assert rows["top_p"] == ["0.5", f"file {folder / 'config.toml'}:3:1"]
    assert rows["min_p"] == ["0.1", "profile p (line 6:1)"]
    assert rows["system"][0] == "Be brief."
    assert rows["stop"] == ['["<|im_end|>","</s>"]', "the model"]
    assert rows["num_ctx"] == ["8192", "the model"]
    assert "odd" not in rows
    assert len(server.to("/api/show")) == 1


async def test_a_random_seed_is_drawn_and_shown(context: Context) -> None:
    shown = await run(context, "/seed random")
    assert shown == f"seed is {context.settings.options['seed']}."


async def test_an_option_that_reloads_the_model_says_so_when_it_changes(
    context: Context, server: ScriptedServer
) -> None:
    server.enqueue(reply({"parameters": "num_ctx 8192"}), path="/api/show")
    assert await run(context, "/set num_ctx 8192") == "num_ctx is 8192."
    says = " The server loads the model anew for num_ctx."
    assert await run(context, "/set num_ctx 4096") == f"num_ctx is 4096.{says}"
    assert await run(context, "/set num_ctx 4096") == "num_ctx is 4096."
    assert await run(context, "/set top_k 3") == "top_k is 3."
    assert (await run(context, "/unset num_ctx")).endswith(says.strip())


async def test_a_server_that_does_not_tell_at_once_is_not_waited_for(
    context: Context, server: ScriptedServer
) -> None:
    server.enqueue(wait(Signal()), path="/api/show")
    assert await run(context, "/set") == "Everything is left to the model."


@pytest.mark.parametrize("line", ["/set temprature 1", "/set temperature hot", "/set nonsense"])
async def test_a_wrong_option_changes_nothing(context: Context, line: str) -> None:
    with pytest.raises(BadOption) as caught:
        await run(context, line)
    assert caught.value.hint
    assert context.settings.options == {}


async def test_the_words_of_ollama_run_work(context: Context) -> None:
    await run(context, '/set system """Be brief."""')
    assert context.settings.system == "Be brief."
    assert (await run(context, "/set format json")).startswith("Format: json;")
    assert await run(context, "/set noformat") == "Format: any text."
    assert "think   high       this chat" in await run(context, "/set think high")
    assert "think   off        this chat" in await run(context, "/set nothink")


async def test_the_system_prompt_is_shown_and_dropped(context: Context) -> None:
    assert await run(context, "/system") == "There is no system prompt."
    assert await run(context, "/system Be kind.") == "Be kind."
    await run(context, "/system off")
    assert context.settings.system == ""


async def test_a_system_prompt_is_edited_in_the_editor(context: Context, screen: NotedScreen) -> None:
    await run(context, "/system Be kind.")
    screen.edited = "Be kind.\nAnd brief.\n"
    assert await run(context, "/system edit") == "Be kind.\nAnd brief."
    assert screen.opened == ["Be kind."]
    assert context.settings.system == "Be kind.\nAnd brief."


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


def cells(line: str) -> list[str]:
    return re.split(r"\s{2,}", line)


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
