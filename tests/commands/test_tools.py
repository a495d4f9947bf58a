"""`/tools`: what the model may call, files of one's own, and results."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.config.keys import Tools
from ollama_chat_tui.errors import BadTools, NothingThere, UsageError
from ollama_chat_tui.tools.bench import Bench
from tests.commands.conftest import NotedScreen, run

CODE = '''
def get_temp(city: str) -> str:
    """Say how warm it is.

    For ever.
    """
    return "11"
'''


@pytest.fixture
async def context(context: Context, tmp_path: Path) -> AsyncIterator[Context]:
    (tmp_path / "mine.py").write_text(CODE)
    config = Tools(folders=[str(tmp_path)], permission={"now": "allow", "run_shell": ["ls"]})
    context.tools = Bench(config)
    yield context
    await context.tools.aclose()


def words(context: Context, line: str) -> dict[str, str]:
    return dict(context.registry.complete(context, line)[1])


async def test_every_tool_is_listed_with_its_state_permission_and_origin(
    context: Context, tmp_path: Path
) -> None:
    await run(context, f"/tools add {tmp_path / 'mine.py'}")
    built_in, *rows, mine, last = (await run(context, "/tools")).splitlines()
    assert (built_in, mine) == ("built in", str(tmp_path / "mine.py"))
    assert rows[0] == "off  now           allow       The date and time now."
    assert rows[1].startswith("off  calculate     ask         Calculate")
    assert rows[-1].startswith("off  run_shell     allow some  Run a command")
    assert last == "on   get_temp      ask         Say how warm it is."
    assert max(map(len, (*rows, last))) <= 80


async def test_a_file_with_a_blank_in_its_name_is_switched_in_quotes(
    context: Context, tmp_path: Path
) -> None:
    path = (tmp_path / "mine.py").rename(tmp_path / "of mine.py")
    await run(context, f"/tools add {path}")
    assert words(context, "/tools off ")[f'"{path}"'] == "all of them"
    assert await run(context, f'/tools off "{path}"') == "The model may call nothing."
    assert words(context, "/tools on ")['"built in"'] == "all of them"
    assert await run(context, f'/tools on now "{path}"') == "The model may call now, get_temp."


async def test_tools_are_switched_on_and_off_one_by_one_and_by_file(context: Context, tmp_path: Path) -> None:
    assert await run(context, "/tools on now calculate") == "The model may call now, calculate."
    assert (
        await run(context, f"/tools add {tmp_path / 'mine.py'}")
        == "The model may call now, calculate, get_temp."
    )
    assert context.tools.number_on == 3
    assert await run(context, "/tools off now") == "The model may call calculate, get_temp."
    assert await run(context, f"/tools off {tmp_path / 'mine.py'}") == "The model may call calculate."
    assert await run(context, "/tools off") == "The model may call nothing."
    assert context.tools.number_on == 0
    assert await context.tools.use() is None


async def test_what_is_no_tool_changes_nothing(context: Context, tmp_path: Path) -> None:
    for line, kind in (
        ("/tools on lost", BadTools),
        ("/tools on", UsageError),
        ("/tools add", UsageError),
        ("/tools add lost.py", BadTools),
        ("/tools reload", BadTools),
        ("/tools dance", UsageError),
        ("/tools show", NothingThere),
    ):
        with pytest.raises(kind):
            await run(context, line)
    assert context.tools.number_on == 0


async def test_a_file_that_was_mended_is_read_anew(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    await run(context, f"/tools add {path}")
    path.write_text(CODE.replace("get_temp", "get_heat"))
    assert await run(context, "/tools reload") == "Read anew: get_heat."
    assert list((await context.tools.open()).registry.facts()) == ["get_heat"]


async def test_a_file_that_is_off_stays_so_until_it_is_added_or_switched_on(
    context: Context, tmp_path: Path
) -> None:
    path = tmp_path / "mine.py"
    context.tools = Bench(Tools(files=[str(path)]))
    path.write_text(CODE)
    await run(context, "/tools")
    path.write_text(f"{CODE}\n\ndef more(): ...")
    assert await run(context, "/tools reload") == "Read anew: get_temp, more."
    assert context.tools.number_on == 0
    assert await run(context, f"/tools add {path}") == "The model may call get_temp, more."
    assert context.tools.number_on == 2
    await context.tools.aclose()


async def test_a_request_is_shown_with_the_tools_that_are_on(context: Context) -> None:
    assert "calculate" not in await run(context, "/request raw")
    await run(context, "/tools on calculate")
    assert '"name": "calculate"' in await run(context, "/request raw")


async def test_results_are_shown_by_number_and_long_ones_by_the_pager(
    context: Context, screen: NotedScreen
) -> None:
    long = "\n".join(map(str, range(100)))
    context.conversation.append(Message(Role.USER, "Go!"))
    for content, whole in (("short", ""), ("", ""), ("0\n[…]", long)):
        context.conversation.append(Message(Role.TOOL, content, tool_name="get_temp", whole=whole))
    assert await run(context, "/tools show 1") == "short"
    assert await run(context, "/tools show 2") == "It gave nothing."
    assert await run(context, "/tools show") == ""
    assert screen.paged == [long]
    for number in ("0", "4", "x", "9" * 5000):
        with pytest.raises(NothingThere, match=f"There is no call {number}."):
            await run(context, f"/tools show {number}")
    assert words(context, "/tools show ") == {
        "1": "get_temp: short",
        "2": "get_temp: ",
        "3": "get_temp: 0",
    }


async def test_what_may_follow_is_offered_with_what_it_does(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert words(context, "/tools ")["reload"] == "read the files anew"
    assert words(context, "/tools on ")["calculate"].startswith("Calculate")
    assert words(context, "/tools off ") == {}
    await run(context, f"/tools add {tmp_path / 'mine.py'}")
    assert words(context, "/tools off ") == {
        "get_temp": "Say how warm it is.",
        str(tmp_path / "mine.py"): "all of them",
    }
    assert words(context, "/tools off get_temp ") == {str(tmp_path / "mine.py"): "all of them"}
    monkeypatch.chdir(tmp_path)
    assert words(context, "/tools add mi")["mine.py"] == ""
    assert words(context, "/tools reload ") == {}
