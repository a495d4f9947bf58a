"""Whether the model can do what it is asked for: said before anything is sent, with the models that can.

A server does not check images at all (`ollama-api` 1.10), and its refusals name no model that could. Where it
does not tell what a model can, or not at once, the question is simply sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.names import full_name
from ollama_chat_tui.backends.wire import InstalledModel
from ollama_chat_tui.chat.events import Phase
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta
from ollama_chat_tui.errors import BackendError, CapabilityMissing
from ollama_chat_tui.startup import Answerer

TIMEOUT_S = 1.0
MOST_ASKED = 30
MOST_NAMED = 5

_IN_WORDS: Mapping[str, str] = {
    "thinking": "think",
    "vision": "see images",
    "audio": "hear sounds",
    "tools": "call tools",
}


@dataclass(frozen=True)
class Lack:
    """What a model cannot do, of what is wanted.

    Attributes:
        names: installed models that can do all of it, the newest first.
    """

    model: str
    abilities: Sequence[str]
    names: Sequence[str]

    @property
    def words(self) -> str:
        """Such as `see images or hear sounds`."""
        return " or ".join(_IN_WORDS[each] for each in self.abilities)


class CapableBackend:
    """Stands in front of a backend and refuses for it what the model cannot do."""

    def __init__(self, backend: Backend, find: Callable[[], Awaitable[Answerer]]) -> None:
        """`find` gives who answers; it is asked when something is wanted that not every model can."""
        self._backend = backend
        self._find = find
        self._known: dict[tuple[str, str], Collection[str]] = {}

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        """See `chat.protocols.Backend`.

        Raises:
            CapabilityMissing: the model cannot do it; nothing was sent.
        """
        if needs := _needs(request):
            yield Phase.CONNECTING
            found = await self._find()
            request = request.with_model(found.model)
            if lack := await self._lack(found.client, request.settings.model, needs):
                raise _missing(lack, "; nothing was sent")
        async with aclosing(self._backend.chat(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def lack(self, model: str, needs: Collection[str]) -> Lack | None:
        """What `model` (empty: the one that was chosen) lacks of `needs`; None as far as is known.

        Raises:
            ChatError: nothing answers.
        """
        found = await self._find()
        return await self._lack(found.client, model or found.model, needs)

    async def missing(self, model: str, needs: Collection[str]) -> CapabilityMissing | None:
        """The same as an error that may be shown before anything is asked."""
        lack = await self.lack(model, needs)
        return _missing(lack) if lack else None

    async def _lack(self, client: OllamaClient, model: str, needs: Collection[str]) -> Lack | None:
        key = (client.host.label, full_name(model))
        # What a model can it goes on being able to; what it cannot, a new pull may bring.
        if not _lacks(self._known.get(key, ()), needs):
            return None
        abilities = await _abilities(client, model)
        if abilities is None:
            return None
        self._known[key] = abilities
        lacks = _lacks(abilities, needs)
        return Lack(model, lacks, await _names_with(client, needs)) if lacks else None


def _fits(backend: CapableBackend) -> Backend:
    return backend


def _missing(lack: Lack, ending: str = "") -> CapabilityMissing:
    names = lack.names
    hint = f"{', '.join(names)} can: choose with /model or --model." if names else "No model here can."
    if "tools" in lack.abilities:
        hint += " Without tools: /tools off, or no --tools."
    if "thinking" in lack.abilities:
        hint += " Without thinking: /think off or --no-think."
    return CapabilityMissing(f"{lack.model} cannot {lack.words}{ending}.", hint)


def _needs(request: ChatRequest) -> list[str]:
    media = {image.capability for message in request.messages for image in message.images}
    wanted = {
        "thinking": request.settings.think,
        "vision": "vision" in media,
        "audio": "audio" in media,
        "tools": request.tools,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def _lacks(abilities: Collection[str], needs: Collection[str]) -> list[str]:
    return [need for need in needs if need not in abilities]


async def _abilities(client: OllamaClient, model: str) -> Collection[str] | None:
    """What a model can; None when the server does not tell."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return (await client.show(model)).capabilities
    except (BackendError, TimeoutError):
        return None


async def _names_with(client: OllamaClient, needs: Collection[str]) -> list[str]:
    """The newest models that can all of it."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            models = (await client.installed())[:MOST_ASKED]
    except (BackendError, TimeoutError):
        return []

    async def can(model: InstalledModel) -> bool:
        if model.capabilities is not None and not _lacks(model.capabilities, needs):
            return True
        # The list leaves out what the template of a model's file can (`ollama-api` 3).
        abilities = await _abilities(client, model.name)
        return abilities is not None and not _lacks(abilities, needs)

    fits = await asyncio.gather(*map(can, models))
    return [model.name for model, does_fit in zip(models, fits, strict=True) if does_fit][:MOST_NAMED]
