"""Looks after a directory of sessions as a whole: what is wrong in it, and what nobody needs any more."""

from __future__ import annotations

import hashlib
import re
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from ollama_chat_tui.errors import SessionUnreadable
from ollama_chat_tui.sessions.attachments import DIRECTORY, is_name
from ollama_chat_tui.sessions.session import SUFFIX, read_session
from ollama_chat_tui.sessions.store import Store

UNTOUCHED_S = 24 * 60 * 60
"""As long an attachment is left alone: the message that refers to it may not be written yet."""

_NAME = re.compile(rb"[0-9a-f]{64}")


class Finding(Struct, frozen=True):
    """Something that is not as it should be."""

    path: Path
    sentence: str


def check(store: Store) -> list[Finding]:
    """Read everything and say what is wrong; changes nothing.

    Raises:
        SessionUnreadable: the directory cannot be read.
    """
    paths = _sessions(store)
    attachments = _attachments(store)
    present = {path.name for path in attachments}
    findings = [finding for path in paths for finding in _check_session(path, present)]
    findings += [finding for path in attachments for finding in _check_attachment(path)]
    with suppress(SessionUnreadable):  # else nobody knows, and that it cannot be read was said
        needed = _needed(paths)
        findings += [
            Finding(path, "No session refers to it.") for path in attachments if path.name not in needed
        ]
    places = [store.directory, store.trash_directory, store.directory / DIRECTORY]
    everything = [place for place in places if place.exists()] + paths + attachments
    return findings + [finding for path in everything for finding in _check_mode(path)]


def waste(store: Store) -> list[Path]:
    """What is in the trash, and the attachments that no session refers to: what `purge` deletes.

    Raises:
        SessionUnreadable: a session cannot be read, so that nobody knows what it refers to.
    """
    trashed = [store.trash_directory / (id_ + SUFFIX) for id_ in store.trashed_ids()]
    needed = _needed([store.path(id_) for id_ in store.ids()])
    before = time.time() - UNTOUCHED_S
    return trashed + [
        path for path in _attachments(store) if path.name not in needed and path.stat().st_mtime < before
    ]


def purge(store: Store) -> int:
    """Delete `waste` and return the bytes won.

    Raises:
        SessionUnreadable: a session cannot be read, so that nobody knows what it refers to.
        OSError: something cannot be deleted.
    """
    return sum(map(_delete, waste(store)))


def _delete(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size


def _sessions(store: Store) -> list[Path]:
    return [store.path(id_) for id_ in store.ids()] + [
        store.trash_directory / (id_ + SUFFIX) for id_ in store.trashed_ids()
    ]


def _attachments(store: Store) -> list[Path]:
    with suppress(FileNotFoundError):
        return sorted((store.directory / DIRECTORY).iterdir())
    return []


def _needed(sessions: list[Path]) -> set[str]:
    """Whatever may be the name of an attachment, in damaged lines and in those of a newer version, too."""
    names: set[str] = set()
    for path in sessions:
        try:
            with path.open("rb") as file:
                for line in file:
                    names.update(name.decode() for name in _NAME.findall(line))
        except OSError as exc:
            raise SessionUnreadable(f"The session {path.stem} cannot be read: {exc.strerror}.") from exc
    return names


def _check_session(path: Path, present: set[str]) -> Iterator[Finding]:
    try:
        session = read_session(path)
    except SessionUnreadable as error:
        yield Finding(path, error.sentence)
        return
    for notice in session.notices:
        yield Finding(path, notice.sentence)
    for entry in session.entries.values():
        for image in entry.said.images:
            if image.sha256 not in present:
                yield Finding(path, f"An image of it is not there: {image.sha256}.")


def _check_attachment(path: Path) -> Iterator[Finding]:
    if not is_name(path.name):
        yield Finding(path, "It is no attachment.")
        return
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        yield Finding(path, f"It cannot be read: {exc.strerror}.")
        return
    if digest != path.name:
        yield Finding(path, "It is damaged: its content is not what its name says.")


def _check_mode(path: Path) -> Iterator[Finding]:
    if sys.platform == "win32":
        return
    with suppress(FileNotFoundError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield Finding(path, f"Others can get at it: its mode is {mode:04o}.")
