"""What lies ready before tools are used: nothing is read or run that nobody wants."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ollama_chat_tui.chat.brakes import Limits
from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.config.keys import Tools
from ollama_chat_tui.errors import ToolNotAllowed
from ollama_chat_tui.tools.bench import Bench, ToolsGiven
from ollama_chat_tui.tools.folder import IS_SUPPORTED
from tests.scripted_replies import reply
from tests.scripted_server import ScriptedServer

CODE = (
    "from pathlib import Path\nPath(__file__).with_name('ran').touch()\ndef mine(): return 1\ndef more(): ..."
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(CODE)
    return path


@pytest.fixture
async def benches() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for bench in made:
        await bench.aclose()


async def test_files_of_the_configuration_are_not_run_until_tools_are_wanted(
    path: Path, benches: list[Bench]
) -> None:
    bench = Bench(Tools(files=[str(path)]))
    benches.append(bench)
    assert not bench.is_wanted
    assert await bench.use() is None
    assert "mine" not in [each.tool.name for each in bench.listed()]
    assert not path.with_name("ran").exists()
    assert [each.is_on for each in (await bench.open()).listed() if each.source == str(path)] == [False] * 2
    assert await bench.use() is None


async def of_4096(_: str) -> int:
    return 4096


@pytest.mark.parametrize("by_path", [True, False])
async def test_what_is_to_be_on_is_on(path: Path, benches: list[Bench], by_path: bool) -> None:
    on = [str(path)] if by_path else ["more", "now"]
    bench = Bench(Tools(on=on, files=[str(path)], rounds=3, time_s=60, tokens=500))
    benches.append(bench)
    use = await bench.use(of_4096)
    assert use
    assert set(use.toolbox.facts()) == ({"mine", "more"} if by_path else {"more", "now"})
    assert (use.limits, use.window) == (Limits(3, 60, 500), of_4096)
    assert bench.number_on == 2


async def test_flags_add_to_the_configuration(path: Path, benches: list[Bench]) -> None:
    bench = Bench(Tools(on=["now"], files=[str(path)]), ToolsGiven([str(path), "calculate"]))
    benches.append(bench)
    use = await bench.use()
    assert use
    assert set(use.toolbox.facts()) == {"now", "mine", "more", "calculate"}


async def test_each_trouble_is_told_once_and_the_rest_works(path: Path, benches: list[Bench]) -> None:
    bench = Bench(Tools(on=["lost", "now"]), ToolsGiven([str(path.with_name("gone.py"))]))
    benches.append(bench)
    assert await bench.use()
    told = [error.sentence for error in bench.take_troubles()]
    assert told == ["There is no tool lost.", f"There is no file {path.with_name('gone.py')}."]
    assert bench.take_troubles() == []


@pytest.mark.parametrize("allow_private", [False, True])
async def test_pages_of_this_machine_are_fetched_only_if_the_configuration_allows_it(
    benches: list[Bench], allow_private: bool
) -> None:
    bench = Bench(Tools(on=["fetch_url"], allow_private=allow_private))
    benches.append(bench)
    use = await bench.use()
    assert use
    with ScriptedServer() as server:
        server.enqueue(reply("inner"), path="/")
        result = await use.toolbox.run(ToolCall("fetch_url", {"url": f"{server.url}/"}))
        assert (result == "inner", len(server.requests)) == (allow_private, int(allow_private))


@pytest.mark.skipif(not IS_SUPPORTED, reason="has no file tools")
async def test_files_are_read_in_the_folders_of_the_configuration_alone(
    tmp_path: Path, benches: list[Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("working", "allowed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    monkeypatch.chdir(tmp_path / "working")
    seen = []
    for folders in ([], [str(tmp_path / "allowed")]):
        bench = Bench(Tools(on=["read_file"], folders=folders))
        benches.append(bench)
        use = await bench.use()
        assert use
        seen.append(await use.toolbox.run(ToolCall("read_file", {"path": "x"})))
        path = str(tmp_path / ("allowed" if not folders else "working") / "x")
        assert "not in an allowed folder" in await use.toolbox.run(ToolCall("read_file", {"path": path}))
    assert seen == ["working", "allowed"]


async def test_a_user_who_does_not_exist_is_a_trouble(benches: list[Bench]) -> None:
    nobody = "~nobody-of-that-name"
    bench = Bench(Tools(on=[nobody, "now"], files=[f"{nobody}/x.py"], folders=[nobody]))
    benches.append(bench)
    assert await bench.use()
    told = [error.sentence for error in bench.take_troubles()]
    assert told == [f"There is no file {Path.cwd() / nobody / 'x.py'}.", f"There is no tool {nobody}."]


@pytest.mark.skipif(sys.platform == "win32", reason="does not remove a directory that is in use")
async def test_without_a_working_directory_no_folder_is_allowed(
    tmp_path: Path, benches: list[Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    bench = Bench(Tools(on=["read_file"]))
    benches.append(bench)
    use = await bench.use()
    assert use
    assert await use.toolbox.run(ToolCall("read_file", {"path": "x"})) == "No folder is allowed."


async def test_where_nobody_can_be_asked_only_what_is_allowed_runs(path: Path, benches: list[Bench]) -> None:
    bench = Bench(Tools(files=[str(path)]), ToolsGiven(["mine", "more"], ["mine"]))
    benches.append(bench)
    use = await bench.use()
    assert use
    assert use.approver
    call = ToolCall("mine", {})
    assert await use.approver.decide(call) == call
    bench.check()
    await use.approver.decide(ToolCall("more", {}))
    with pytest.raises(ToolNotAllowed, match="wanted to use more"):
        bench.check()
