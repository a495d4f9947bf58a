"""The work of `ollama-chat models`: what is asked for to stdout, everything else to stderr.

What can be said of models stands in `commands.model_facts`; here it is put into a table, lines or JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, nullcontext
from dataclasses import replace

import msgspec

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands import model_facts as facts
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.progress import Progress, Tally
from ollama_chat_tui.shell_output import ShellOutput
from ollama_chat_tui.startup import make_ready, open_choice
from ollama_chat_tui.terminal.bars import progress_bars
from ollama_chat_tui.terminal.notices import Notices


async def with_models(
    environment: Environment,
    wanted: Wanted,
    ask: Callable[[Models], Awaitable[None]],
    *,
    as_json: bool,
    may_fetch: bool,
) -> None:
    """Open whoever answers, and let `ask` ask.

    Raises:
        ChatError: nothing answers, or what was asked for failed.
        KeyboardInterrupt: it was stopped.
    """
    notices = Notices(environment.stderr, environment.variables)
    try:
        with cancelled_by_ctrl_c():
            if may_fetch:
                await make_ready(environment, wanted, notices, may_fetch=True)
            choice = await open_choice(environment, wanted)
            async with choice.client as client:
                if choice.notice:
                    notices.whisper(choice.notice)
                await ask(Models(environment, client, as_json=as_json))
    except asyncio.CancelledError as stopped:
        if str(stopped):
            notices.whisper(str(stopped))
        raise KeyboardInterrupt from None


class Models:
    """The models of one server, as a command of the shell sees them. Each method is one command."""

    def __init__(self, environment: Environment, client: OllamaClient, *, as_json: bool) -> None:
        self._environment = environment
        self._client = client
        self._output = ShellOutput(environment, as_json=as_json)

    async def list(self) -> None:
        """What is installed; in JSON as /api/tags tells it, and whether it is loaded."""
        models, loaded = await facts.list_installed(self._client)
        if self._output.as_json:
            self._output.json([{**_as_dict(model), "loaded": model.name in loaded} for model in models])
        elif models:
            self._output.table(facts.INSTALLED_HEAD, [facts.installed_row(model, loaded) for model in models])
        else:
            self._output.notices.show("There are no models yet. Get one: ollama-chat models pull qwen3:4b")

    async def show(self, name: str, part: str) -> None:
        """What the server knows; in JSON as /api/show tells it, of which `part` is one field."""
        facts.check_part(part)
        model = await self._client.show(name)
        if not self._output.as_json:
            self._output.text(facts.shown_part(name, model, part) + "\n")
        elif part == "info":
            self._output.json({"name": name, **_as_dict(model)})
        else:
            self._output.json({"name": name, part: getattr(model, part)})

    async def pull(self, name: str) -> None:
        """Fetch; in JSON a line for each step, in the server's words but with numbers that add up."""
        tally, before = Tally(), None
        bars = (
            nullcontext(lambda _: None) if self._output.as_json else progress_bars(self._environment.stderr)
        )
        with bars as show_progress:
            async with aclosing(facts.pull_model(self._client, name)) as steps:
                async for step in steps:
                    show_progress(step)
                    if self._output.as_json and (told := _told(step, tally)) != before:
                        self._output.json(told)
                        before = told
        self._output.notices.show(f"{name} is here.")

    async def remove(self, name: str, *, is_sure: bool) -> None:
        """Remove after a yes.

        Raises:
            NotInteractive: nobody is there to give one.
        """
        removal = await facts.plan_removal(self._client, name)
        if not is_sure and not await self._output.consents(removal.question):
            self._output.notices.show(facts.NOTHING_REMOVED)
            return
        await self._client.delete(removal.name)
        self._output.tell({"removed": removal.name, "freed": removal.freed}, removal.sentence)

    async def show_loaded(self) -> None:
        """What is in memory; in JSON as /api/ps tells it."""
        loaded = await self._client.loaded()
        if self._output.as_json:
            self._output.json([_as_dict(model) for model in loaded])
        elif loaded:
            self._output.table(facts.LOADED_HEAD, [facts.loaded_row(model) for model in loaded])
        else:
            self._output.notices.show(facts.NOTHING_LOADED)

    async def load(self, name: str, settings: Settings) -> None:
        """Load with the options and the keep-alive of `settings`."""
        loading = await facts.load_model(self._client, replace(settings, model=name))
        self._output.tell({"loaded": loading.model, "load_s": round(loading.load_s, 3)}, loading.sentence)

    async def unload(self, name: str) -> None:
        """Unload one, or `all`."""
        names = await facts.unload_models(self._client, name)
        self._output.tell({"unloaded": names}, facts.unloaded_sentence(names))

    async def copy(self, source: str, destination: str) -> None:
        """Give a second name."""
        name = await facts.copy_model(self._client, source, destination)
        self._output.tell(
            {"source": name, "destination": destination}, facts.copied_sentence(name, destination)
        )


def _as_dict(reply: msgspec.Struct) -> dict[str, object]:
    return msgspec.structs.asdict(reply)


def _told(step: Progress, tally: Tally) -> dict[str, object]:
    standing = tally.add(step)
    told: dict[str, object] = {"status": step.part}
    if step.key or standing.total:
        told |= {"digest": step.key, "total": standing.total, "completed": standing.done}
    return told
