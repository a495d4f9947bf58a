"""Allowed folders, and the only way to open anything inside them.

A path is walked from an open folder, one component after the other, each opened relative to the one before
and never through a link; a link is read and walked in its turn. Whatever is renamed or replaced meanwhile,
what is open lies inside. Only regular files and folders are opened: a device might do something, a FIFO hang.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ollama_chat_tui.tools.definition import ToolFailure

IS_SUPPORTED: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Windows cannot open a file relative to an open folder."""

_MOST_LINKS: Final = 40
_SAFE: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_FOLDER: Final = _SAFE | getattr(os, "O_DIRECTORY", 0)


@dataclass(frozen=True)
class Entry:
    """What stands in a folder; `kind` is a word for it."""

    name: str
    kind: str
    size: int


class Folders:
    """The folders a model may look into; relative paths start in the first."""

    def __init__(self, folders: list[Path]) -> None:
        self.roots = [Path(os.path.realpath(folder)) for folder in folders]

    @contextmanager
    def open_file(self, path: str) -> Iterator[int]:
        """A regular file, as a descriptor.

        Raises:
            ToolFailure: it is outside, not there, or no regular file.
        """
        with self._opened(path) as descriptor:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ToolFailure(f"{path} is a folder, not a file.")
            yield descriptor

    @contextmanager
    def open_folder(self, path: str) -> Iterator[int]:
        """A folder, as a descriptor.

        Raises:
            ToolFailure: it is outside, not there, or no folder.
        """
        with self._opened(path) as descriptor:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise ToolFailure(f"{path} is a file, not a folder.")
            yield descriptor

    def _start(self, path: str) -> tuple[Path, list[str]]:
        """The root that a path is in, and the way from there."""
        if not path.startswith("/"):
            if not self.roots:
                raise ToolFailure("No folder is allowed.")
            return self.roots[0], list(PurePosixPath(path).parts)
        for root in self.roots:
            if PurePosixPath(path).is_relative_to(root):
                return root, list(PurePosixPath(path).relative_to(root).parts)
        allowed = ", ".join(str(root) for root in self.roots)
        raise ToolFailure(f"{path} is not in an allowed folder. These are allowed: {allowed}.")

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        if "\0" in path:
            raise ToolFailure("A path cannot hold a NUL.")
        root, parts = self._start(path)
        trail: list[int] = []
        try:
            _walk(root, parts, trail, path)
            yield trail[-1]
        except OSError as exc:
            raise ToolFailure(f"{path} cannot be opened: {exc.strerror}.") from exc
        finally:
            _close_behind(trail, 0)


def entries(folder: int) -> list[Entry]:
    """What stands in an open folder, by name; links are not followed."""
    found = []
    with os.scandir(folder) as listing:
        for each in listing:
            try:
                facts = each.stat(follow_symlinks=False)
            except OSError:  # gone meanwhile
                continue
            found.append(Entry(each.name, _kind(facts.st_mode), facts.st_size))
    return sorted(found, key=lambda entry: entry.name)


@contextmanager
def open_entry(folder: int, entry: Entry) -> Iterator[int | None]:
    """A file or folder of an open folder; None when it is neither any more."""
    try:
        descriptor = _open(entry.name, folder, entry.name)
    except (OSError, ToolFailure):
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _walk(root: Path, parts: list[str], trail: list[int], path: str) -> None:
    """Open what `parts` lead to, as the last of `trail`; before it stand the folders above."""
    # The root is the user's own choice; a link in its place since then is not followed either.
    trail.append(os.open(root, _FOLDER))
    waiting, links = parts[::-1], 0
    while waiting:
        part = waiting.pop()
        if part == "..":
            if len(trail) == 1:
                raise ToolFailure(f"{path} leads out of the allowed folder.")
            _close_behind(trail, len(trail) - 1)
        elif part not in ("", "."):
            target = _link(part, trail[-1])
            if target is None:
                trail.append(_open(part, trail[-1], path))
                continue
            links += 1
            if links > _MOST_LINKS:
                raise ToolFailure(f"{path} goes round in links.")
            if target.startswith("/"):
                if not PurePosixPath(target).is_relative_to(root):
                    raise ToolFailure(f"{path} is a link that leads out of the allowed folder.")
                target = str(PurePosixPath(target).relative_to(root))
                _close_behind(trail, 1)
            waiting += list(PurePosixPath(target).parts)[::-1]


def _close_behind(trail: list[int], kept: int) -> None:
    while len(trail) > kept:
        os.close(trail.pop())


def _link(name: str, folder: int) -> str | None:
    """Where a link leads; None for what is no link."""
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _open(name: str, folder: int, path: str) -> int:
    # Looked at before, since opening a device may do something, and after, since it may be replaced by then.
    before = os.stat(name, dir_fd=folder, follow_symlinks=False)
    _check_kind(before.st_mode, path)
    descriptor = os.open(name, _FOLDER if stat.S_ISDIR(before.st_mode) else _SAFE, dir_fd=folder)
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(mode: int, path: str) -> None:
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise ToolFailure(f"{path} is a {_kind(mode)}, which is not opened.")


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFREG: "file",
        stat.S_IFDIR: "folder",
        stat.S_IFLNK: "link",
        stat.S_IFIFO: "FIFO",
        stat.S_IFSOCK: "socket",
    }
    return kinds.get(stat.S_IFMT(mode), "device")
