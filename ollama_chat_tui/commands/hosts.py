"""Commands about servers: which there are and how they do, and going over to another one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.commands.config_words import host_names
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.config.keys import Host
from ollama_chat_tui.errors import BackendError, ChatError, ServerUnreachable
from ollama_chat_tui.preferences import access_to

STATE_TIMEOUT_S = 1.0


def register_host_commands(registry: Registry) -> None:
    """Add the commands of this topic; it goes on with the one before."""
    registry.command("host", arguments="[NAME | ADDRESS]", words=host_names)(choose_host)


async def choose_host(context: Context, text: str) -> str:
    """Show the servers, or go over to another one.

    The conversation stays, and so does the model if the server has it. Without an answer nothing changes.
    """
    if not text:
        return await _listed(context)
    hosts = context.preferences.config.hosts
    host = hosts.get(text) or Host(url=text)
    wanted = Wanted(host.url, access_to(host, context.preferences.variables))
    try:
        found = await context.opening.move(wanted, context.settings.model)
    except ServerUnreachable as error:
        if text not in hosts and (near := get_close_matches(text, hosts, n=1)):
            error.hint = f"Did you mean {near[0]}? {error.hint}"
        raise
    context.found, context.host = found, text
    context.settings = replace(context.settings, model=found.model)
    with suppress(BackendError):
        context.model_names = [model.name for model in await found.client.installed()]
    return f"Now talking to {found.model} at {found.client.host.label}."


async def _listed(context: Context) -> str:
    here = await _current(context)
    hosts = context.preferences.config.hosts
    states = await asyncio.gather(
        *(_state_of(host, context.preferences.variables) for host in hosts.values())
    )
    rows = []
    for (name, host), state in zip(hosts.items(), states, strict=True):
        label = parse_host(host.url).label
        rows.append(("›" if here and here.host.label == label else " ", name, label, state))
    if here and not any(row[0] == "›" for row in rows):
        rows.insert(0, ("›", "", here.host.label, await _state(here)))
    hint = [] if hosts else ["To give one a name: /config set hosts.NAME.url ADDRESS"]
    return "\n".join([*in_columns(rows), *hint])


async def _current(context: Context) -> OllamaClient | None:
    """Who answers; None while that is not known."""
    with suppress(ChatError, TimeoutError):
        async with asyncio.timeout(STATE_TIMEOUT_S):
            await context.connect()
        return context.client
    return None


async def _state_of(host: Host, variables: Mapping[str, str]) -> str:
    try:
        async with OllamaClient(parse_host(host.url), access_to(host, variables)) as client:
            return await _state(client)
    except ChatError as error:
        return error.sentence


async def _state(client: OllamaClient) -> str:
    began = time.monotonic()
    try:
        async with asyncio.timeout(STATE_TIMEOUT_S):
            version = await client.version()
    except TimeoutError:
        return f"no answer within {STATE_TIMEOUT_S:.0f} s"
    except ChatError as error:
        return error.sentence
    return f"Ollama {version}, {1000 * (time.monotonic() - began):.0f} ms"
