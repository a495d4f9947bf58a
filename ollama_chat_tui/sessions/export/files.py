"""Where exported sessions are put, and under which names."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final
from unicodedata import normalize

from ollama_chat_tui.errors import OutputFailed, UsageError
from ollama_chat_tui.sessions.export.portable import to_json
from ollama_chat_tui.sessions.loading import Loaded, load

_LONGEST_NAME: Final = 48
_NOT_IN_NAMES: Final = re.compile(r"[^\w]+|_+")


class Format(StrEnum):
    """What a session can be exported as; the value is the end of the file's name."""

    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"
    TEXT = "txt"


def format_of(path: Path) -> Format:
    """The format that the end of a file's name asks for.

    Raises:
        UsageError: it asks for none.
    """
    ending = path.suffix.lower().removeprefix(".")
    names = {"markdown": "md", "htm": "html", "text": "txt"}
    try:
        return Format(names.get(ending, ending))
    except ValueError as exc:
        known = ", ".join(f".{format_}" for format_ in Format)
        raise UsageError(f"{path.name} names no format.", f"A name ends in one of {known}.") from exc


def render(loaded: Loaded, format_: Format) -> str:
    """The session as text of that format."""
    return _WRITERS[format_](loaded)


def _render_markdown(loaded: Loaded) -> str:
    from ollama_chat_tui.sessions.export.markdown import to_markdown
    from ollama_chat_tui.sessions.export.transcript import transcript

    return to_markdown(transcript(loaded))


def _render_html(loaded: Loaded) -> str:
    from ollama_chat_tui.sessions.export.html import to_html  # markdown-it and pygments: 60 ms
    from ollama_chat_tui.sessions.export.transcript import transcript

    return to_html(transcript(loaded))


def _render_text(loaded: Loaded) -> str:
    from ollama_chat_tui.sessions.export.markdown import to_text
    from ollama_chat_tui.sessions.export.transcript import transcript

    return to_text(transcript(loaded))


_WRITERS: Final[Mapping[Format, Callable[[Loaded], str]]] = {
    Format.MARKDOWN: _render_markdown,
    Format.HTML: _render_html,
    Format.JSON: to_json,
    Format.TEXT: _render_text,
}


def export(loaded: Loaded, path: Path, format_: Format, *, overwrite: bool = False) -> None:
    """Write a session to a file, whole or not at all.

    Raises:
        OutputFailed: a file is there already, or it cannot be written.
    """
    if not overwrite and path.exists():
        raise OutputFailed(f"{path} is there already.", "Choose another name, or remove it first.")
    fresh = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as file:
            file.write(render(loaded, format_))
        fresh.replace(path)
    except OSError as exc:
        raise OutputFailed(f"{path} cannot be written: {exc.strerror}.") from exc
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def export_all(paths: Iterable[Path], directory: Path, format_: Format) -> Iterator[Path]:
    """Write sessions to files in a directory, each named by its id and title; what is there is replaced.

    Raises:
        SessionUnreadable: a session cannot be read.
        OutputFailed: a file cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputFailed(f"{directory} cannot be made: {exc.strerror}.") from exc
    taken: set[str] = set()
    for path in paths:
        loaded = load(path)
        name = base = file_name(loaded.session.id, loaded.session.name)
        count = 1
        while name.casefold() in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name.casefold())
        target = directory / f"{name}.{format_}"
        export(loaded, target, format_, overwrite=True)
        yield target


def file_name(id_: str, title: str) -> str:
    """A name without its ending that every system takes; the id comes first and is no device of Windows."""
    words = _NOT_IN_NAMES.sub("-", normalize("NFC", title)).strip("-").lower()
    # The limit of most file systems is 255 bytes, of which a character has up to four.
    short = words[:_LONGEST_NAME].strip("-")
    return "-".join(part for part in (re.sub(r"[^0-9A-Za-z-]", "_", id_)[:64] or "_", short) if part)
