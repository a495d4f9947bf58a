"""The toolbox: what is offered, and what becomes of a call."""

from __future__ import annotations

import asyncio

import pytest

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.definition import Arguments, Tool, ToolFailure
from ollama_chat_tui.tools.registry import MOST_RESULT_CHARS, Registry
from tests.tools.calling import called


def tool(name: str, raised: BaseException | None = None, time_limit_s: float = 60.0) -> Tool:
    async def run(_: Arguments) -> str:
        if raised is not None:
            raise raised
        return f"{name} ran"

    return Tool(name, f"Does {name}.", {"type": "object", "properties": {}}, run, time_limit_s=time_limit_s)


def offered(registry: Registry) -> list[str]:
    return list(registry.facts())


def test_tools_of_a_source_are_switched_by_name_or_together() -> None:
    registry = Registry()
    assert registry.put("built in", [tool("one"), tool("two")], on=False) == ["one", "two"]
    assert offered(registry) == []
    assert registry.turn("two", on=True) == ["two"]
    assert offered(registry) == ["two"]
    assert registry.turn("built in", on=True) == ["one", "two"]
    registry.turn("one", on=False)
    assert [(each.source, each.tool.name, each.is_on) for each in registry.listed()] == [
        ("built in", "one", False),
        ("built in", "two", True),
    ]
    with pytest.raises(BadTools) as error:
        registry.turn("one", "three", on=True)
    assert offered(registry) == ["two"]
    assert error.value.hint == "The tools are: one, two."


def test_a_declaration_is_what_the_api_wants() -> None:
    registry = Registry()
    registry.put("x", [tool("one")])
    assert registry.declarations() == [
        {
            "type": "function",
            "function": {
                "name": "one",
                "description": "Does one.",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ]


def test_putting_a_source_again_replaces_its_tools() -> None:
    registry = Registry()
    registry.put("server", [tool("one"), tool("two")])
    registry.turn("one", on=False)
    registry.put("server", [tool("one"), tool("three")])
    assert offered(registry) == ["three"]
    registry.put("server", [tool("one"), tool("two"), tool("three")], on=False)
    assert offered(registry) == ["three"], "what was gone is new when it comes back"
    registry.drop("server")
    assert registry.listed() == []


@pytest.mark.parametrize("name", ["", "a b", "x\x1b[2J", "réponse", "a" * 65, "1st", "a\n"])
def test_a_name_that_could_be_mistaken_is_none(name: str) -> None:
    with pytest.raises(BadTools):
        Registry().put("x", [tool(name)])


def test_two_sources_cannot_have_a_tool_of_one_name() -> None:
    registry = Registry()
    registry.put("built in", [tool("run_shell")])
    with pytest.raises(BadTools) as error:
        registry.put("server", [tool("run_shell")])
    assert error.value.sentence == "There is a tool run_shell already, from built in."


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (ToolFailure("No such city."), "No such city."),
        (ZeroDivisionError("oh"), "x failed: ZeroDivisionError: oh"),
        (TimeoutError("upstream"), "x failed: TimeoutError: upstream"),
        (RecursionError(), "x failed: RecursionError: "),
    ],
)
async def test_whatever_a_tool_raises_is_a_text(raised: Exception, said: str) -> None:
    assert await called(tool("x", raised), "x") == said


async def test_a_tool_that_takes_too_long_is_stopped() -> None:
    stopped = asyncio.Event()

    async def run(_: Arguments) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return "never"

    assert await called(Tool("x", "", {}, run, time_limit_s=0.01), "x") == "x took over 0 s and was stopped."
    assert stopped.is_set()


async def test_a_result_beyond_all_measure_keeps_both_ends() -> None:
    async def run(_: Arguments) -> str:
        return "a" * MOST_RESULT_CHARS + "b" * MOST_RESULT_CHARS

    result = await called(Tool("x", "", {}, run), "x")
    assert (result[0], result[-1]) == ("a", "b")
    assert "[1,000,000 of 2,000,000 characters are left out here" in result


async def test_a_tool_that_is_off_is_not_run() -> None:
    registry = Registry()
    registry.put("x", [tool("one")], on=False)
    assert await registry.run(ToolCall("one", {})) == "There is no tool of that name."
