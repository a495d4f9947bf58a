"""The sessions of a directory: found, made, renamed, thrown away and brought back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ollama_chat_tui.environment import Environment, make_private_dir
from ollama_chat_tui.errors import SessionAmbiguous, SessionMissing, SessionUnreadable, SessionUnwritable
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.journal import Journal
from ollama_chat_tui.sessions.loading import lock_session
from ollama_chat_tui.sessions.records import Item, Record, Tagged, Titled
from ollama_chat_tui.sessions.session import SUFFIX, Session, read_session


class Store:
    """A directory of sessions; nothing is made in it before there is something to keep."""

    def __init__(self, directory: Path, disk: Disk | None = None) -> None:
        self.directory = directory
        self.trash_directory = directory / "trash"
        self._disk = disk or Disk()

    @classmethod
    def of(cls, environment: Environment) -> Store:
        """The sessions of the user."""
        return cls(environment.data_dir / "sessions")

    def ids(self) -> list[str]:
        """Every session, the newest first.

        Raises:
            SessionUnreadable: the directory cannot be read.
        """
        return _ids(self.directory)

    def trashed_ids(self) -> list[str]:
        """Every session in the trash, the newest first."""
        return _ids(self.trash_directory)

    def path(self, id_: str) -> Path:
        """Where a session is, or would be."""
        return self.directory / (id_ + SUFFIX)

    def read(self, id_: str) -> Session:
        """Read a session.

        Raises:
            SessionUnreadable: it cannot be read.
        """
        return read_session(self.path(id_))

    def find(self, wanted: str, listing: Sequence[str] = (), titles: Mapping[str, str] | None = None) -> str:
        """The id of the session that is meant: by its number in the last listing, its id, or its title.

        A beginning of the id, or of its last part, is enough while it is the only one. `titles` by id spare
        the reading of every session.

        Raises:
            SessionMissing: there is none.
            SessionAmbiguous: there are several.
        """
        if wanted.isdecimal() and 0 < int(wanted) <= len(listing):
            return listing[int(wanted) - 1]
        ids = self.ids()
        if wanted in ids:
            return wanted
        found = [id_ for id_ in ids if wanted and _begins(id_, wanted)] or self._titled(wanted, ids, titles)
        if not found and wanted in self.trashed_ids():
            raise SessionMissing(
                f"The session {wanted} is in the trash.",
                f"`ollama-chat sessions restore {wanted}` brings it back.",
            )
        if not found:
            raise SessionMissing(f"There is no session {wanted}.", "`ollama-chat sessions` lists them.")
        if len(found) > 1:
            raise SessionAmbiguous(
                f"{wanted} may be {len(found)} sessions: {', '.join(found[:5])}.", "Type more of the id."
            )
        return found[0]

    def create(self, items: Iterable[Item]) -> str:
        """Make a session of these records and return its id.

        Raises:
            SessionUnwritable: the disk does not take it.
        """
        journal = Journal(self.directory, self._disk)
        with _put_in_words(f"No session can be made in {self.directory}"), closing(journal):
            try:
                return journal.append(list(items)).stem
            except OSError:
                if journal.path:
                    journal.path.unlink(missing_ok=True)
                raise

    def rename(self, id_: str, title: str) -> None:
        """Give a session that is not open a title.

        Raises:
            SessionLocked: a process has it open.
            SessionUnwritable: the disk does not take it.
        """
        self._append(id_, Titled(title, datetime.now(UTC)))

    def tag(self, id_: str, tag: str, *, removed: bool = False) -> None:
        """Give a session that is not open a tag, or take it away; raises as `rename` does."""
        self._append(id_, Tagged(tag, datetime.now(UTC), removed))

    def trash(self, id_: str) -> None:
        """Put a session that is not open into the trash; raises as `rename` does."""
        self._move(id_, self.directory, self.trash_directory)

    def restore(self, id_: str) -> None:
        """Bring a session back from the trash.

        Raises:
            SessionUnwritable: it cannot be moved, or one of that id is there.
        """
        self._move(id_, self.trash_directory, self.directory)

    def _titled(self, title: str, ids: Sequence[str], titles: Mapping[str, str] | None) -> list[str]:
        titles = {id_: self.read(id_).name for id_ in ids} if titles is None else titles
        return [id_ for id_ in ids if titles.get(id_, "").casefold() == title.casefold() != ""]

    def _append(self, id_: str, record: Record) -> None:
        path = self.path(id_)
        _, lock = lock_session(path)
        with (
            _put_in_words(f"The session {id_} cannot be written to"),
            closing(Journal(self.directory, self._disk, path, lock)) as journal,
        ):
            journal.append([Item(record)])

    def _move(self, id_: str, source: Path, target: Path) -> None:
        name = id_ + SUFFIX
        _, lock = lock_session(source / name)
        with _put_in_words(f"The session {id_} cannot be moved"):
            try:
                make_private_dir(target)
                if (target / name).exists():
                    raise SessionUnwritable(f"There is a session {id_} in {target} already.")
                (source / name).rename(target / name)
                self._disk.sync_directory(target)
                self._disk.sync_directory(source)
            finally:
                lock.release()


def _ids(directory: Path) -> list[str]:
    try:
        names = [path.name for path in directory.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as exc:
        raise SessionUnreadable(f"{directory} cannot be read: {exc.strerror}.") from exc
    return sorted((name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)), reverse=True)


def _begins(id_: str, wanted: str) -> bool:
    return id_.startswith(wanted) or id_.rpartition("-")[2].startswith(wanted)


@contextmanager
def _put_in_words(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise SessionUnwritable(f"{what}: {exc.strerror}.") from exc
