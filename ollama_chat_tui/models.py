"""The work of `ollama-chat models`: what is asked for to stdout, everything else to stderr.

What can be said of models stands in `commands.model_facts`; here it is put into a table, lines or JSON.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, nullcontext
from dataclasses import replace

import msgspec

from ollama_chat_tui.backends.choice import Wanted
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands import model_facts as facts
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import NotInteractive
from ollama_chat_tui.interrupt import cancelled_by_ctrl_c
from ollama_chat_tui.progress import Progress, Tally
from ollama_chat_tui.startup import make_ready, open_choice
from ollama_chat_tui.terminal.bars import progress_bars
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.sanitize import sanitize, sanitize_line


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
                await ask(Models(environment, client, notices, as_json=as_json))
    except asyncio.CancelledError as stopped:
        if str(stopped):
            notices.whisper(str(stopped))
        raise KeyboardInterrupt from None


class Models:
    """The models of one server, as a command of the shell sees them. Each method is one command."""

    def __init__(
        self, environment: Environment, client: OllamaClient, notices: Notices, *, as_json: bool
    ) -> None:
        self._environment = environment
        self._stdout = environment.stdout
        self._client = client
        self._notices = notices
        self._as_json = as_json

    async def list(self) -> None:
        """What is installed; in JSON as /api/tags tells it, and whether it is loaded."""
        models, loaded = await facts.list_installed(self._client)
        if self._as_json:
            self._json([{**_as_dict(model), "loaded": model.name in loaded} for model in models])
        elif models:
            self._table(facts.INSTALLED_HEAD, [facts.installed_row(model, loaded) for model in models])
        else:
            self._notices.show("There are no models yet. Get one: ollama-chat models pull qwen3:4b")

    async def show(self, name: str, part: str) -> None:
        """What the server knows; in JSON as /api/show tells it, of which `part` is one field."""
        facts.check_part(part)
        model = await self._client.show(name)
        if not self._as_json:
            self._write(facts.shown_part(name, model, part))
        elif part == "info":
            self._json({"name": name, **_as_dict(model)})
        else:
            self._json({"name": name, part: getattr(model, part)})

    async def pull(self, name: str) -> None:
        """Fetch; in JSON a line for each step, in the server's words but with numbers that add up."""
        tally, before = Tally(), None
        bars = nullcontext(lambda _: None) if self._as_json else progress_bars(self._environment.stderr)
        with bars as show_progress:
            async with aclosing(facts.pull_model(self._client, name)) as steps:
                async for step in steps:
                    show_progress(step)
                    if self._as_json and (told := _told(step, tally)) != before:
                        self._json(told)
                        before = told
        self._notices.show(f"{name} is here.")

    async def remove(self, name: str, *, is_sure: bool) -> None:
        """Remove after a yes.

        Raises:
            NotInteractive: nobody is there to give one.
        """
        removal = await facts.plan_removal(self._client, name)
        if not is_sure and not await self._consents(removal.question):
            self._notices.show(facts.NOTHING_REMOVED)
            return
        await self._client.delete(removal.name)
        self._tell({"removed": removal.name, "freed": removal.freed}, removal.sentence)

    async def show_loaded(self) -> None:
        """What is in memory; in JSON as /api/ps tells it."""
        loaded = await self._client.loaded()
        if self._as_json:
            self._json([_as_dict(model) for model in loaded])
        elif loaded:
            self._table(facts.LOADED_HEAD, [facts.loaded_row(model) for model in loaded])
        else:
            self._notices.show(facts.NOTHING_LOADED)

    async def load(self, name: str, settings: Settings) -> None:
        """Load with the options and the keep-alive of `settings`."""
        loading = await facts.load_model(self._client, replace(settings, model=name))
        self._tell({"loaded": loading.model, "load_s": round(loading.load_s, 3)}, loading.sentence)

    async def unload(self, name: str) -> None:
        """Unload one, or `all`."""
        names = await facts.unload_models(self._client, name)
        self._tell({"unloaded": names}, facts.unloaded_sentence(names))

    async def copy(self, source: str, destination: str) -> None:
        """Give a second name."""
        name = await facts.copy_model(self._client, source, destination)
        self._tell({"source": name, "destination": destination}, facts.copied_sentence(name, destination))

    async def _consents(self, question: str) -> bool:
        if not self._environment.is_interactive:
            raise NotInteractive(question, "Nobody is there to say yes: give --yes.")
        from ollama_chat_tui.terminal.confirm import (
            confirm,
        )  # prompt_toolkit, which a script does not pay for

        return await confirm(question, default=False)

    def _tell(self, value: object, sentence: str) -> None:
        if self._as_json:
            self._json(value)
        else:
            self._notices.show(sentence)

    def _table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Aligned under a heading for eyes; for programs tabs, and nothing that has to be skipped."""
        rows = [[sanitize_line(cell) for cell in row] for row in rows]
        if self._stdout.isatty():
            self._write("\n".join(in_columns([head, *rows])))
        else:
            self._write("\n".join("\t".join(row) for row in rows))

    def _json(self, value: object) -> None:
        self._write(msgspec.json.encode(value).decode())

    def _write(self, text: str) -> None:
        if self._stdout.isatty():
            text = sanitize(text)  # JSON escapes control characters, but nothing that hides or reorders
        encoding = self._stdout.encoding or "utf-8"
        self._stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
        self._stdout.flush()


def _as_dict(reply: msgspec.Struct) -> dict[str, object]:
    return msgspec.structs.asdict(reply)


def _told(step: Progress, tally: Tally) -> dict[str, object]:
    standing = tally.add(step)
    told: dict[str, object] = {"status": step.part}
    if step.key or standing.total:
        told |= {"digest": step.key, "total": standing.total, "completed": standing.done}
    return told
