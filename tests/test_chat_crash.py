"""The real chat, killed at random moments: what was acknowledged is there, and of an answer nearly all."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ollama_chat_tui.chat.message import Ending, Role
from ollama_chat_tui.sessions.session import Entry, read_session
from tests.command import COMMAND, fresh_home
from tests.scripted_replies import Peer, answer, end, head, lines, text
from tests.scripted_server import ScriptedServer

CHATS, AT_ONCE = 60, 10
LONGEST_ANSWER_S = 2.5
FAR_TOO_MUCH_S = 2.0  # on a machine that runs other tests, too; benchmarks/crashes.py holds one second
WORD_S = 0.02
CURSOR_QUESTION, CURSOR_ANSWER = b"\x1b[6n", b"\x1b[1;1R"


class Chat:
    """The command in a pty that nobody looks at; what it asks of a terminal is answered."""

    def __init__(self, home: dict[str, str], typed: bytes) -> None:
        self._master, slave = os.openpty()
        self.process = subprocess.Popen(
            COMMAND, stdin=slave, stdout=slave, stderr=slave, env=home, start_new_session=True
        )
        os.close(slave)
        os.write(self._master, typed)
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        with suppress(OSError):  # the other end is gone
            while data := os.read(self._master, 65536):
                os.write(self._master, CURSOR_ANSWER * data.count(CURSOR_QUESTION))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reading.join()
        os.close(self._master)


class Words:
    """An answer that comes word by word, and when each word was sent."""

    def __init__(self) -> None:
        self.sent_s: list[float] = []

    async def __call__(self, peer: Peer) -> None:
        while True:
            await lines(text(f"w{len(self.sent_s)} "))(peer)
            self.sent_s.append(time.monotonic())
            await asyncio.sleep(WORD_S)


def kill_one(home: Path, moment_s: float) -> list[str]:
    """Kill one chat that long into its second answer; returns what is wrong with what it left."""
    words = Words()
    with ScriptedServer() as server:
        server.answers_loads = True
        server.enqueue(*answer("The first ", "answer."))
        server.enqueue(head(), words, end())
        chat = Chat(fresh_home(home, OLLAMA_HOST=server.url), b"one\rtwo\r")
        try:
            server.wait_for("/api/chat", 1)
            time.sleep(moment_s)
        finally:
            killed_s = time.monotonic()
            chat.kill()
    (path,) = home.rglob("sessions/*.jsonl")
    session = read_session(path)
    faults = [notice.sentence for notice in session.notices if "never finished" not in notice.sentence]
    branch = session.branch()
    whole, last = branch[:3], branch[3:]
    said = [(entry.said.role, entry.said.content, entry.said.ending) for entry in whole]
    if said != [
        (Role.USER, "one", Ending.COMPLETE),
        (Role.ASSISTANT, "The first answer.", Ending.COMPLETE),
        (Role.USER, "two", Ending.COMPLETE),
    ]:
        faults.append(f"of what was acknowledged there is only {said}")
    return [*faults, *faults_of(last, words, killed_s)]


def faults_of(answers: Sequence[Entry], words: Words, killed_s: float) -> list[str]:
    content = "".join(answer.said.content for answer in answers)
    count = content.count(" ")
    faults = []
    if content != "".join(f"w{number} " for number in range(count)):
        faults.append(f"not what was sent: {content}")
    if any(answer.said.ending is not Ending.INTERRUPTED for answer in answers):
        faults.append("a killed answer is said to be whole")
    old = sum(sent_s < killed_s - FAR_TOO_MUCH_S for sent_s in words.sent_s)
    if count < old:
        faults.append(f"{old - count} words of more than {FAR_TOO_MUCH_S} s ago are lost")
    return faults


def test_sixty_chats_that_are_killed_lose_next_to_nothing(tmp_path: Path) -> None:
    moments = random.Random(1)
    runs = [(tmp_path / str(number), moments.uniform(0, LONGEST_ANSWER_S)) for number in range(CHATS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        left = list(pool.map(lambda run: kill_one(*run), runs))
    assert [faults for faults in left if faults] == []
