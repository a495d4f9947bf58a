"""Commands about sessions: the list, going on with one, names and tags, search, files for others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.chat.conversation import Conversation
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.files import file_names, path_of
from ollama_chat_tui.commands.layout import age_text, in_columns, shortened
from ollama_chat_tui.commands.registry import Registry, Typed, Word
from ollama_chat_tui.commands.words import one_of
from ollama_chat_tui.errors import NothingThere, SessionLocked, SessionUnwritable, UsageError
from ollama_chat_tui.media.size import size_text
from ollama_chat_tui.sessions.catalog import Listed
from ollama_chat_tui.sessions.export.files import export, format_of
from ollama_chat_tui.sessions.importing import import_file
from ollama_chat_tui.sessions.loading import Loaded, load
from ollama_chat_tui.sessions.records import SettingsChanged
from ollama_chat_tui.sessions.search import Filter, Hit
from ollama_chat_tui.sessions.session import SUFFIX

LONGEST_NAME, SHORT_NAME = 44, 20
MOST_BEFORE_MARK = 12
_WAYS_ROUND_A_LOCK = ("Go on with a copy of it", "Read it", "Leave it")


def register_session_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Sessions")
    registry.command("sessions")(pick_session)
    registry.command("resume", arguments="[ID | TITLE | N]", words=_sessions)(resume)
    registry.command("search", arguments="WORDS")(search)
    registry.command("rename", arguments="TITLE")(rename)
    registry.command("title", arguments="[TITLE | auto]", words=one_of("auto"))(title)
    registry.command("tag", arguments="[TAG | -TAG]…")(tag)
    registry.command("save", arguments="FILE", words=file_names(after=None))(save)
    registry.command("delete", arguments="[ID | TITLE | N]", words=_sessions)(delete)


def _sessions(context: Context, typed: Typed) -> Iterable[Word]:
    return [] if typed else [(each.id, each.name) for each in context.keeping.known]


async def pick_session(context: Context, _: str) -> str:
    """Choose a session from a list, and go on with it."""
    found = await context.keeping.list()
    if not found:
        raise NothingThere("There is no session yet.", "A chat is one from its first question on.")
    place = await context.screen.pick("Sessions", _rows(found))
    return "" if place is None else await resume(context, found[place].id)


def _rows(sessions: Sequence[Listed]) -> list[str]:
    now = datetime.now(UTC)
    return in_columns(
        [
            (
                _cut(each.name or "(nothing said)"),
                each.model,
                age_text(each.used, now),
                f"{each.messages} messages",
                size_text(each.size),
                " ".join(f"#{tag}" for tag in each.tags),
            )
            for each in sessions
        ]
    )


async def resume(context: Context, text: str) -> str:
    """Go on with a session.

    The one used last, or one by its id, its title, or its number in the last list.
    """
    keeping = context.keeping
    id_ = await keeping.find(text) if text else await keeping.last()
    return await _open(context, id_)


async def _open(context: Context, id_: str, node_id: str | None = None) -> str:
    recorder, path = context.keeping.recorder, context.keeping.path(id_)
    if path == recorder.path:
        raise UsageError("You are in this session.", "/branches shows its branches.")
    try:
        loaded = await recorder.resume(path)
    except (SessionLocked, SessionUnwritable) as error:
        place = await context.screen.pick(error.sentence, _WAYS_ROUND_A_LOCK)
        if place == 1:
            await _replay(context, await asyncio.to_thread(load, path))
        if place != 0:
            return ""
        loaded = await recorder.fork(path)
    if node_id:
        loaded.conversation.move_head(node_id)
    costs = (entry.said.metrics for entry in loaded.session.branch())
    context.begin(loaded.conversation, filter(None, costs))
    await _replay(context, loaded)
    return "\n".join([*loaded.notices, *_take_settings(context, loaded), _headline(loaded)])


async def _replay(context: Context, loaded: Loaded) -> None:
    conversation = loaded.conversation
    await context.screen.replay(conversation)


def _headline(loaded: Loaded) -> str:
    name, count = loaded.session.name, len(loaded.conversation.nodes)
    return f"{_cut(name)}: {count} message{'s'[: count != 1]}, kept as {loaded.session.id}."


def _take_settings(context: Context, loaded: Loaded) -> list[str]:
    """Let hold again what held in the session; returns what is not as it was."""
    stored = loaded.session.settings
    if stored is None:
        return []
    model, changes = context.settings.model, _changes(context, stored)
    is_there = not changes or not changes[0].startswith(_GONE.format(stored.model))
    context.settings = replace(stored.settings, model=stored.model if is_there and stored.model else model)
    return changes


_GONE = "{} is not installed here"


def _changes(context: Context, stored: SettingsChanged) -> list[str]:
    server, said = context.keeping.server, []
    names = context.model_names
    if stored.model and names and not any(same_model(name, stored.model) for name in names):
        said.append(f"{_GONE.format(stored.model)}; {context.settings.model} goes on.")
    digest = server.digest(stored.model)
    if stored.digest and digest and digest != stored.digest:
        said.append(
            f"{stored.model} has changed since: {stored.digest[:12]} was asked, {digest[:12]} is here."
        )
    if stored.host and server.host and stored.host != server.host:
        said.append(f"It was at {stored.host}.")
    return said


async def search(context: Context, text: str) -> str:
    """Search every session, and go on where it was said.

    "Words in quotes" stand side by side, -word excludes, word* is a beginning.
    """
    hits = await context.keeping.search(text, Filter())
    if not hits:
        raise NothingThere(f"No message has {text}.", "Parts of words are found with *.")
    place = await context.screen.pick(f"{len(hits)} found", _hit_rows(hits))
    return "" if place is None else await _open(context, hits[place].session.id, hits[place].node_id)


def _hit_rows(hits: Sequence[Hit]) -> list[str]:
    now = datetime.now(UTC)
    return in_columns(
        [
            (
                age_text(hit.at, now),
                str(hit.role or "title"),
                _cut(hit.session.name, SHORT_NAME),
                _marked(hit),
            )
            for hit in hits
        ]
    )


def _marked(hit: Hit) -> str:
    """The snippet on one row, what was found between «» and near its beginning."""
    text, marks = hit.snippet.text, hit.snippet.marks
    at = max(0, marks[0][0] - MOST_BEFORE_MARK) if marks else 0
    pieces = []
    for start, end in marks:
        pieces += [text[at:start], "«", text[start:end], "»"]
        at = end
    return " ".join("".join([*pieces, text[at:]]).split())


async def rename(context: Context, text: str) -> str:
    """Give the session a title."""
    if not text:
        raise UsageError("This needs a title.")
    await context.keeping.recorder.rename(text)
    context.keeping.wants_title = False
    return f"This session is “{text}”."


async def title(context: Context, text: str) -> str:
    """Give the session a title, or let the model find one.

    `auto` asks the model when it has nothing else to do, and never while you wait for it.
    """
    if text != "auto":
        return await rename(context, text)
    if not context.conversation.nodes:
        raise NothingThere("Nothing has been said yet.")
    context.keeping.wants_title = True
    return "The model will find a title when it has nothing else to do."


async def tag(context: Context, text: str) -> str:
    """Give the session tags; -TAG takes one away."""
    if not text:
        raise UsageError("This needs a tag.")
    for word in text.split():
        await context.keeping.recorder.tag(
            word.removeprefix("-").removeprefix("#"), removed=word.startswith("-")
        )
    return "Noted."


async def save(context: Context, text: str) -> str:
    """Save the chat to a .json, .md, .html or .txt file.

    JSON can be posted to /api/chat, and /load brings it back. With .jsonl the session itself is written, and
    goes on there when the disk does not take it where it was.
    """
    if not text:
        raise UsageError("This needs a file.")
    if not context.conversation.nodes:
        raise NothingThere("Nothing has been said yet.")
    path = path_of(text)
    if path.suffix == SUFFIX:
        await context.keeping.recorder.save_to(path)
        return f"Saved to {path}."
    format_ = format_of(path)
    if path.exists() and not await context.screen.confirm(f"{path} is there already. Replace it?"):
        return "Nothing was written."
    loaded = await context.keeping.loaded(context.conversation, context.settings)
    await asyncio.to_thread(export, loaded, path, format_, overwrite=True)
    return f"Saved to {path} ({size_text(path.stat().st_size)})."


async def load_file(context: Context, text: str) -> str:
    """Bring in a chat from a file, and go on with it."""
    imported = await asyncio.to_thread(import_file, context.keeping.store, path_of(text))
    return await _open(context, imported.id)


async def delete(context: Context, text: str) -> str:
    """Put this session, or another one, into the trash.

    `ollama-chat sessions restore` brings it back, `purge` empties the trash.
    """
    keeping = context.keeping
    own = keeping.recorder.path
    if text:
        path = keeping.path(await keeping.find(text))
    elif own is not None:
        path = own
    else:
        raise NothingThere("This chat is not kept yet.")
    if not await context.screen.confirm(f"Put the session {path.stem} into the trash?"):
        return "It stays."
    if path == own:
        context.begin(Conversation())
        await keeping.recorder.save(context.conversation, context.settings)
    await asyncio.to_thread(keeping.store.trash, path.stem)
    return f"{path.stem} is in the trash. `ollama-chat sessions restore {path.stem}` brings it back."


def _cut(text: str, longest: int = LONGEST_NAME) -> str:
    return shortened(" ".join(text.split()), longest)
