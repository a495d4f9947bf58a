"""The command about the format of answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.errors import BadSchema, NothingThere, UsageError
from ollama_chat_tui.shown import Markdown
from tests.commands.conftest import NotedScreen, run


def schema_in(shown: str) -> object:
    assert isinstance(shown, Markdown)
    return json.loads(shown.partition("```json\n")[2].partition("\n```")[0])


async def test_a_format_is_json_a_schema_a_short_form_or_none(context: Context) -> None:
    assert await run(context, "/format") == "Format: any text."
    assert await run(context, "/format json") == "Format: json; the model is told; no retries."
    assert schema_in(await run(context, '/format {"type": "object"}')) == {"type": "object"}
    assert context.settings.format == {"type": "object"}
    await run(context, "/format name, age:0..150")
    shown = schema_in(await run(context, "/format"))
    assert shown == context.settings.format
    assert isinstance(shown, dict)
    assert shown["properties"]["age"] == {"type": "integer", "minimum": 0, "maximum": 150}
    await run(context, "/format off")
    assert context.settings.format is None


async def test_what_is_no_format_changes_nothing_and_names_the_place(context: Context) -> None:
    await run(context, "/format json")
    for line, words in (
        ("/format yaml", "There is no format “yaml”"),
        ("/format age:integr", "There is no type"),
        ('/format {"properties": {"a": {"type": "x"}}}', "wrong at /properties/a/type"),
        ('/format {"type": "string", "pattern": "a"}', "Pattern must start"),
    ):
        with pytest.raises(BadSchema, match=words):
            await run(context, line)
    assert context.settings.format == "json"


async def test_a_format_may_be_a_file_or_a_name(context: Context, folder: Path, tmp_path: Path) -> None:
    write(folder / "schemas" / "rivers.json", '{"title": "named"}')
    write(tmp_path / "a b.json", '{"title": "file"}')
    assert (await run(context, "/format rivers")).startswith("Format: rivers;")
    for name in f"{tmp_path}/a b.json", f'"{tmp_path}/a b.json"':
        await run(context, "/format off")
        assert (await run(context, f"/set format {name}")).startswith("Format: a b.json;")
        assert context.settings.format == {"title": "file"}


async def test_a_schema_is_kept_under_a_name(context: Context, folder: Path, screen: NotedScreen) -> None:
    with pytest.raises(NothingThere, match="no schema"):
        await run(context, "/format save person")
    await run(context, "/format name, age:int")
    assert "/format person" in await run(context, "/format save person")
    kept = json.loads((folder / "schemas" / "person.json").read_text())
    await run(context, "/format off")
    assert schema_in(await run(context, "/format person")) == kept == context.settings.format
    with pytest.raises(BadSchema, match="no name"):
        await run(context, "/format save a/b")


async def test_a_name_that_is_taken_is_asked_about(
    context: Context, folder: Path, screen: NotedScreen
) -> None:
    write(folder / "schemas" / "person.json", "{}")
    await run(context, "/format name, age:int")
    screen.says_yes = False
    assert await run(context, "/format save person") == "Nothing was saved."
    assert (folder / "schemas" / "person.json").read_text() == "{}"
    screen.says_yes = True
    await run(context, "/format save person")
    assert "name" in (folder / "schemas" / "person.json").read_text()


async def test_what_the_grammar_passes_over_is_told_when_the_format_is_set(context: Context) -> None:
    limit = "/properties/x/minimum does not constrain the answer; it is checked afterwards."
    schema = '{"type": "object", "properties": {"x": {"type": "number", "minimum": 1}}}'
    assert limit in await run(context, f"/format {schema}")
    assert limit not in await run(context, "/format")


async def test_many_limits_are_told_in_part(context: Context) -> None:
    parts = {str(number): {"uniqueItems": True} for number in range(20)}
    shown = await run(context, f"/format {json.dumps({'properties': parts})}")
    assert shown.count("does not constrain") == 6
    assert "And 14 more do not." in shown


async def test_retries_and_the_prompt_are_set(context: Context) -> None:
    await run(context, "/format json")
    assert await run(context, "/format retries 2") == "Format: json; the model is told; 2 retries."
    assert await run(context, "/format prompt off") == "Format: json; the model is not told; 2 retries."
    assert (context.settings.format_retries, context.settings.format_in_prompt) == (2, False)
    for line in "/format retries many", "/format retries -1", "/format retries", "/format prompt perhaps":
        with pytest.raises(UsageError):
            await run(context, line)


def test_words_and_names_are_completed(context: Context, folder: Path) -> None:
    write(folder / "schemas" / "rivers.json", "{}")

    def words(line: str) -> list[str]:
        return [word for word, _ in context.registry.complete(context, line)[1]]

    assert words("/format ri")[:6] == ["json", "off", "save", "retries", "prompt", "rivers"]
    assert words("/format save ") == ["rivers"]
    assert words("/format prompt ") == ["on", "off"]
    assert words("/format retries ") == ["0", "1", "2", "3"]
    assert words("/format json ") == []


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
