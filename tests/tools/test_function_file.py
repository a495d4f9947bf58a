"""Files of functions, run in real processes of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from textwrap import dedent

import pytest

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.chat.protocols import Effect
from ollama_chat_tui.errors import BadTools
from ollama_chat_tui.tools.function_file import FunctionFile
from ollama_chat_tui.tools.registry import Registry
from tests.scripted_replies import PATIENCE_S
from tests.waiting import until

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="uses a FIFO, a signal or a shell")


KILLED = """
import asyncio
from pathlib import Path
from ollama_chat_tui.tools.function_file import FunctionFile
async def main():
    tools = await FunctionFile(Path({path!r})).load()
    await tools[0].run({{}})
asyncio.run(main())
"""


class Filed:
    """A file of functions and the registry they are in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = FunctionFile(path)
        self.registry = Registry()

    async def load(self, source: str) -> list[str]:
        self.path.write_text(dedent(source))
        return self.registry.put(str(self.path), await self.file.load())

    async def call(self, name: str, **arguments: object) -> str:
        return await self.registry.run(ToolCall(name, arguments))


@pytest.fixture
async def filed(tmp_path: Path) -> AsyncIterator[Filed]:
    filed = Filed(tmp_path / "my tools.py")
    yield filed
    await filed.file.aclose()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_every_public_function_is_a_tool_sync_or_async(filed: Filed) -> None:
    names = await filed.load(
        """
        import asyncio, json
        from pathlib import Path
        from textwrap import dedent
        def double(number: int) -> int:
            'Double a number.'
            return 2 * number
        async def later(text: str) -> dict:
            await asyncio.sleep(0)
            return {"text": text, "where": Path("/x")}
        def nothing(): ...
        def _private(): ...
        class Thing: ...
        """
    )
    assert names == ["double", "later", "nothing"]
    assert await filed.call("double", number="21") == "42"
    assert await filed.call("later", text="é") == '{"text":"é","where":"/x"}'
    assert await filed.call("nothing") == "Done; there is no result to show."
    assert "Expected `int`" in await filed.call("double", number="many")


async def test_the_decorator_chooses_and_says_more(filed: Filed) -> None:
    names = await filed.load(
        """
        from ollama_chat_tui.tools import tool
        def helper(): ...
        @tool
        def plain(): ...
        @tool(name="look", reads_only=True, repeatable=True, time_limit_s=1.5)
        def other(): return "seen"
        """
    )
    assert names == ["plain", "look"]
    look = filed.registry.tool("look")
    assert look
    assert (look.facts.effect, look.facts.is_repeatable, look.time_limit_s) == (Effect.READS, True, 1.5)
    assert await filed.call("look") == "seen"


@posix_only
async def test_what_is_printed_goes_into_the_result_and_nowhere_else(
    filed: Filed, capfd: pytest.CaptureFixture[str]
) -> None:
    await filed.load(
        r"""
        import os, subprocess, sys
        sys.stdout.reconfigure(encoding="utf-8")
        print("at import \x1b[2J")
        def speak():
            print("aloud"); print("and in anger", file=sys.stderr)
            os.write(1, b"below \x1b[2J\n"); subprocess.run(["echo", "child"])
            return "said"
        def shout():
            for _ in range(10_000): print("x" * 1000, file=sys.stderr)
        def bytewise(): print("é\ud800"); sys.stdout.buffer.write(b"\xff raw")
        def ask(): return input("Yes? ")
        """
    )
    assert await filed.call("speak") == "said\n\nIt printed:\naloud\nand in anger"
    assert len(await filed.call("shout")) < 30_000
    assert await filed.call("bytewise") == "It printed:\né?\n\ufffd raw"
    assert (await filed.call("ask")).startswith("ask failed: EOFError")
    assert capfd.readouterr() == ("", "")


@posix_only
async def test_whatever_a_function_does_is_a_result(filed: Filed) -> None:
    await filed.load(
        """
        import os, sys, signal
        def broken(): return {}["no"]
        def leaving(): sys.exit(3)
        def dying(): os._exit(3)
        def crashing(): os.kill(os.getpid(), signal.SIGSEGV)
        def round_and_round():
            it = []; it.append(it); return it
        def huge(): return "a" * 5_000_000 + "the end"
        def surrogate(): return "\\ud800"
        class Mute(BaseException):
            def __str__(self): raise KeyboardInterrupt
        def mute(): raise Mute
        def closing(): print("before"); sys.stdout.close(); return "closed"
        def fine(): return "fine"
        """
    )
    assert await filed.call("broken") == "broken failed: KeyError: 'no' (line 3)."
    assert (await filed.call("leaving")).startswith("leaving failed: SystemExit: 3")
    assert await filed.call("dying") == "dying ended the process that ran it."
    assert await filed.call("crashing") == "crashing ended the process that ran it."
    assert "RecursionError" in await filed.call("round_and_round")
    huge = await filed.call("huge")
    assert len(huge) < 1_000_000
    assert huge.count("are left out here") == 1
    assert huge.endswith("the end")
    assert await filed.call("surrogate") == "?"
    assert await filed.call("mute") == "mute failed: Mute (line 13)."
    assert await filed.call("closing") == "closed\n\nIt printed:\nbefore"
    assert await filed.call("fine") == "fine"


@posix_only
async def test_a_fork_answers_no_call_and_holds_none_up(filed: Filed, tmp_path: Path) -> None:
    fifo, note = tmp_path / "fifo", tmp_path / "pid"
    os.mkfifo(fifo)
    await filed.load(
        f"""
        import os
        def split(): return "child" if os.fork() == 0 else "parent"
        def fine(): return "fine"
        def leave():
            if os.fork() == 0:
                os.setsid(); open({str(note)!r}, "w").write(str(os.getpid())); open({str(fifo)!r}).read()
                os._exit(0)
            while not os.path.exists({str(note)!r}): pass
            os._exit(3)
        """
    )
    assert await filed.call("split") == "parent"
    assert [await filed.call("fine") for _ in range(3)] == ["fine"] * 3
    async with asyncio.timeout(PATIENCE_S):
        assert await filed.call("leave") == "leave ended the process that ran it."
    assert is_running(int(note.read_text()))
    os.close(os.open(fifo, os.O_WRONLY))


@posix_only
async def test_one_that_hangs_is_ended_with_what_it_started(filed: Filed, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    await filed.load(
        f"""
        import os, subprocess, time
        from ollama_chat_tui.tools import tool
        @tool(time_limit_s=1)
        def hang():
            child = subprocess.Popen(["sleep", "1000"])
            open({str(note)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
            while True: pass
        @tool
        def fine(): return "fine"
        """
    )
    assert await filed.call("hang") == "hang took over 1 s and was stopped."
    await until(lambda: not any(is_running(int(pid)) for pid in note.read_text().split()))
    assert await filed.call("fine") == "fine"


@posix_only
async def test_one_that_never_ends_ends_with_a_chat_that_is_killed(tmp_path: Path) -> None:
    path, note = tmp_path / "mine.py", tmp_path / "pid"
    path.write_text(
        f"import os, subprocess\ndef hang():\n"
        f"    child = subprocess.Popen(['sleep', '1000'])\n"
        f"    open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}} ')\n"
        f"    while True: pass\n"
    )
    chat = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED.format(path=str(path))), start_new_session=True
    )
    await until(lambda: note.exists() and note.read_text().endswith(" "))
    chat.kill()
    await chat.wait()
    await until(lambda: not any(is_running(int(pid)) for pid in note.read_text().split()))


async def test_cancelling_ends_the_function(filed: Filed, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    await filed.load(
        f"""
        import os, time
        def hang():
            open({str(note)!r}, "w").write(str(os.getpid()) + " "); time.sleep(1000)
        """
    )
    call = asyncio.create_task(filed.call("hang"))
    await until(lambda: note.exists() and note.read_text().endswith(" "))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert not is_running(int(note.read_text()))


@posix_only
async def test_calls_at_the_same_time_run_at_the_same_time(filed: Filed, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    await filed.load(
        f"""
        def give(): open({str(fifo)!r}, "w").write("met"); return "gave"
        def take(): return open({str(fifo)!r}).read()
        """
    )
    results = await asyncio.gather(filed.call("take"), filed.call("give"))
    assert list(results) == ["met", "gave"]


async def test_loading_again_takes_what_was_edited(filed: Filed) -> None:
    await filed.load("def one(): return 1\ndef gone(): ...\n")
    filed.registry.turn("one", on=False)
    assert await filed.load("def one(): return 'changed'\ndef two(): ...\n") == ["one", "two"]
    assert [(each.tool.name, each.is_on) for each in filed.registry.listed()] == [
        ("one", False),
        ("two", True),
    ]
    filed.registry.turn("one", on=True)
    assert await filed.call("one") == "changed"


async def test_what_was_edited_and_not_loaded_again_is_said(filed: Filed) -> None:
    await filed.load("def one(): return 1\n")
    await filed.file.aclose()
    filed.path.write_text("def two(): return 2\n")
    reload = "/tools reload reads the file anew."
    assert await filed.call("one") == f"my tools.py has no function one any more. {reload}"
    await filed.file.aclose()
    filed.path.write_text("def one(: return 1\n")
    result = await filed.call("one")
    assert result.startswith("my tools.py cannot be loaded: SyntaxError")
    assert result.endswith(reload)


@posix_only
async def test_a_process_that_ends_between_calls_is_replaced(filed: Filed, tmp_path: Path) -> None:
    await filed.load("import os\ndef who(): return os.getpid()\n")
    process = int(await filed.call("who"))
    os.kill(process, signal.SIGKILL)
    await until(lambda: not filed.file._idle[0].is_running)
    assert (await filed.call("who")).isdecimal()


async def test_iterators_are_results_as_lists_are(filed: Filed) -> None:
    await filed.load(
        """
        def count():
            yield 1
            yield 2
        def doubled(): return {"all": map(str, [1, 2])}
        def breaking():
            yield 1
            raise KeyError("no")
        """
    )
    assert await filed.call("count") == "[1,2]"
    assert await filed.call("doubled") == '{"all":["1","2"]}'
    assert await filed.call("breaking") == "breaking failed: KeyError: 'no' (line 8)."


@pytest.mark.parametrize("marks", ["@tool\n@cache", "@cache\n@tool"])
async def test_what_is_marked_below_other_decorators_keeps_the_rest_from_being_offered(
    filed: Filed, marks: str
) -> None:
    names = await filed.load(
        "from functools import cache\nfrom ollama_chat_tui.tools import tool\n"
        f"def remove(): ...\n{marks}\ndef look(number: int): return number\n"
    )
    assert names == ["look"]
    assert await filed.call("look", number=3) == "3"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(:", "SyntaxError: invalid syntax (line 1)"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module' (line 1)"),
        ("import sys; sys.exit()", "SystemExit (line 1)"),
        ("import os; os._exit(0)", "ended the process that loaded it"),
        ("raise ValueError('a' * 20_000_000)", "ValueError: aaa"),
        ("raise ValueError('one\\ntwo')", "ValueError: one two"),
        ("x = 1", "has no public functions"),
        (
            "from ollama_chat_tui.tools import tool\n@tool(name='f')\ndef one(): ...\n"
            "@tool(name='f')\ndef two(): ...\n",
            "my tools.py has two tools with the name f",
        ),
        ("def f(*a): ...", "f cannot be a tool"),
        ("def f(a: complex): ...", "f cannot be a tool"),
    ],
)
async def test_a_file_that_cannot_be_loaded_is_an_error_in_one_sentence(
    filed: Filed, source: str, said: str
) -> None:
    with pytest.raises(BadTools) as error:
        await filed.load(source)
    assert said in error.value.sentence
    assert "\n" not in error.value.sentence


@pytest.mark.parametrize("name", ["none.py", "a" * 300 + ".py", "a\0.py", "~nobody-of-that-name/x.py"])
async def test_a_file_that_is_not_there_is_said(name: str) -> None:
    with pytest.raises(BadTools, match=r"There is no file"):
        await FunctionFile(Path(name)).load()


async def test_a_file_in_the_working_directory_does_not_stand_in_for_a_library(
    filed: Filed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "msgspec.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(other)
    assert await filed.load("def fine(): return 1") == ["fine"]
