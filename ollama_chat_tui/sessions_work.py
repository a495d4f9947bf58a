"""The work of `ollama-chat sessions`: from what was typed to what is shown of the sessions on disk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.commands.layout import in_columns
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadImport, ChatError, ExitCode, SessionUnwritable, UsageError
from ollama_chat_tui.media.size import size_text
from ollama_chat_tui.session_choice import find_session, listed_sessions, store_of
from ollama_chat_tui.sessions.catalog import Listed
from ollama_chat_tui.sessions.export.files import Format, export, export_all, format_of, render
from ollama_chat_tui.sessions.loading import Loaded, load
from ollama_chat_tui.sessions.search import Filter, Hit, Search
from ollama_chat_tui.sessions.upkeep import check, purge, waste
from ollama_chat_tui.shell_output import ShellOutput
from ollama_chat_tui.terminal.ability import is_dumb

_HEAD = ("ID", "USED", "MODEL", "MESSAGES", "SIZE", "TAGS", "TITLE")
_STDIN = Path("-")


def narrowed(role: str | None, model: str, since: str, before: str, tag: str) -> Filter:
    """What a search is narrowed by, as it was typed.

    Raises:
        UsageError: a point in time is none.
    """
    from ollama_chat_tui.sessions.moment import parse_moment

    now = datetime.now().astimezone()
    return Filter(
        Role(role) if role else None,
        model,
        parse_moment(since, now) if since else None,
        parse_moment(before, now) if before else None,
        tag,
    )


class Sessions:
    """The sessions of the user, as a command of the shell sees them. Each method is one command."""

    def __init__(self, environment: Environment, *, as_json: bool) -> None:
        self._environment = environment
        self._output = ShellOutput(environment, as_json=as_json)
        self._store = store_of(environment)

    def list(self, *, in_trash: bool = False) -> None:
        """What there is, or what is in the trash."""
        listed = listed_sessions(self._environment, in_trash=in_trash)
        if self._output.as_json:
            self._output.json(listed)
        elif listed:
            self._output.table(_HEAD, [_row(each) for each in listed], is_cut=True)
        else:
            self._output.notices.show("The trash is empty." if in_trash else "There are no sessions yet.")

    def show(self, wanted: str) -> None:
        """What is known of one, and the branch in use; in JSON as it is exported."""
        loaded = load(self._path(wanted))
        self._warn_of(loaded)
        if self._output.as_json:
            from ollama_chat_tui.sessions.export.portable import portable

            file = {"file": str(loaded.session.path), "notices": loaded.notices}
            self._output.json({**msgspec.to_builtins(portable(loaded)), **file})
        elif self._output.is_terminal and not is_dumb(self._environment.variables):
            self._output.rows(self._replayed(loaded))
        else:
            said = render(loaded, Format.TEXT).partition("\n\n")[2]
            self._output.text("\n".join(in_columns(_facts(loaded))) + f"\n\n{said}")

    def search(self, text: str, wanted: Filter, limit: int) -> None:
        """Where it was said, best match first."""
        self._store.ids()  # says so where they cannot be read, where a search finds nothing
        with Search(self._store.directory, self._environment.cache_dir) as search:
            hits = search.find(text, wanted, limit, self._tell_of_reading)
        if self._output.as_json:
            self._output.json(hits)
        elif not hits:
            self._output.notices.show("Nothing was found.")
        elif self._output.is_terminal:
            self._output.rows(row for hit in hits for row in self._highlighted(hit))
        else:
            self._output.table((), [_found(hit) for hit in hits])

    def export(self, wanted: str, target: Path | None, format_name: str, *, every: bool) -> None:
        """Write one to standard output, a file or a directory; or all to a directory.

        Raises:
            UsageError: it is not said which session, or where all shall go.
        """
        if every == bool(wanted):
            raise UsageError("It is not said which session.", "Give one, or --all.")
        if every and target is None:
            raise UsageError("All sessions need a directory.", "Name one: --all --output DIR")
        if every or (target and target.is_dir()):
            paths = [self._store.path(id_) for id_ in self._store.ids()] if every else [self._path(wanted)]
            self._export_into(paths, target or Path(), _format(format_name))
            return
        format_ = format_of(target) if target and not format_name else _format(format_name)
        loaded = load(self._path(wanted))
        self._warn_of(loaded)
        if target:
            export(loaded, target, format_)
            self._output.notices.show(f"{target} is written.")
        else:
            self._output.text(render(loaded, format_))

    def import_files(self, paths: Sequence[Path]) -> ExitCode:
        """Make a session of each file that can be read as one, and complain of the others."""
        told: list[dict[str, object]] = []
        code = ExitCode.OK
        for path in paths:
            try:
                found = self._import(path)
            except BadImport as error:
                code = error.exit_code
                self._output.notices.complain(error)
                told.append({"file": str(path), "error": error.sentence})
                continue
            how = "is imported as" if found["is_new"] else "was there already:"
            told.append(found)
            if not self._output.as_json:
                self._output.notices.show(f"{found['file']} {how} {found['id']}")
        if self._output.as_json:
            self._output.json(told)
        return code

    def rename(self, wanted: str, title: str) -> None:
        """Give one a title."""
        id_ = self._find(wanted)
        self._store.rename(id_, title)
        sentence = f"{id_} is “{title}” now." if title else f"{id_} has no title any more."
        self._output.tell({"id": id_, "title": title}, sentence)

    def tag(self, wanted: str, tags: Sequence[str], *, removed: bool) -> None:
        """Give one tags, or take them away.

        Raises:
            UsageError: a tag is empty.
        """
        if not all(map(str.strip, tags)):
            raise UsageError("A tag of blanks is none.", "Give a word.")
        id_ = self._find(wanted)
        for tag in tags:
            self._store.tag(id_, tag, removed=removed)
        now = self._store.read(id_).tags
        sentence = f"{id_} has the tags {', '.join(now)}." if now else f"{id_} has no tags."
        self._output.tell({"id": id_, "tags": now}, sentence)

    def trash(self, wanted: Sequence[str]) -> None:
        """Put them into the trash: all, or none where one of them is not found."""
        ids = [self._find(each) for each in wanted]
        for id_ in ids:
            self._store.trash(id_)
        back = f"ollama-chat sessions restore {' '.join(ids)}"
        self._output.tell({"trashed": ids}, f"In the trash: {', '.join(ids)}. To bring back: {back}")

    def restore(self, wanted: Sequence[str]) -> None:
        """Bring them back from the trash."""
        ids = [find_session(self._environment, each, in_trash=True) for each in wanted]
        for id_ in ids:
            self._store.restore(id_)
        self._output.tell({"restored": ids}, f"Brought back: {', '.join(ids)}.")

    def purge(self, *, is_sure: bool) -> None:
        """Delete what nobody needs, after a yes.

        Raises:
            NotInteractive: nobody is there to give one.
            SessionUnwritable: something cannot be deleted.
        """
        count, freed = len(self._store.trashed_ids()), 0
        try:
            size = sum(path.stat().st_size for path in waste(self._store))
            question = f"Delete {_sessions(count)} for good and free {size_text(size)}?"
            if size and not is_sure and not asyncio.run(self._output.consents(question)):
                self._output.notices.show("Nothing was deleted.")
                return
            freed = purge(self._store)
        except OSError as exc:
            raise SessionUnwritable(f"{exc.filename} cannot be deleted: {exc.strerror}.") from exc
        if freed:
            self._forget_deleted()
        done = f"{_sessions(count)} deleted; {size_text(freed)} freed."
        self._output.tell(
            {"deleted": count, "freed": freed}, done if freed else "There is nothing to delete."
        )

    def check(self) -> ExitCode:
        """What is wrong on disk; fails where something is."""
        findings = check(self._store)
        if self._output.as_json:
            told = [{"file": str(each.path), "sentence": each.sentence} for each in findings]
            self._output.json({"is_well": not findings, "findings": told})
        elif findings:
            self._output.table(("FILE", "WHAT IS WRONG"), [(str(it.path), it.sentence) for it in findings])
        else:
            self._output.notices.show(f"{_sessions(len(self._store.ids()))}, and nothing is wrong.")
        return ExitCode.FAILED if findings else ExitCode.OK

    def _find(self, wanted: str) -> str:
        return find_session(self._environment, wanted)

    def _path(self, wanted: str) -> Path:
        return self._store.path(self._find(wanted))

    def _warn_of(self, loaded: Loaded) -> None:
        for sentence in loaded.notices:
            self._output.notices.whisper(sentence)

    def _tell_of_reading(self, done: int, total: int) -> None:
        if done < total:
            self._output.notices.whisper(f"Reading sessions: {size_text(done)} of {size_text(total)} …")

    def _replayed(self, loaded: Loaded) -> Iterator[str]:
        """As the chat showed it."""
        from ollama_chat_tui.config.file import load_config
        from ollama_chat_tui.preferences import meaning, resolve
        from ollama_chat_tui.terminal.ability import has_hyperlinks
        from ollama_chat_tui.terminal.reasoning import ThinkingView
        from ollama_chat_tui.terminal.replay import replayed_rows
        from ollama_chat_tui.terminal.rows import ansi_row
        from ollama_chat_tui.terminal.theme import PLAIN, colour_depth, make_theme, theme_name

        variables = self._environment.variables
        config = resolve(load_config(self._environment, meaning()), variables).config
        depth, links = colour_depth(variables), has_hyperlinks(variables)
        theme = make_theme(theme_name(config.theme), depth, hyperlinks=links)
        for line in in_columns(_facts(loaded)):
            yield ansi_row([(line, PLAIN)])
        yield ""
        width = shutil.get_terminal_size().columns
        yield from replayed_rows(loaded.conversation, theme, width, view=ThinkingView.FULL)

    def _highlighted(self, hit: Hit) -> Iterator[str]:
        """Where it is, and under it what was said with the words marked."""
        from ollama_chat_tui.terminal.rows import ansi_row
        from ollama_chat_tui.terminal.theme import PLAIN, ColourDepth, Ink, colour_depth

        bold, dim, marked = Ink("1"), Ink("2"), Ink("1;31")
        if is_dumb(self._environment.variables):
            bold = dim = marked = PLAIN
        elif colour_depth(self._environment.variables) is ColourDepth.NONE:
            marked = bold
        id_, _, role, at, name, _ = _found(hit)
        yield ansi_row([(id_, dim), ("  ", PLAIN), (name, bold), (f"  {role} · {at}", dim)])
        pieces, place, text = [("    ", PLAIN)], 0, hit.snippet.text
        for start, end in hit.snippet.marks:
            pieces += [(text[place:start], PLAIN), (text[start:end], marked)]
            place = end
        yield ansi_row([*pieces, (text[place:], PLAIN)])

    def _export_into(self, paths: Sequence[Path], directory: Path, format_: Format) -> None:
        for target in export_all(paths, directory, format_):
            self._output.text(f"{target}\n")
        self._output.notices.show(f"{_sessions(len(paths))} exported to {directory}.")

    def _import(self, path: Path) -> dict[str, object]:
        from ollama_chat_tui.sessions.importing import import_bytes, import_file

        if path == _STDIN:
            name = "Standard input"
            imported = import_bytes(self._store, self._environment.stdin.buffer.read(), name)
        else:
            name = str(path)
            imported = import_file(self._store, path)
        return {"file": name, "id": imported.id, "is_new": imported.is_new}

    def _forget_deleted(self) -> None:
        """Let no cache hold what was deleted for good."""
        with suppress(ChatError), Search(self._store.directory, self._environment.cache_dir) as search:
            search.forget_deleted()
        listed_sessions(self._environment, in_trash=True)


def _row(listed: Listed) -> tuple[str, ...]:
    return (
        listed.id,
        _time(listed.used),
        listed.model,
        str(listed.messages),
        size_text(listed.size),
        ",".join(listed.tags),
        listed.name,
    )


def _found(hit: Hit) -> tuple[str, ...]:
    role = hit.role.value if hit.role else "title"
    return hit.session.id, hit.node_id or "", role, _time(hit.at), hit.session.name, hit.snippet.text


def _facts(loaded: Loaded) -> Sequence[tuple[str, str]]:
    session = loaded.session
    times = [entry.said.at for entry in session.entries.values()]
    facts = {
        "id": session.id,
        "title": session.name,
        "tags": ", ".join(session.tags),
        "model": session.settings.model if session.settings else "",
        "begun": _time(times[0]) if times else "",
        "last": _time(times[-1]) if times else "",
        "messages": str(len(session.entries)),
        "file": str(session.path),
    }
    return [(name, fact) for name, fact in facts.items() if fact]


def _time(at: datetime) -> str:
    with suppress(OverflowError, OSError):  # a file may say the year 9999, and it may be that far to the east
        at = at.astimezone()
    return f"{at:%Y-%m-%d %H:%M}"


def _sessions(count: int) -> str:
    return f"{count} session{'s'[: count != 1]}"


def _format(name: str) -> Format:
    return Format({"": "md", "text": "txt"}.get(name, name))
