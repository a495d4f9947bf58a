"""What is sent and what it costs, asked for in the chat."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ollama_chat_tui.backends.choice import EMBEDDED_HOST
from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.events import Metrics
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.errors import NothingThere, UsageError
from ollama_chat_tui.shown import Markdown
from tests.commands.conftest import NotedScreen, run
from tests.scripted_replies import answer
from tests.scripted_server import ScriptedServer

IMAGE = b"\x89PNG"


def files_in(folder: Path) -> list[Path]:
    return [*folder.glob("ollama-chat-*.json")]


def say(context: Context, role: Role, text: str, *images: bytes) -> None:
    store = context.conversation.images
    kept = tuple(Image(store.keep(data), "image/png", size_bytes=len(data)) for data in images)
    context.conversation.append(Message(role, text, images=kept))


async def test_the_request_is_that_of_the_next_question(context: Context) -> None:
    say(context, Role.USER, "What is this?", b"A" * 3000)
    say(context, Role.ASSISTANT, "A cat.")
    context.settings = replace(context.settings, system="Be brief.", options={"num_ctx": 4096})
    lines = (await run(context, "/request")).splitlines()
    assert [line.split()[1] for line in lines[1:] if line[:1].isdecimal()] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert any("image, 3.0 KB" in line for line in lines)
    assert any("of 4096 in the window" in line for line in lines)
    assert len(context.conversation.branch()) == 2


async def test_the_request_has_the_format_behind_the_question(context: Context) -> None:
    say(context, Role.USER, "Hello")
    say(context, Role.ASSISTANT, "Hi")
    await run(context, "/format json")
    shown = await run(context, "/request raw")
    assert isinstance(shown, Markdown)
    body = json.loads(shown.removeprefix("```json\n").removesuffix("\n```"))
    assert body["format"] == "json"
    assert [message["content"] for message in body["messages"]] == [
        "Hello",
        "Hi",
        "…\n\nAnswer with a JSON object and nothing else.",
    ]


async def test_an_unanswered_question_is_joined_with_the_next(context: Context) -> None:
    say(context, Role.USER, "Hello")
    body = await run(context, "/request raw")
    assert '"Hello\\n\\n…"' in body


@pytest.mark.parametrize("line", ["/request rude", "/curl loudly"])
async def test_what_means_nothing_is_refused(context: Context, line: str) -> None:
    with pytest.raises(UsageError, match="nothing that"):
        await run(context, line)


async def test_before_the_first_question_there_is_nothing_to_repeat(context: Context) -> None:
    for line in "/curl", "/stats":
        with pytest.raises(NothingThere):
            await run(context, line)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="bash and curl run it")
async def test_the_line_for_curl_sends_images_through_a_file(
    context: Context, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    say(context, Role.USER, "What's this?", IMAGE)
    conversation = context.conversation
    request = ChatRequest(Settings(""), conversation.for_request(), images=conversation.images)
    context.sent = request
    command = await run(context, "/curl")
    assert base64.b64encode(IMAGE).decode() not in command
    (file,) = files_in(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    server.enqueue(*answer("A cat."))
    await asyncio.to_thread(subprocess.run, ["bash", "-c", command], check=True, capture_output=True)
    assert server.to("/api/chat")[-1].body == b"".join(encode_chat(request.with_model("qwen3:8b")))


async def test_the_line_for_curl_goes_into_the_clipboard(context: Context, screen: NotedScreen) -> None:
    context.sent = ChatRequest(Settings("m"), [Message(Role.USER, "Hi")])
    assert await run(context, "/curl copy") == "Copied."
    assert screen.copied[0].startswith("curl ")


async def test_the_embedded_engine_has_no_address(context: Context) -> None:
    context.sent = ChatRequest(Settings("m"), [Message(Role.USER, "Hi")])
    await context.connect()
    context.client.host = EMBEDDED_HOST
    with pytest.raises(NothingThere) as caught:
        await run(context, "/curl")
    assert caught.value.sentence.startswith("The embedded engine has no address")
    assert "/host" in caught.value.hint


async def test_costs_are_shown_as_they_gather(context: Context) -> None:
    context.costs.append(Metrics(model="a", answer_tokens=10, answer_s=1.0))
    assert "whole session" not in await run(context, "/stats")
    context.costs.append(Metrics(model="a", answer_tokens=10, answer_s=0.5))
    shown = await run(context, "/stats")
    assert "20 tokens" in shown
    assert shown.endswith("▅█")


async def test_a_new_conversation_costs_nothing_yet(context: Context) -> None:
    context.costs.append(Metrics(model="a", answer_tokens=10))
    await run(context, "/new")
    assert context.costs == []
