"""Commands that make an answer repeatable and its cost known: the request, a line for curl, figures."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from ollama_chat_tui.backends.curl import LONGEST_INLINE, chat_body, curl_command
from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.options import check_options
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.request_view import request_json, request_text
from ollama_chat_tui.commands.stats import stats_text
from ollama_chat_tui.commands.words import one_of
from ollama_chat_tui.errors import NothingThere, OutputFailed, UsageError
from ollama_chat_tui.shown import Markdown, json_block

NEXT_QUESTION = "…"


def register_reproduce_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("What is sent, and what it costs")
    registry.command("request", arguments="[raw]", words=one_of("raw"))(show_request)
    registry.command("curl", arguments="[copy]", needs_server=True, words=one_of("copy"))(show_curl)
    registry.command("stats")(show_stats)


async def show_request(context: Context, text: str) -> str:
    """Show what the next question would send.

    `raw` shows the body itself, but for the bytes of images. `…` stands for the question.
    """
    if text not in ("", "raw"):
        raise UsageError(f"“{text}” is nothing that /request shows.")
    request = next_request(context)
    if text == "raw":
        return Markdown(json_block(request_json(json.loads(b"".join(encode_chat(request))))))
    window = request.settings.options.get("num_ctx")
    return request_text(request, window if isinstance(window, int) else None)


def next_request(context: Context) -> ChatRequest:
    """What would be sent if `…` was asked now."""
    branch, settings = context.conversation.branch(), context.settings
    images = context.conversation.images
    conversation = Conversation.of(branch, branch[-1].id if branch else None, images)
    conversation.append(Message(Role.USER, NEXT_QUESTION))
    messages = conversation.for_request(settings.system, settings.format_request)
    return ChatRequest(settings, messages, context.tools.declarations(), images=images)


async def show_curl(context: Context, text: str) -> str:
    """Show a command for bash that asks the same again.

    It sends the last question to the server in force; images, and what else is long, lie in a file. `copy`
    puts it into the clipboard. Keys are not in it: `OLLAMA_API_KEY` is read when it runs.
    """
    if text not in ("", "copy"):
        raise UsageError(f"“{text}” is nothing that /curl does.")
    if context.sent is None:
        raise NothingThere("Nothing has been sent yet.", "/request shows what the next question would send.")
    host = context.client.host
    if host.title:
        raise NothingThere(
            f"{host.title[0].upper()}{host.title[1:]} has no address that curl could ask.",
            f"Start Ollama and go over to it: /host {DEFAULT_HOST.url}",
        )
    request = context.sent.with_model(context.settings.model)
    request = request.with_options(check_options(request.settings.options))
    body = chat_body(request)
    is_long = len(body) > LONGEST_INLINE or any(message.images for message in request.messages)
    command = curl_command(host, context.client.access, body, _kept(body) if is_long else None)
    return await context.screen.copy(command) if text else command


async def show_stats(context: Context, _: str) -> str:
    """Show what the last answer cost, and all of them."""
    if not context.costs:
        raise NothingThere("Nothing has been answered yet.")
    return stats_text(context.costs)


def _kept(body: bytes) -> Path:
    """Write a body where only the user may read it; it stays, for a command that may run at any time."""
    try:
        with tempfile.NamedTemporaryFile(prefix="ollama-chat-", suffix=".json", delete=False) as file:
            file.write(body)
    except OSError as exc:
        raise OutputFailed(f"The request cannot be written to a file: {exc.strerror}.") from exc
    return Path(file.name)
