from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import (
    SessionAmbiguous,
    SessionMissing,
    SessionUnreadable,
    SessionUnwritable,
)
from ollama_chat_tui.sessions.journal import new_id
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.records import Item, Said
from ollama_chat_tui.sessions.store import Store
from ollama_chat_tui.sessions.upkeep import UNTOUCHED_S, check, purge, waste
from tests.sessions.chat import IMAGES, OTHER, PIXEL, names
from tests.sessions.faults import BrokenDisk, FaultyDisk
from tests.sessions.test_damage import LINES, NOW


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sessions")


def create(store: Store, text: str, *images: Image) -> str:
    return store.create([Item(Said("a", None, NOW, Role.USER, text, images=images), IMAGES)])


def place(store: Store, *ids: str) -> None:
    store.directory.mkdir(0o700, exist_ok=True)
    for id_ in ids:
        store.path(id_).write_bytes(b"".join(LINES))


def sentences(store: Store) -> list[str]:
    return [finding.sentence for finding in check(store)]


def test_the_sessions_lie_in_the_data_directory_of_the_user(tmp_path: Path) -> None:
    environment = Environment(sys.stdin, sys.stdout, sys.stderr, {}, *[tmp_path] * 4)
    assert Store.of(environment).directory == tmp_path / "sessions"


def test_a_place_without_sessions_has_none_and_makes_nothing(store: Store) -> None:
    assert (store.ids(), store.trashed_ids(), check(store), purge(store)) == ([], [], [], 0)
    assert not store.directory.exists()


def test_a_directory_that_cannot_be_read_is_said_so(store: Store) -> None:
    store.directory.write_text("in the way")
    with pytest.raises(SessionUnreadable, match="sessions cannot be read"):
        store.ids()


def test_ids_sort_by_time_and_the_newest_comes_first(store: Store) -> None:
    ids = [new_id(NOW.replace(minute=minute)) for minute in (1, 2, 10)]
    assert ids[0].startswith("261123-090100-")
    place(store, *ids)
    assert store.ids() == ids[::-1]


def test_a_session_is_found_by_number_id_beginning_last_part_or_title(store: Store) -> None:
    place(store, "261123-090100-abcd", "261123-090200-axyz", "261124-090200-26wx")
    store.rename("261123-090200-axyz", "The Ship")
    listing = store.ids()
    wanted = {
        "2": "261123-090200-axyz",
        "261123-090200-axyz": "261123-090200-axyz",
        "261123-0901": "261123-090100-abcd",
        "ab": "261123-090100-abcd",
        "26w": "261124-090200-26wx",
        "the ship": "261123-090200-axyz",
    }
    assert {typed: store.find(typed, listing) for typed in wanted} == wanted
    assert store.find("mine", titles={listing[0]: "Mine"}) == listing[0]


@pytest.mark.parametrize(
    ("typed", "error"), [("26", SessionAmbiguous), ("a", SessionAmbiguous), ("T", SessionAmbiguous)]
)
def test_what_may_be_several_is_not_guessed(store: Store, typed: str, error: type[Exception]) -> None:
    place(store, "261123-090100-abcd", "261123-090200-axyz")
    with pytest.raises(error, match="2 sessions"):
        store.find(typed)


@pytest.mark.parametrize("typed", ["", "9", "../x", "nobody"])
def test_what_is_not_there_is_not_found(store: Store, typed: str) -> None:
    place(store, "261123-090100-abcd")
    with pytest.raises(SessionMissing):
        store.find(typed, store.ids())


def test_a_closed_session_is_renamed_and_tagged(store: Store) -> None:
    id_ = create(store, "Hello?")
    store.rename(id_, "Greetings")
    store.tag(id_, "short")
    store.tag(id_, "new")
    store.tag(id_, "short", removed=True)
    session = store.read(id_)
    assert (session.name, session.tags) == ("Greetings", ("new",))
    store.rename(id_, "")
    assert store.read(id_).name == "Hello?"


def test_the_trash_gives_back_what_was_put_there(store: Store) -> None:
    id_ = create(store, "Look!", PIXEL)
    store.trash(id_)
    assert (store.ids(), store.trashed_ids()) == ([], [id_])
    store.restore(id_)
    assert (store.ids(), store.trashed_ids()) == ([id_], [])
    assert load(store.path(id_)).conversation.nodes[0].message.images == (PIXEL,)
    store.trash(id_)
    place(store, id_)
    with pytest.raises(SessionUnwritable, match="already"):
        store.restore(id_)


def test_a_purge_keeps_what_a_session_or_the_trash_refers_to(store: Store) -> None:
    kept, gone = create(store, "Look!", PIXEL), create(store, "And here!", PIXEL, OTHER)
    attachments = store.directory / "attachments"
    for path in attachments.iterdir():
        os.utime(path, (0, 0))
    store.trash(gone)
    assert len(names(attachments)) == 2
    assert sentences(store) == []
    expected = sum(path.stat().st_size for path in waste(store))
    assert purge(store) == expected > 0
    assert (waste(store), store.trashed_ids()) == ([], [])
    assert len(names(attachments)) == 1
    assert load(store.path(kept)).missing == 0


def test_a_purge_leaves_alone_what_may_just_be_coming(store: Store) -> None:
    id_ = create(store, "Look!", PIXEL)
    store.trash(id_)
    purge(store)
    (left,) = (store.directory / "attachments").iterdir()
    assert sentences(store) == ["No session refers to it."]
    os.utime(left, (left.stat().st_mtime - UNTOUCHED_S - 1,) * 2)
    create(store, "Look again!", PIXEL)
    store.trash(store.ids()[0])
    purge(store)
    assert left.exists(), "it was in use a moment ago"


def test_an_attachment_lies_there_once(store: Store) -> None:
    create(store, "Look!", PIXEL, PIXEL)
    create(store, "Look!", PIXEL)
    assert len(names(store.directory / "attachments")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="modes are a matter of POSIX")
def test_a_check_finds_what_is_wrong(store: Store) -> None:
    id_ = create(store, "Look!", PIXEL, OTHER)
    first, second = sorted((store.directory / "attachments").iterdir())
    first.write_bytes(b"damaged")
    second.unlink()
    (store.directory / "attachments" / ".left").touch(0o600)
    store.path(id_).write_bytes(store.path(id_).read_bytes() + b'garbage\n{"kind":"dream"}\n{"ki')
    store.path(id_).chmod(0o644)
    assert sentences(store) == [
        "Line 3 is damaged and was skipped.",
        "Line 4 is of a kind that a newer version writes; it was kept and not shown.",
        "Line 5 was never finished, as when the power fails; it was set aside.",
        f"An image of it is not there: {second.name}.",
        "It is no attachment.",
        "It is damaged: its content is not what its name says.",
        "No session refers to it.",
        "Others can get at it: its mode is 0644.",
    ]


def test_what_cannot_be_read_is_found_and_keeps_a_purge_from_guessing(store: Store) -> None:
    create(store, "Look!", PIXEL)
    store.path("x").mkdir(0o700)
    (store.directory / "attachments" / ("ab" * 32)).mkdir(0o700)
    session, attachment = sentences(store)[:2]
    assert session.startswith("The session x.jsonl cannot be read: ")
    assert attachment.startswith("It cannot be read: ")
    with pytest.raises(SessionUnreadable, match="x cannot be read"):
        purge(store)


def test_a_session_is_made_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(tmp_path, FaultyDisk(1, errno.ENOSPC))
    with pytest.raises(SessionUnwritable):
        create(store, "Hello?")
    assert names(tmp_path) == []


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path, BrokenDisk(errno.ENOSPC))
    with pytest.raises(SessionUnwritable, match=r"No session can be made in .*: No space left"):
        create(store, "Hello?")
    assert names(tmp_path) == []
    place(store, "x")
    with pytest.raises(SessionUnwritable, match="The session x cannot be written to: No space left"):
        store.rename("x", "T")
    with pytest.raises(SessionUnreadable, match="y"):
        store.rename("y", "T")
