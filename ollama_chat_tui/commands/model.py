"""Commands about models: which there are, which one answers, what is loaded, fetching and removing."""

from __future__ import annotations

import time
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.backends.wire import InstalledModel, LoadedModel, ShownModel
from ollama_chat_tui.chat.options import parse_keep_alive
from ollama_chat_tui.commands.layout import in_columns, size_text
from ollama_chat_tui.commands.registry import Context, Registry
from ollama_chat_tui.commands.words import model_names, models_and_parts, one_of
from ollama_chat_tui.errors import ModelNotFound, NothingThere, UsageError
from ollama_chat_tui.progress import Progress

SHOW_PARTS = ("info", "template", "parameters", "license", "system", "modelfile")


def register_model_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Models")
    on_server = partial(registry.command, needs_server=True)
    on_server("model", arguments="[NAME]", words=model_names)(choose_model)
    on_server("models", "list")(pick_model)
    on_server("show", arguments=f"[NAME] [{' | '.join(SHOW_PARTS)}]", words=models_and_parts(*SHOW_PARTS))(
        show
    )
    on_server("ps")(show_loaded)
    on_server("load", arguments="[NAME]", words=model_names)(load)
    on_server("unload", arguments="[NAME | all]", words=model_names)(unload)
    registry.command(
        "keep-alive", arguments="[TIME | forever | 0]", words=one_of("forever", "0", "5m", "1h")
    )(keep_alive)
    on_server("pull", arguments="NAME")(pull)
    on_server("rm", arguments="NAME", words=model_names)(remove)
    on_server("copy-model", arguments="NAME NEW_NAME", words=model_names)(copy_model)


async def choose_model(context: Context, name: str) -> str:
    """Say which model answers, or go on with another one; the conversation stays."""
    if not name:
        return f"{context.settings.model} answers. /models shows the others."
    for model in await context.client.installed():
        if same_model(model.name, name):
            return await _switch(context, model.name)
    # Ask the server: it knows names we cannot list, and its refusal has the nearest ones.
    await context.client.show(name)
    return await _switch(context, name)


async def pick_model(context: Context, _: str) -> str:
    """Choose a model from a list."""
    models = await context.client.installed()
    if not models:
        raise NothingThere("There are no models yet.", "Get one with /pull, such as /pull qwen3:4b.")
    loaded = [model.name for model in await context.client.loaded()]
    place = await context.screen.pick("Model", in_columns([_row(each, loaded) for each in models]))
    return "" if place is None else await _switch(context, models[place].name)


async def _switch(context: Context, name: str) -> str:
    context.settings = replace(context.settings, model=name)
    return f"Now talking to {name}."


def _row(model: InstalledModel, loaded: list[str]) -> list[str]:
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


async def show(context: Context, text: str) -> str:
    """Show what the server knows of a model."""
    words = text.split()
    part = words.pop() if words and words[-1] in SHOW_PARTS else "info"
    if len(words) > 1:
        raise UsageError(f"“{words[-1]}” is no part of a model.", f"There are: {', '.join(SHOW_PARTS)}.")
    name = words[0] if words else context.settings.model
    model = await context.client.show(name)
    if part == "info":
        return _information(name, model)
    found = str(getattr(model, part)).strip()
    if not found:
        raise NothingThere(f"{name} has no {part}.")
    return found


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


async def show_loaded(context: Context, _: str) -> str:
    """Show the models in memory, where they are, and for how long."""
    loaded = await context.client.loaded()
    if not loaded:
        return "No model is loaded."
    return "\n".join(in_columns([_loaded_row(model) for model in loaded]))


def _loaded_row(model: LoadedModel) -> list[str]:
    on_gpu = round(100 * model.size_vram / model.size) if model.size else 0
    place = {0: "CPU", 100: "GPU"}.get(on_gpu, f"{on_gpu} % GPU, {100 - on_gpu} % CPU")
    window = f"{model.context_length} tokens" if model.context_length else ""
    return [model.name, size_text(model.size), place, window, _until(model.expires_at)]


def _until(expires_at: str) -> str:
    try:
        left_s = (datetime.fromisoformat(expires_at) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return ""
    if left_s > 10 * 365 * 86_400:
        return "for ever"  # keep_alive -1 is an expiry three centuries ahead
    return f"{max(0, round(left_s / 60))} min more" if left_s >= 60 else f"{max(0, round(left_s))} s more"


async def load(context: Context, name: str) -> str:
    """Load a model with the options in force, so that the first question does not wait."""
    settings = replace(context.settings, model=name) if name else context.settings
    began = time.monotonic()
    await context.client.load(settings)
    return f"{settings.model} is loaded ({time.monotonic() - began:.1f} s)."


async def unload(context: Context, name: str) -> str:
    """Free the memory of a model, or of all."""
    names = [name or context.settings.model]
    if name == "all":
        names = [model.name for model in await context.client.loaded()]
    for each in names:
        await context.client.unload(each)
    return f"Unloaded: {', '.join(names)}." if names else "No model is loaded."


async def keep_alive(context: Context, text: str) -> str:
    """Say how long the model stays loaded after an answer."""
    if text:
        context.settings = replace(context.settings, keep_alive=parse_keep_alive(text))
    value = context.settings.keep_alive
    if value is None:
        return "The server decides how long the model stays loaded (5 minutes by default)."
    return f"The model stays loaded: {'for ever' if value == -1 else value}."


async def pull(context: Context, name: str) -> str:
    """Fetch a model from the registry; stop with Ctrl-C and go on later with the same command."""
    if not name or " " in name:
        raise UsageError("Which model?", "Usage: /pull NAME")
    with context.screen.progress() as show_progress:
        async with aclosing(context.client.pull(name)) as lines:
            async for line in lines:
                show_progress(Progress(line.status, line.completed, line.total))
    return f"{name} is here. /model {name} talks to it."


async def remove(context: Context, name: str) -> str:
    """Remove a model from the disk, after asking."""
    model = await _installed(context, name, "/rm NAME")
    if not await context.screen.confirm(f"Remove {model.name} and free {size_text(model.size)}?"):
        return "Nothing was removed."
    await context.client.delete(model.name)
    return f"{model.name} is removed."


async def copy_model(context: Context, text: str) -> str:
    """Give a model a second name."""
    match text.split():
        case [source, destination]:
            model = await _installed(context, source, "")
            await context.client.copy(model.name, destination)
            return f"{destination} is now the same as {model.name}."
    raise UsageError("This needs two names.", "Usage: /copy-model NAME NEW_NAME")


async def _installed(context: Context, name: str, usage: str) -> InstalledModel:
    if not name:
        raise UsageError("Which model?", f"Usage: {usage}")
    for model in await context.client.installed():
        if same_model(model.name, name):
            return model
    raise ModelNotFound(f"There is no model “{name}” here.", "/models shows what there is.")
