"""Commands about models: which there are, which one answers, what is loaded, fetching and removing."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from functools import partial

from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.chat.options import parse_keep_alive
from ollama_chat_tui.commands import model_facts as facts
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import path_of
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Registry
from ollama_chat_tui.commands.sessions import load_file
from ollama_chat_tui.commands.words import model_names, models_and_parts, one_of
from ollama_chat_tui.errors import NothingThere, UsageError
from ollama_chat_tui.progress import Progress


def register_model_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Models")
    on_server = partial(registry.command, needs_server=True)
    on_server("model", arguments="[NAME]", words=model_names)(choose_model)
    registry.command("models", "list")(pick_model)
    on_server(
        "show",
        arguments=f"[NAME] [{' | '.join(facts.SHOW_PARTS)}]",
        words=models_and_parts(*facts.SHOW_PARTS),
    )(show)
    on_server("ps")(show_loaded)
    registry.command("load", arguments="[NAME | FILE.json]", words=model_names)(load)
    on_server("unload", arguments="[NAME | all]", words=model_names)(unload)
    registry.command(
        "keep-alive", arguments="[TIME | forever | 0]", words=one_of("forever", "0", "5m", "1h")
    )(keep_alive)
    registry.command("pull", arguments="NAME")(pull)
    on_server("rm", arguments="NAME", words=model_names)(remove)
    on_server("copy-model", arguments="NAME NEW_NAME", words=model_names)(copy_model)


async def choose_model(context: Context, name: str) -> str:
    """Say which model answers, or go on with another one.

    The conversation stays.
    """
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
    await context.connect(needs_model=False)
    models, loaded = await facts.list_installed(context.client)
    if not models:
        raise NothingThere("There are no models yet.", "Get one with /pull, such as /pull qwen3:4b.")
    place = await context.screen.pick(
        "Model", in_columns([facts.installed_row(each, loaded) for each in models])
    )
    return "" if place is None else await _switch(context, models[place].name)


async def _switch(context: Context, name: str) -> str:
    context.go_over_to(name)
    lack = await context.lack_of_tools()
    return f"Now talking to {name}." + (f"\n{lack.in_a_row}" if lack else "")


async def show(context: Context, text: str) -> str:
    """Show what the server knows of a model."""
    words = text.split()
    part = words.pop() if words and words[-1] in facts.SHOW_PARTS else "info"
    if len(words) > 1:
        facts.check_part(words[-1])
    name = words[0] if words else context.settings.model
    return facts.shown_part(name, await context.client.show(name), part)


async def show_loaded(context: Context, _: str) -> str:
    """Show the models in memory, where and how long."""
    loaded = await context.client.loaded()
    return "\n".join(in_columns([facts.loaded_row(model) for model in loaded])) or facts.NOTHING_LOADED


async def load(context: Context, name: str) -> str:
    """Load a model before the first question, or a saved chat.

    A model is loaded with the options in force; a chat comes from a file that /save has written.
    """
    if name.endswith(".json") or ("/" in name and path_of(name).exists()):
        return await load_file(context, name)
    await context.connect()
    settings = replace(context.settings, model=name) if name else context.settings
    with context.screen.progress() as show_progress:
        show_progress(Progress(f"Loading {settings.model}"))
        sentence = (await facts.load_model(context.client, settings)).sentence
    is_other = not same_model(settings.model, context.settings.model)
    return f"{sentence} /model {settings.model} talks to it." if is_other else sentence


async def unload(context: Context, name: str) -> str:
    """Free the memory of a model, or of all."""
    names = await facts.unload_models(context.client, name or context.settings.model)
    return facts.unloaded_sentence(names)


async def keep_alive(context: Context, text: str) -> str:
    """Say how long the model stays loaded after an answer."""
    if text:
        context.settings = replace(context.settings, keep_alive=parse_keep_alive(text))
    value = context.settings.keep_alive
    if value is None:
        return "The server decides how long the model stays loaded (5 minutes by default)."
    return f"The model stays loaded: {'for ever' if value == -1 else value}."


async def pull(context: Context, name: str) -> str:
    """Fetch a model from the registry.

    Ctrl-C stops it; the same command goes on where it stopped.
    """
    await context.connect(needs_model=False)
    with context.screen.progress() as show_progress:
        async with aclosing(facts.pull_model(context.client, name)) as steps:
            async for step in steps:
                show_progress(step)
    if not context.settings.model:
        return f"{name} is here. {await _switch(context, name)}"
    return f"{name} is here. /model {name} talks to it."


async def remove(context: Context, name: str) -> str:
    """Remove a model from the disk, after asking."""
    if not name:
        raise UsageError("Which model?", "Usage: /rm NAME")
    removal = await facts.plan_removal(context.client, name)
    if not await context.screen.confirm(removal.question):
        return facts.NOTHING_REMOVED
    await context.client.delete(removal.name)
    return removal.sentence


async def copy_model(context: Context, text: str) -> str:
    """Give a model a second name."""
    match text.split():
        case [source, destination]:
            name = await facts.copy_model(context.client, source, destination)
            return facts.copied_sentence(name, destination)
    raise UsageError("This needs two names.", "Usage: /copy-model NAME NEW_NAME")
