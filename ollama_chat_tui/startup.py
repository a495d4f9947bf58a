"""From what is wanted to an open backend and a model: what must be asked first, and what can come later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ollama_chat_tui.backends.choice import Choice, Wanted, choose_model, find_server, open_embedded
from ollama_chat_tui.chat.events import Phase
from ollama_chat_tui.chat.protocols import Backend, ChatRequest, Delta
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import NoModels
from ollama_chat_tui.first_run import lacks_weights, something_listens
from ollama_chat_tui.progress import Progress
from ollama_chat_tui.state import load_state, save_state
from ollama_chat_tui.terminal.bars import progress_bars
from ollama_chat_tui.terminal.notices import Notices

if TYPE_CHECKING:
    from ollama_chat_tui.backends.client import OllamaClient


@dataclass(frozen=True)
class Answerer:
    """Who answers, the model that was chosen, and what the user must know of it.

    Attributes:
        lack: why there is no model; None: there is one.
    """

    client: OllamaClient
    model: str
    notice: str
    lack: NoModels | None = None


class Opening:
    """Finds who answers, while something else goes on; after a failure it is tried again when asked for.

    Use it as an async context manager: it closes what it opened.
    """

    def __init__(self, environment: Environment, wanted: Wanted, model: str = "") -> None:
        self._environment = environment
        self._wanted = wanted
        self._model = model
        self._task: asyncio.Future[Answerer] | None = None
        self._left: list[asyncio.Future[Answerer]] = []

    async def __aenter__(self) -> Opening:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in filter(None, (*self._left, self._task)):
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled() and task.exception() is None:
                await task.result().client.aclose()

    def start(self) -> asyncio.Future[Answerer]:
        """Begin, or go on with what has begun; a task that failed, or found no model, is begun anew."""
        if self._task is None or (self._task.done() and _is_worthless(self._task)):
            if self._task:
                self._left.append(self._task)
            self._task = asyncio.create_task(self._open(self._wanted, self._model))
        return self._task

    async def answerer(self) -> Answerer:
        """Wait until it is known who answers, and that it has a model.

        Raises:
            ChatError: nothing can answer, or there is no model.
        """
        found = await self.server()
        if found.lack:
            raise found.lack
        return found

    async def server(self) -> Answerer:
        """Wait until it is known who answers, though it may have no model yet.

        Raises:
            ChatError: nothing can answer.
        """
        while True:
            task = self.start()
            await asyncio.wait({task})
            if task is self._task:  # else the chat went over to another server meanwhile
                return task.result()

    async def move(self, wanted: Wanted, model: str) -> Answerer:
        """Go over to another server, and to `model` if it is there.

        Raises:
            ChatError: it does not answer, or has no model; who answered before goes on.
        """
        found = await self._open(wanted, "", model)
        if found.lack:
            await found.client.aclose()
            raise found.lack
        if self._task:
            self._left.append(self._task)  # something may still be asking it: it is closed at the end
        self._task = asyncio.get_running_loop().create_future()
        self._task.set_result(found)
        return found

    def remember(self, model: str) -> None:
        """Note that the user went over to `model`: it is the one to begin with the next time."""
        if self._task and self._task.done() and not _is_worthless(self._task):
            self._note(self._task.result().client.host.label, model)

    async def _open(self, wanted: Wanted, model: str, *liked: str) -> Answerer:
        choice = await open_choice(self._environment, wanted)
        try:
            return Answerer(choice.client, await self._choose_model(choice, model, *liked), choice.notice)
        except NoModels as lack:
            return Answerer(choice.client, "", choice.notice, lack)
        except BaseException:
            await choice.client.aclose()
            raise

    async def _choose_model(self, choice: Choice, model: str, *liked: str) -> str:
        host = choice.client.host.label
        remembered = load_state(self._environment).last_models.get(host, "")
        chosen = await choose_model(choice, model, *liked, remembered)
        if not choice.default_model:
            self._note(host, chosen)
        return chosen

    def _note(self, host: str, model: str) -> None:
        state = load_state(self._environment)  # anew: another chat may have changed it meanwhile
        if state.last_models.get(host) != model:
            state.last_models[host] = model
            save_state(self._environment, state)


class LateBackend:
    """A backend that may still be opening when it is asked."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    async def chat(self, request: ChatRequest) -> AsyncGenerator[Phase | Delta, None]:
        """See `chat.protocols.Backend`; an empty model is the one that was chosen."""
        yield Phase.CONNECTING
        found = await self._opening.answerer()
        async with aclosing(found.client.chat(request.with_model(found.model))) as pieces:
            async for piece in pieces:
                yield piece


def _is_worthless(task: asyncio.Future[Answerer]) -> bool:
    return task.cancelled() or task.exception() is not None or task.result().lack is not None


def _fits(backend: LateBackend) -> Backend:
    return backend


async def open_choice(environment: Environment, wanted: Wanted) -> Choice:
    """Open whoever answers; the caller closes its client.

    Raises:
        ChatError: nothing can answer.
    """
    return await find_server(wanted) or open_embedded(environment, wanted)


async def make_ready(environment: Environment, wanted: Wanted, notices: Notices, *, may_fetch: bool) -> None:
    """Fetch the embedded model if it is going to answer, after asking; does nothing otherwise.

    Raises:
        WeightsMissing: it may not be fetched, or could not be.
    """
    from ollama_chat_tui.backends.embedded.weights import fetch_weights

    if wanted.host.strip() or wanted.model_file or not lacks_weights(environment):
        return
    if not wanted.is_embedded and something_listens() and (server := await find_server(wanted)):
        await server.client.aclose()
        return
    if not may_fetch and not (environment.is_interactive and await _consents(notices)):
        open_embedded(environment, wanted)  # says what is missing, and where it can be put
    with progress_bars(environment.stderr) as show:
        await fetch_weights(
            environment, lambda done, total: show(Progress("Fetching the model", done, total))
        )


async def _consents(notices: Notices) -> bool:
    from ollama_chat_tui.terminal.confirm import confirm  # prompt_toolkit, which a script does not pay for

    notices.show("No Ollama answers here. A small model (93 MB, once) can answer instead.")
    return await confirm("Download it?", default=True)
