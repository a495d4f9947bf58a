"""Chats that are killed in the middle, and what is left of them.

    python -m tests.sessions.crashing DIRECTORY RUNS SEED

Every run is a process that chats in a directory of its own until it is killed with SIGKILL at a random
moment. It notes what it was told is saved, and when it showed which word, in a file that is no session.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ollama_chat_tui.chat.calls import ToolUse
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Metrics, Phase, TextDelta
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.chat.protocols import ChatRequest, Delta, ToolFacts
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.recorder import SessionRecorder
from ollama_chat_tui.sessions.session import Damage
from tests.sessions.chat import SETTINGS

AT_ONCE = 30
LONGEST_S = 3.0
WORD_S = 0.01


class _Model:
    """Talks at the pace of a model, sometimes calls a tool first."""

    def __init__(self, chance: random.Random, turn: int) -> None:
        self._words = [f"{turn}.{word} " for word in range(chance.choice([3, 60, 250]))]
        self._calls = chance.random() < 0.3

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        if self._calls:
            self._calls = False
            yield Delta("Let me look. ", tool_calls=(ToolCall("look", {"at": "it"}),))
            yield Delta(metrics=Metrics())
            return
        for word in self._words:
            await asyncio.sleep(WORD_S)
            yield Delta(word)
        yield Delta(metrics=Metrics())


class _Tools:
    def declarations(self) -> Sequence[dict[str, object]]:
        return [{"type": "function"}]

    def facts(self) -> dict[str, ToolFacts]:
        return {"look": ToolFacts()}

    async def run(self, call: ToolCall) -> str:
        await asyncio.sleep(WORD_S)
        return "seen"


async def _chat(directory: Path, chance: random.Random) -> None:
    recorder, conversation = SessionRecorder(directory / "sessions"), Conversation()
    log = os.open(directory / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for turn in range(1000):
        conversation.append(Message(Role.USER, f"Question {turn}"))
        await recorder.save(conversation, SETTINGS)
        os.write(log, f"saved {len(conversation.nodes)}\n".encode())
        model, tools = _Model(chance, turn), ToolUse(_Tools())
        async for event in recorder.follow(run_turn(conversation, SETTINGS, model, tools=tools)):
            if isinstance(event, TextDelta):
                os.write(log, f"word {time.monotonic()} {event.text.strip()}\n".encode())
        await recorder.save(conversation, SETTINGS)
        if chance.random() < 0.2:
            conversation.retry()
            await recorder.save(conversation, SETTINGS)
        os.write(log, f"saved {len(conversation.nodes)}\n".encode())


def _crash(directory: Path, runs: Sequence[int], seed: int) -> None:
    """Start a process for every run, and kill each when its time has come."""
    doomed = []
    for run in runs:
        chance = random.Random(f"{seed} {run}")
        place = directory / str(run)
        place.mkdir()
        kill_at_s = time.monotonic() + chance.uniform(0, LONGEST_S)
        if not (pid := os.fork()):
            signal.alarm(60)  # should nobody be left to kill it
            asyncio.run(_chat(place, chance))
        doomed.append((kill_at_s, pid, place))
    for kill_at_s, pid, place in sorted(doomed):
        time.sleep(max(0, kill_at_s - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        (place / "killed").write_text(str(time.monotonic()))


@dataclass
class Remains:
    """What is left of a run.

    Attributes:
        lost_s: how long before the end the first lost word was shown.
    """

    directory: Path
    lost_s: float = 0
    is_torn: bool = False
    faults: list[str] = field(default_factory=list)


def look(directory: Path) -> Remains:
    """Open the session of a killed run, and compare it with what the run had been told."""
    remains = Remains(directory)
    lines = _lines(directory / "log")
    saved = max((int(line[1]) for line in lines if line[0] == "saved"), default=0)
    path = next((directory / "sessions").glob("*.jsonl"), None)
    if path is None:
        remains.faults += ["no session"] * bool(saved)
        return remains
    loaded = load(path)
    damage = {notice.damage for notice in loaded.session.notices}
    remains.is_torn = Damage.TORN in damage
    if damage - {Damage.TORN}:
        remains.faults.append(f"reported {loaded.notices}")
    if len(loaded.session.entries) < saved:
        remains.faults.append(f"{saved} messages were saved, {len(loaded.session.entries)} are there")
    loaded.conversation.for_request()
    text = " ".join(node.message.content for node in loaded.conversation.nodes)
    there = set(text.split())
    acknowledged = lines[: max((at for at, line in enumerate(lines) if line[0] == "saved"), default=0)]
    if not all(there.issuperset(line[2:]) for line in acknowledged if line[0] == "word"):
        remains.faults.append("words of a message that was saved are not there")
    killed_s = float((directory / "killed").read_text())
    shown = [(float(line[1]), line[2:]) for line in lines if line[0] == "word"]
    lost = [at for at, words in shown if not there.issuperset(words)]
    remains.lost_s = killed_s - lost[0] if lost else 0
    return remains


def crash(directory: Path, count: int, seed: int) -> list[Remains]:
    """Kill so many chats; nothing of them is left running."""
    for first in range(0, count, AT_ONCE):
        _crash(directory, range(first, min(first + AT_ONCE, count)), seed)
    return [look(directory / str(run)) for run in range(count)]


def _lines(log: Path) -> list[list[str]]:
    if not log.exists():
        return []
    return [line.split() for line in log.read_text().splitlines() if line.count(" ")]


if __name__ == "__main__":
    left = crash(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    for remains in left:
        for fault in remains.faults:
            sys.stdout.write(f"{remains.directory.name}: {fault}\n")
    sys.stdout.write(f"lost at most {max(remains.lost_s for remains in left):.2f} s of an answer\n")
    sys.exit(any(remains.faults for remains in left))
