"""What an answer costs this client, beside a plain loop of the official `ollama` package.

    python -m venv bench && bench/bin/pip install ollama
    .venv/bin/python benchmarks/client.py --official bench/bin/python

Every client runs in a process of its own and is asked for answers of so many chunks, one a token and sent
as fast as the connection takes them, as Ollama frames them. CPU is user and system time of that process,
for the answer alone: starting and importing is not counted. Of several runs the least counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from contextlib import aclosing
from multiprocessing import Process, Queue

SIZES = (2_000, 8_000, 32_000)
RUNS = 5
ASKED = 200
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"

OFFICIAL = """
import json, sys, time, ollama
client = ollama.Client(host=sys.argv[1])
def ask(size):
    for part in client.chat(model=str(size), messages=[{"role": "user", "content": "hi"}], stream=True):
        part.message.content
ask(10)
least = {}
for size in json.loads(sys.argv[2]) * int(sys.argv[3]):
    begun = time.process_time()
    ask(size)
    least[size] = min(least.get(size, 9e9), time.process_time() - begun)
print(json.dumps(least))
"""


def chunk(content: str, **more: object) -> bytes:
    line = {
        "model": "qwen3:8b",
        "created_at": "2026-08-22T01:02:03.120003456Z",
        "message": {"role": "assistant", "content": content},
        "done": False,
        **more,
    }
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST = chunk("", done=True, done_reason="stop", eval_count=1, eval_duration=1) + b"0\r\n\r\n"


def serve(listener: socket.socket, arrivals: Queue[float]) -> None:
    """Answer with as many chunks as the model's name says; those of `slow` tell when they were sent."""
    replies = {
        str(size): HEAD + b"".join(chunk(f" word{number % 100}") for number in range(size)) + LAST
        for size in (10, *SIZES)
    }

    def meet(peer: socket.socket) -> None:
        reader = peer.makefile("rb")
        while reader.readline():
            arrived = time.monotonic()
            head = dict(line.lower().split(b": ") for line in iter(reader.readline, b"\r\n"))
            model = json.loads(reader.read(int(head[b"content-length"])))["model"]
            if model != "slow":
                peer.sendall(replies[model])
                continue
            arrivals.put(arrived)
            peer.sendall(HEAD)
            for _ in range(ASKED):
                time.sleep(0.005)
                peer.sendall(chunk(repr(time.monotonic())))
            peer.sendall(LAST)

    while True:
        peer, _ = listener.accept()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=meet, args=(peer,), daemon=True).start()


async def ask(url: str, model: str, kind: str) -> list[tuple[str, float]]:
    """Run an answer to its end; return its texts and when each came."""
    from ollama_chat_tui.backends.client import OllamaClient
    from ollama_chat_tui.backends.hosts import parse_host
    from ollama_chat_tui.chat.conversation import Conversation
    from ollama_chat_tui.chat.engine import run_turn
    from ollama_chat_tui.chat.events import TextDelta
    from ollama_chat_tui.chat.message import Message, Role
    from ollama_chat_tui.chat.protocols import ChatRequest
    from ollama_chat_tui.chat.settings import Settings

    question = Message(Role.USER, "hi")
    conversation = Conversation()
    conversation.append(question)
    came: list[tuple[str, float]] = []
    async with OllamaClient(parse_host(url)) as client:
        async with aclosing(client.chat(ChatRequest(Settings("10"), [question]))) as warm:
            async for _ in warm:
                pass
        begun = time.process_time(), time.monotonic()
        if kind == "chat":
            async with aclosing(client.chat(ChatRequest(Settings(model), [question]))) as pieces:
                async for _ in pieces:
                    pass
        else:
            async with aclosing(run_turn(conversation, Settings(model), client)) as events:
                came = [
                    (event.text, time.monotonic()) async for event in events if isinstance(event, TextDelta)
                ]
        spent = time.process_time() - begun[0]
    return [("begun", begun[1]), ("spent", spent), *came]


def ours(url: str, kind: str, told: Queue[dict[int, float]]) -> None:
    least: dict[int, float] = {}
    for size in SIZES * RUNS:
        spent = asyncio.run(ask(url, str(size), kind))[1][1]
        least[size] = min(least.get(size, spent), spent)
    told.put(least)


def cost_of_ours(url: str, kind: str) -> dict[int, float]:
    told: Queue[dict[int, float]] = Queue()
    process = Process(target=ours, args=(url, kind, told))
    process.start()
    least = told.get()
    process.join()
    return least


def cost_of_official(url: str, python: str) -> dict[int, float]:
    command = [python, "-c", OFFICIAL, url, json.dumps(SIZES), str(RUNS)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {int(size): spent for size, spent in json.loads(out).items()}


def latencies(url: str, arrivals: Queue[float]) -> tuple[float, float]:
    """Median milliseconds from submitting to the request's arrival, and from a chunk sent to its event."""
    sending, receiving = [], []
    for _ in range(5):
        told = asyncio.run(ask(url, "slow", "turn"))
        sending.append(arrivals.get() - told[0][1])
        receiving += [came - float(sent) for sent, came in told[2:]]
    return statistics.median(sending) * 1e3, statistics.median(receiving) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--official", metavar="PYTHON", help="an interpreter that has the `ollama` package")
    official = parser.parse_args().official
    listener = socket.create_server(("127.0.0.1", 0))
    arrivals: Queue[float] = Queue()
    server = Process(target=serve, args=(listener, arrivals), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    rows = {"OllamaClient.chat": cost_of_ours(url, "chat"), "run_turn": cost_of_ours(url, "turn")}
    if official:
        rows["ollama (official)"] = cost_of_official(url, official)
    print(f"CPU seconds an answer, least of {RUNS}; Python {sys.version.split()[0]}, {os.cpu_count()} CPUs\n")
    print(f"{'':20}" + "".join(f"{size:>9,}" for size in SIZES) + "   32k/8k  of official at 32k")
    for name, spent in rows.items():
        share = f"{spent[32_000] / rows['ollama (official)'][32_000]:15.2f} ×" if official else ""
        figures = "".join(f"{spent[size]:9.3f}" for size in SIZES)
        print(f"{name:20}{figures}{spent[32_000] / spent[8_000]:9.2f}{share}")
    sending, receiving = latencies(url, arrivals)
    print(
        f"\nmedians: from submit to the request's arrival {sending:.2f} ms,"
        f" from a chunk sent to its event {receiving:.2f} ms"
    )
    server.terminate()


if __name__ == "__main__":
    main()
