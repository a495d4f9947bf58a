"""What a session file says, read without ever failing on a damaged line. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from pathlib import Path

from msgspec import Struct, structs

from ollama_chat_tui.chat.message import Ending, Role
from ollama_chat_tui.errors import SessionUnreadable
from ollama_chat_tui.sessions.records import (
    FORMAT_VERSION,
    HeadMoved,
    NotARecord,
    Opened,
    Partial,
    Record,
    Said,
    SettingsChanged,
    Tagged,
    Titled,
    TornBefore,
    Unknown,
    decode,
)

SUFFIX = ".jsonl"
_BEGINNING = b'{"kind":"'


class Damage(Enum):
    """What is wrong with a line."""

    DAMAGED = auto()
    TORN = auto()
    UNKNOWN = auto()
    MISPLACED = auto()


class Notice(Struct, frozen=True):
    """A line that did not load as it stands, by its number from 1."""

    line: int
    damage: Damage

    @property
    def sentence(self) -> str:
        """What to tell the user."""
        return f"Line {self.line} {_SENTENCES[self.damage]}"


_SENTENCES = {
    Damage.DAMAGED: "is damaged and was skipped.",
    Damage.TORN: "was never finished, as when the power fails; it was set aside.",
    Damage.UNKNOWN: "is of a kind that a newer version writes; it was kept and not shown.",
    Damage.MISPLACED: "names a message that is not there.",
}


class Entry(Struct, frozen=True):
    """A message with what was in force when it was said."""

    said: Said
    settings: SettingsChanged | None


class Session(Struct):
    """A session as its file tells it.

    Attributes:
        entries: every message ever said by its id, in the order of the file.
        head: the id of the message after which the next one goes.
        settings: what was in force last.
        notices: what is wrong with the file; empty for nearly all.
        title: what the user called it, empty until then.
        version: of the format; 0 where the first line is damaged.
    """

    path: Path
    id: str
    version: int = 0
    opened: Opened | None = None
    entries: dict[str, Entry] = {}
    head: str | None = None
    settings: SettingsChanged | None = None
    title: str = ""
    tags: tuple[str, ...] = ()
    notices: list[Notice] = []

    @property
    def is_newer(self) -> bool:
        """Whether a newer version wrote it, so that it may be read only."""
        return self.version > FORMAT_VERSION

    @property
    def name(self) -> str:
        """The title, or else the first line of the first question."""
        if self.title:
            return self.title
        questions = (entry.said.content for entry in self.entries.values() if entry.said.role is Role.USER)
        return next(questions, "").strip().partition("\n")[0]

    def branch(self) -> list[Entry]:
        """The messages from the root to the head."""
        found = []
        at = self.head
        while at is not None:
            entry = self.entries[at]
            found.append(entry)
            at = entry.said.parent
        return found[::-1]


def read_session(path: Path) -> Session:
    """Read a session file; what is wrong with it is in `notices`.

    Raises:
        SessionUnreadable: the file cannot be read at all.
    """
    try:
        with path.open("rb") as file:
            return session_of(path, file)
    except OSError as exc:
        raise SessionUnreadable(f"The session {path.name} cannot be read: {exc.strerror}.") from exc


def session_of(path: Path, lines: Iterable[bytes]) -> Session:
    """Put the lines of a session together; `path` is where they are, or would be."""
    reader = _Reader(Session(path, path.name.removesuffix(SUFFIX)))
    for number, line in enumerate(lines, 1):
        reader.take(number, line)
    return reader.finish()


class _Reader:
    """Puts lines together; each is taken once, in order."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._partials: dict[str, dict[Partial, None]] = {}
        self._bad: tuple[int, bytes] | None = None

    def take(self, number: int, line: bytes) -> None:
        text = line.rstrip(b"\n")
        if not text:
            return
        try:
            record = decode(text)
        except NotARecord:
            self._report_bad()
            self._bad = number, line
            for whole in _salvaged(text):
                self._apply(number, whole)
            return
        if not isinstance(record, TornBefore):
            self._report_bad()
            self._apply(number, record)
        elif self._bad and len(self._bad[1]) - 1 == record.bytes:
            self._note(self._bad[0], Damage.TORN)
            self._bad = None

    def finish(self) -> Session:
        if self._bad and not self._bad[1].endswith(b"\n"):
            self._note(self._bad[0], Damage.TORN)
            self._bad = None
        self._report_bad()
        for id_ in self._partials:
            entry = self._session.entries[id_]
            self._session.entries[id_] = structs.replace(entry, said=self._joined(id_))
        self._session.notices.sort(key=lambda notice: notice.line)
        return self._session

    def _report_bad(self) -> None:
        if self._bad:
            self._note(self._bad[0], Damage.DAMAGED)
            self._bad = None

    def _note(self, number: int, damage: Damage) -> None:
        self._session.notices.append(Notice(number, damage))

    def _apply(self, number: int, record: Record | Unknown) -> None:
        session = self._session
        match record:
            case Said():
                self._say(number, record)
            case Partial():
                self._say_partly(number, record)
            case SettingsChanged():
                session.settings = record
            case HeadMoved():
                self._move_head(number, record.id)
            case Titled():
                session.title = record.title
            case Tagged():
                others = tuple(tag for tag in session.tags if tag != record.tag)
                session.tags = others if record.removed else (*others, record.tag)
            case Opened():
                session.version = max(session.version, record.version)
                session.opened = session.opened or record
            case Unknown():
                self._note(number, Damage.UNKNOWN)

    def _move_head(self, number: int, id_: str | None) -> None:
        if id_ is None or id_ in self._session.entries:
            self._session.head = id_
        else:
            self._note(number, Damage.MISPLACED)

    def _say(self, number: int, said: Said) -> None:
        session = self._session
        self._partials.pop(said.id, None)
        known = session.entries.get(said.id)
        if known is not None:  # its beginning, or the same line written again after a failing disk
            said = structs.replace(said, parent=known.said.parent)
        elif said.parent is not None and said.parent not in session.entries:
            self._note(number, Damage.MISPLACED)
            said = structs.replace(said, parent=next(reversed(session.entries), None))
        session.entries[said.id] = Entry(said, session.settings)
        session.head = said.id

    def _say_partly(self, number: int, partial: Partial) -> None:
        parts = self._partials.get(partial.id)
        if parts is not None:
            parts[partial] = None  # once, though a failing disk may have made it be written twice
            self._session.head = partial.id
        elif partial.id not in self._session.entries:
            self._say(number, _interrupted(partial))
            self._partials[partial.id] = {partial: None}

    def _joined(self, id_: str) -> Said:
        parts = self._partials[id_]
        return structs.replace(
            self._session.entries[id_].said,
            content="".join(part.content for part in parts),
            thinking="".join(part.thinking for part in parts),
        )


def _interrupted(partial: Partial) -> Said:
    return Said(partial.id, partial.parent, partial.at, Role.ASSISTANT, ending=Ending.INTERRUPTED)


def _salvaged(text: bytes) -> Iterator[Record | Unknown]:
    """What stands whole in a line that is two because the end between them was damaged."""
    cut = text.find(_BEGINNING, 1)
    while cut > 0:
        for piece in (text[: cut - 1], text[cut:]):
            try:
                record = decode(piece)
            except NotARecord:
                continue
            yield record
        cut = text.find(_BEGINNING, cut + 1)
