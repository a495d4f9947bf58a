"""Commands about what goes with the next message: pictures, sounds and text files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from ollama_chat_tui.chat.tokens import IMAGE_TOKENS
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.commands.registry import Registry, Typed, Word
from ollama_chat_tui.errors import NothingThere, UsageError
from ollama_chat_tui.media.aside import aside
from ollama_chat_tui.media.paths import completions, read_arguments


def register_image_commands(registry: Registry) -> None:
    """Add the commands of this topic."""
    registry.begin("Images and files")
    registry.command("image", arguments="FILE | URL | clipboard…", paths=completions)(attach_images)
    registry.command("images", arguments="[drop N | strip]", words=_parts)(show_images)
    registry.command("file", arguments="FILE…", paths=partial(completions, pictures_only=False))(attach_files)


def _parts(context: Context, typed: Typed) -> Iterable[Word]:
    if typed == ("drop",):
        return [(number, name) for number, name, *_ in context.attachments.table()]
    return [] if typed else [("drop", "take one off"), ("strip", "send no old images any more")]


async def attach_images(context: Context, text: str) -> str:
    """Attach pictures or sounds to the next message.

    Files with quotes, escapes, ~ or a pattern; an address; or what is in the clipboard. Large pictures are
    shrunk; --original sends them as they are.
    """
    wanted = await aside(lambda: read_arguments(text))
    if not wanted.sources:
        raise UsageError("This needs a picture.")
    before = context.attachments.snapshot()
    try:
        attached = [
            await context.attachments.add(source, is_original=wanted.is_original) for source in wanted.sources
        ]
    except BaseException:
        context.attachments.restore(before)  # the line comes back whole
        raise
    for each in attached:
        await context.screen.show_image(each.sentence, each.image, context.attachments.store)
    return ""


async def attach_files(context: Context, text: str) -> str:
    """Put text files into the next message.

    Each stands in a fence with its name. @FILE in the message itself does the same.
    """
    sources = (await aside(lambda: read_arguments(text))).sources
    if not sources:
        raise UsageError("This needs a text file.")
    before = context.attachments.snapshot()
    try:
        files = [await context.attachments.add_file(Path(source)) for source in sources]
    except BaseException:
        context.attachments.restore(before)
        raise
    return "\n".join(f"{file.facts} goes into the next message." for file in files)


async def show_images(context: Context, text: str) -> str:
    """Show what goes with the next message, or take one off.

    `strip` leaves the images of what was said out of what is sent; they stay in the session.
    """
    match text.split():
        case []:
            return _listed(context)
        case ["drop", number] if number.isdecimal():
            return f"{context.attachments.drop(int(number))} is not attached any more."
        case ["strip"]:
            return _stripped(context)
    raise UsageError(f"/images does not know “{text}”.")


def _listed(context: Context) -> str:
    table = context.attachments.table()
    if not table:
        raise NothingThere("Nothing is attached.", "/image FILE attaches a picture, /file FILE a text.")
    return "\n".join(in_columns([*table, ("", "/images drop N takes one off.")]))


def _stripped(context: Context) -> str:
    count = context.conversation.strip_images()
    if not count:
        raise NothingThere("No image is sent with this conversation.")
    images = "1 image stays" if count == 1 else f"{count} images stay"
    saved = f"{count * IMAGE_TOKENS:,}"
    return f"{images} in the session and out of what is sent: about {saved} tokens less."
