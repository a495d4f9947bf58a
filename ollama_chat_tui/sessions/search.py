"""Full text over all sessions: from what a user typed to the messages that hold it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.catalog import Catalog, Listed
from ollama_chat_tui.sessions.growth import scan
from ollama_chat_tui.sessions.index import Conditions, Index, Match, Progress
from ollama_chat_tui.sessions.query import Term, parse_query
from ollama_chat_tui.sessions.snippet import Snippet, cut_snippet

LIMIT: Final = 20


class Filter(Struct, frozen=True):
    """What else must hold of a message; what is empty holds of all.

    Attributes:
        model: part of the name of the model in use then, in any case.
        since: when it was said, at the earliest.
        before: it was said earlier than that.
        tag: of the session, in any case.
    """

    role: Role | None = None
    model: str = ""
    since: datetime | None = None
    before: datetime | None = None
    tag: str = ""


class Hit(Struct, frozen=True):
    """A message that was found, or a session by its title.

    Attributes:
        node_id: of the message, to go on from there; None: the title was found.
        role: who says it; None: the title was found.
    """

    session: Listed
    node_id: str | None
    role: Role | None
    at: datetime
    snippet: Snippet


class Search:
    """Searches the sessions of one directory; not for several threads at once."""

    def __init__(self, directory: Path, cache_dir: Path) -> None:
        """Nothing is opened yet; `cache_dir` need not exist, nor be writable."""
        self._directory = directory
        self._catalog = Catalog(directory, cache_dir)
        self._index = Index(cache_dir)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the caches back."""
        self._catalog.close()
        self._index.close()

    def find(
        self,
        text: str,
        wanted: Filter = Filter(),  # noqa: B008  frozen
        limit: int = LIMIT,
        progress: Progress | None = None,
    ) -> list[Hit]:
        """The messages that hold what was typed (`query` says how it is read), best first.

        Args:
            text: what was typed.
            wanted: what else must hold.
            limit: of hits.
            progress: is told how many bytes of how many have been read, while new files are.

        Raises:
            UsageError: there is nothing in `text` to look for.
            SearchMissing: this Python's SQLite cannot search.
        """
        query = parse_query(text)
        sources = scan(self._directory)
        tagged = self._catalog.tagged(wanted.tag, sources) if wanted.tag else None
        # A match is lost where its file is gone or changed, and doubled where a line was written twice.
        matches = self._index.find(
            query.expression, sources, _conditions(wanted, tagged), 2 * limit, progress
        )
        sessions = self._catalog.some({match.session_id for match in matches}, sources)
        hits: dict[tuple[str, str | None], Hit] = {}
        for match in matches:
            session = sessions.get(match.session_id)
            hit = session and _hit(session, match, query.wanted)
            if hit:
                hits.setdefault((hit.session.id, hit.node_id), hit)
            if len(hits) == limit:
                break
        return list(hits.values())

    def forget_deleted(self) -> None:
        """Let the caches hold nothing of sessions that are not there any more."""
        sources = scan(self._directory)
        self._catalog.some((), sources)
        self._index.forget(sources)


def _conditions(wanted: Filter, sessions: list[str] | None) -> Conditions:
    return Conditions(
        wanted.role,
        wanted.model,
        wanted.since.timestamp() if wanted.since else None,
        wanted.before.timestamp() if wanted.before else None,
        sessions,
    )


class _Line(Struct):
    """Of any line, what is shown of it."""

    kind: str
    at: datetime
    id: str | None = None
    role: Role = Role.ASSISTANT
    content: str = ""
    title: str = ""


_decode = msgspec.json.Decoder(_Line).decode
_BAD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def _hit(session: Listed, match: Match, terms: tuple[Term, ...]) -> Hit | None:
    try:
        lines = _lines(session.file, match.offset)
        first = next(lines, None)
        if first is None:
            return None
        text = first.title or first.content
        if first.kind == "partial":
            text += "".join(line.content for line in lines if (line.kind, line.id) == ("partial", first.id))
    except OSError:
        return None
    is_title = first.kind == "title"
    return Hit(
        session,
        None if is_title else first.id,
        None if is_title else first.role,
        first.at,
        cut_snippet(text, terms),
    )


def _lines(file_name: str, offset: int) -> Iterator[_Line]:
    """The lines from an offset on, up to the first that cannot be read."""
    with Path(file_name).open("rb") as file:
        file.seek(offset)
        for line in file:
            try:
                yield _decode(line)
            except _BAD:
                return
