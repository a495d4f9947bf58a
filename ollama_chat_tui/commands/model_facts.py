"""What can be said of models and done with them, for slash-commands and `ollama-chat models` alike.

Texts and rows as plain strings; who shows them, and where, is not known here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.backends.wire import InstalledModel, LoadedModel, ShownModel
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.errors import BackendError, ModelNotFound, NothingThere, UsageError
from ollama_chat_tui.media.size import size_text
from ollama_chat_tui.progress import Progress

SHOW_PARTS = ("info", "template", "parameters", "license", "system", "modelfile")
INSTALLED_HEAD = ("NAME", "SIZE", "PARAMETERS", "QUANTISATION", "WINDOW", "MODIFIED", "LOADED", "ABILITIES")
LOADED_HEAD = ("NAME", "SIZE", "PLACE", "WINDOW", "STAYS")
NOTHING_LOADED = "No model is loaded."
NOTHING_REMOVED = "Nothing was removed."
PULL_STOPPED = "Stopped. What has come is kept: the same command goes on from there."
_EVER_S = 10 * 365 * 86_400


async def list_installed(client: OllamaClient) -> tuple[list[InstalledModel], list[str]]:
    """The models there are, and the names of those in memory as far as the server tells.

    Raises:
        BackendError: the server could not be asked.
    """
    models = await client.installed()
    loaded: list[LoadedModel] = []
    with suppress(BackendError):  # it waits while a model loads, and old servers do not know it
        loaded = await client.loaded()
    return models, [model.name for model in loaded]


def installed_row(model: InstalledModel, loaded: Sequence[str]) -> list[str]:
    """The cells under `INSTALLED_HEAD`."""
    details = model.details
    abilities = [each for each in model.capabilities or [] if each != "completion"]
    window = f"{details.context_length // 1024}k window" if details.context_length else ""
    return [
        model.name,
        size_text(model.size),
        details.parameter_size,
        details.quantization_level,
        window,
        model.modified_at[:10],
        "loaded" if model.name in loaded else "",
        ", ".join(abilities),
    ]


def loaded_row(model: LoadedModel) -> list[str]:
    """The cells under `LOADED_HEAD`."""
    on_gpu = round(100 * model.size_vram / model.size) if model.size else 0
    place = {0: "CPU", 100: "GPU"}.get(on_gpu, f"{on_gpu} % GPU, {100 - on_gpu} % CPU")
    window = f"{model.context_length} tokens" if model.context_length else ""
    return [model.name, size_text(model.size), place, window, _until(model.expires_at)]


def _until(expires_at: str) -> str:
    try:
        left_s = (datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return ""
    if left_s > _EVER_S:
        return "for ever"  # keep_alive -1 is an expiry three centuries ahead
    return f"{max(0, round(left_s / 60))} min more" if left_s >= 60 else f"{max(0, round(left_s))} s more"


def shown_part(name: str, model: ShownModel, part: str) -> str:
    """One of `SHOW_PARTS`.

    Raises:
        UsageError: there is no such part.
        NothingThere: the model has none.
    """
    check_part(part)
    if part == "info":
        return _information(name, model)
    found = str(getattr(model, part)).strip()
    if not found:
        raise NothingThere(f"{name} has no {part}.")
    return found


def check_part(part: str) -> None:
    """Raise `UsageError` unless it is one of `SHOW_PARTS`."""
    if part not in SHOW_PARTS:
        raise UsageError(f"“{part}” is no part of a model.", f"There are: {', '.join(SHOW_PARTS)}.")


def _information(name: str, model: ShownModel) -> str:
    window = model.max_context_tokens
    facts = [
        ("model", name),
        ("family", model.details.family),
        ("parameters", model.details.parameter_size),
        ("quantisation", model.details.quantization_level),
        ("largest window", f"{window} tokens" if window else ""),
        ("abilities", ", ".join(model.capabilities or [])),
        ("options", "; ".join(" ".join(line.split()) for line in model.parameters.splitlines())),
        ("licence", next((line.strip() for line in model.license.splitlines() if line.strip()), "")),
    ]
    return "\n".join(in_columns([fact for fact in facts if fact[1]]))


@dataclass(frozen=True)
class Loading:
    """A model that was loaded, and how long that took."""

    model: str
    load_s: float

    @property
    def sentence(self) -> str:
        return f"{self.model} is loaded ({self.load_s:.1f} s)."


async def load_model(client: OllamaClient, settings: Settings) -> Loading:
    """Load with the options it will be asked with, so that the first question loads nothing again.

    Raises:
        ChatError: it does not start, or an option is none.
    """
    began = time.monotonic()
    await client.load(settings)
    return Loading(settings.model, time.monotonic() - began)


async def unload_models(client: OllamaClient, name: str) -> list[str]:
    """Free the memory of a model, or of all that are loaded for `all`; returns their names.

    Raises:
        BackendError: the server has no such model, or could not be asked.
    """
    names = [model.name for model in await client.loaded()] if name == "all" else [name]
    for each in names:
        await client.unload(each)
    return names


def unloaded_sentence(names: Sequence[str]) -> str:
    """What was unloaded."""
    return f"Unloaded: {', '.join(names)}." if names else NOTHING_LOADED


async def pull_model(client: OllamaClient, name: str) -> AsyncGenerator[Progress, None]:
    """Fetch a model and yield every step; closing it leaves what has come.

    Raises:
        UsageError: that is no name.
        BackendError: also when the server says so in the middle.
        CancelledError: with words for whoever stopped it.
    """
    if not name or " " in name:
        raise UsageError("Which model?", "Give one name, such as qwen3:4b.")
    try:
        async with aclosing(client.pull(name)) as lines:
            async for line in lines:
                # Two layers may have names that begin alike, and only the beginning is in the status.
                yield Progress(line.status, line.completed, line.total, line.digest)
    except asyncio.CancelledError:
        raise asyncio.CancelledError(PULL_STOPPED) from None


@dataclass(frozen=True)
class Removal:
    """A model that can be removed.

    Attributes:
        freed: bytes that the disk gains.
        twin: another name of the same weights, which keeps them.
    """

    name: str
    freed: int
    twin: str = ""

    @property
    def question(self) -> str:
        if self.twin:
            return f"Remove {self.name}? It frees nothing: {self.twin} is the same model."
        return f"Remove {self.name} and free {size_text(self.freed)}?"

    @property
    def sentence(self) -> str:
        return f"{self.name} is removed; {size_text(self.freed)} freed."


async def plan_removal(client: OllamaClient, name: str) -> Removal:
    """Find what is to be removed, and what that frees.

    Raises:
        ModelNotFound: there is no such model.
    """
    models = await client.installed()
    model = _named(models, name)
    twins = [each.name for each in models if each.digest == model.digest and each is not model]
    if model.digest and twins:
        return Removal(model.name, 0, twins[0])
    return Removal(model.name, model.size)


async def copy_model(client: OllamaClient, source: str, destination: str) -> str:
    """Give a model a second name, and return the first as the server writes it.

    Raises:
        ModelNotFound: there is no such model.
    """
    model = _named(await client.installed(), source)
    await client.copy(model.name, destination)
    return model.name


def copied_sentence(source: str, destination: str) -> str:
    """What a copy did."""
    return f"{destination} is now the same as {source}."


def _named(models: Sequence[InstalledModel], name: str) -> InstalledModel:
    for model in models:
        if same_model(model.name, name):
            return model
    names = [model.name for model in models]
    near = get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names) or 'none'}."
    raise ModelNotFound(f"There is no model “{name}” here.", hint)
