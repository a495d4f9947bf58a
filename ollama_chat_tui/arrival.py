"""What follows when it is known who answers: the welcome, what others want to know of it, a preload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.commands.context import Context, Found
from ollama_chat_tui.errors import BackendError, ChatError
from ollama_chat_tui.schemas.check import limit_lines
from ollama_chat_tui.sessions.changes import Server
from ollama_chat_tui.startup import Opening
from ollama_chat_tui.status import Status
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.welcome import welcome


async def arrive(
    context: Context,
    opening: Opening,
    status: Status,
    notices: Notices,
    refresh: Callable[[], None],
    *,
    preloads: bool,
) -> None:
    """Say who answers, or that nobody does; `refresh` is called whenever the bar has something new to say."""
    try:
        found = status.answerer = await opening.answerer()
        context.settings = replace(context.settings, model=context.settings.model or found.model)
        refresh()
        await learn(context, found)
        says, next_step = welcome(found, context.settings.model, context.model_names)
        notices.show(says)
        notices.whisper(next_step)
        for limit in limit_lines(context.settings.format):
            notices.whisper(limit)
        for error in context.registry.troubles:
            notices.complain(error)
        if context.tools.is_wanted:
            await context.tools.open()
            refresh()
            for error in context.tools.take_troubles():
                notices.complain(error)
            if lack := await context.lack_of_tools():
                notices.complain(lack)
        if preloads:
            await _load_model(context, status, refresh, found.client)
    except ChatError as error:
        notices.complain(error)


async def learn(context: Context, found: Found) -> None:
    """Ask a server what completion and sessions want to know of it.

    Raises:
        BackendError: it does not say which models it has.
    """
    models = await found.client.installed()
    context.model_names = [model.name for model in models]
    version = ""
    with suppress(BackendError):
        version = await found.client.version()
    digests = {model.name: model.digest for model in models}
    context.keeping.answered_by(Server(found.client.host.label, version, digests))


async def _load_model(
    context: Context, status: Status, refresh: Callable[[], None], client: OllamaClient
) -> None:
    """Load the model as it will be asked, so that the first question need not wait for it."""
    loading = asyncio.create_task(client.load(context.settings))
    with status.loading():
        while not loading.done():
            await asyncio.wait({loading}, timeout=1)
            refresh()
    refresh()
    if not loading.cancelled():
        loading.exception()  # it will be said when it matters: at the first question
