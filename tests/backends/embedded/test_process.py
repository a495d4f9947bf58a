"""The engine in a process of its own: what it writes, what it leaves behind, how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ollama_chat_tui.backends.embedded.engine import Engine
from ollama_chat_tui.backends.embedded.model import EmbeddedModel
from ollama_chat_tui.backends.embedded.option import LoadOptions

PREPARE = """
import asyncio, httpx, sys
from pathlib import Path
from ollama_chat_tui.backends.embedded.model import model_from_file
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport

client = httpx.AsyncClient(transport=EmbeddedTransport(model_from_file(Path(sys.argv[1]))), base_url="http://e")
name = model_from_file(Path(sys.argv[1])).name
endless = {"type": "array", "items": {"type": "integer"}, "minItems": 1000}
chat = {"model": name, "messages": [{"role": "user", "content": "Hi"}], "options": {"num_thread": 1}}

async def begin():
    request = client.build_request("POST", "/api/chat", json=chat | {"format": endless})
    begun.append((await client.send(request, stream=True)).aiter_bytes())
    await anext(begun[0])

begun = []
"""


def run(script: str, model_file: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-X", "dev", "-c", PREPARE + script, str(model_file)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A directory for temporary files, empty before and after; `tmp_path` is too deep for a socket."""
    with tempfile.TemporaryDirectory(prefix="e-") as name:
        yield Path(name)
        assert list(Path(name).iterdir()) == []


ENDINGS = {
    "returns in the middle of an answer": "async def main(): await begin()\nasyncio.run(main())",
    "raises in the middle of an answer": (
        "async def main():\n    await begin()\n    raise SystemExit(0)\nasyncio.run(main())"
    ),
    "closes the loop under an answer": (
        "loop = asyncio.new_event_loop()\nloop.run_until_complete(begin())\nloop.close()\n"
        "import time\n"
        "def used():\n    t = time.process_time(); time.sleep(0.5); return time.process_time() - t\n"
        "assert any(used() < 0.05 for _ in range(20)), 'still at work'"
    ),
    "loads and leaves": (
        "async def main(): await client.post('/api/chat', json={'model': name})\nasyncio.run(main())"
    ),
    "closes at once": (
        "async def main():\n    for _ in range(5):\n"
        "        await client.post('/api/chat', json={'model': name})\n"
        "        await client.post('/api/chat', json={'model': name, 'keep_alive': 0})\n"
        "    await client.aclose()\nasyncio.run(main())"
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_process_ends_in_peace_and_leaves_nothing(ending: str, model_file: Path, temporary: Path) -> None:
    ended = run(ENDINGS[ending], model_file, temporary)
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr
    assert "Traceback" not in ended.stderr, ended.stderr


def test_nothing_is_written_by_answers_and_refusals(model_file: Path, temporary: Path) -> None:
    script = r"""
async def main():
    asyncio.get_running_loop().slow_callback_duration = 60  # a busy machine is told of, too
    async with client:
        for fields in (
            {},
            {"messages": [{"role": "user", "content": "word " * 9000}]},
            {"format": {"type": "nope"}},
            {"format": {"type": "string", "pattern": "^(?=x)y$"}},
            {"format": {"type": "string", "pattern": "\\d+"}},
            {"format": {"type": "string", "minLength": 9999}},
            {"options": {"num_predict": 3, "repeat_penalty": 0}},
            {"options": {"num_predict": 3, "num_ctx": 512}},
        ):
            await client.post("/api/chat", json=chat | {"options": {"num_predict": 3}} | fields)
asyncio.run(main())
"""
    ended = run(script, model_file, temporary)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.skipif(not Path("/proc/net/unix").exists(), reason="reads Linux's table of sockets")
def test_no_port_is_open_and_no_socket_can_be_reached(model_file: Path, temporary: Path) -> None:
    script = """
import os
async def main():
    async with client:
        await client.post("/api/chat", json={"model": name})
        inodes = {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if
                  os.path.exists(f"/proc/self/fd/{fd}") or os.path.islink(f"/proc/self/fd/{fd}")}
        for table in ("tcp", "tcp6"):
            for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                assert f"socket:[{row.split()[9]}]" not in inodes, row
        assert os.listdir(os.environ["TMPDIR"]) == []
asyncio.run(main())
"""
    ended = run(script, model_file, temporary)
    assert ended.returncode == 0, ended.stderr


async def test_where_no_socket_can_lie_a_key_guards_the_port(
    model: EmbeddedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    engine = Engine(model.path)
    await engine.load(LoadOptions(512, 128, 1, True))
    address = engine._server.listening_address
    async with httpx.AsyncClient(base_url=address, trust_env=False) as stranger:
        for path in ("/v1/chat/completions", "/chat/completions", "/completion", "/tokenize", "/props"):
            assert (await stranger.post(path, json={})).status_code == 401, path
        for path in ("/slots", "/metrics", "/v1/models", "/lora-adapters"):
            assert (await stranger.get(path)).status_code == 401, path
        assert (await stranger.get("/")).status_code == 404
    await engine.aclose()
