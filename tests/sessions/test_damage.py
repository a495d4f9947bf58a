from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Ending, Message, Role
from ollama_chat_tui.errors import SessionUnreadable
from ollama_chat_tui.sessions.loading import load
from ollama_chat_tui.sessions.recorder import SessionRecorder
from ollama_chat_tui.sessions.records import (
    HeadMoved,
    Opened,
    Partial,
    Record,
    Said,
    SettingsChanged,
    Tagged,
    Titled,
    Unknown,
    decode,
    encode,
)
from ollama_chat_tui.sessions.session import Damage, Session, read_session
from tests.sessions.chat import SETTINGS, texts

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LINES = [
    encode(record)
    for record in (
        Opened(1, "x", NOW),
        SettingsChanged(NOW, "m"),
        Said("aaaa", None, NOW, Role.USER, "Hello?"),
        Partial("bbbb", NOW, "aaaa", "One "),
        Partial("bbbb", NOW, None, "two "),
        Said("cccc", "aaaa", NOW, Role.ASSISTANT, "Hi.", ending=Ending.FAILED),
        HeadMoved("bbbb", NOW),
        Titled("T", NOW),
        Tagged("t", NOW),
        Said("dddd", "bbbb", NOW, Role.USER, "And?"),
    )
]


def written(tmp_path: Path, *lines: bytes) -> Path:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def found(session: Session, record: Record | Unknown) -> bool:
    """Whether a line that nobody touched is there; its neighbours may be damaged."""
    match record:
        case Said():
            return session.entries[record.id].said.content == record.content
        case Partial():
            return record.content in session.entries[record.id].said.content
        case Titled():
            return session.title == record.title
        case Tagged():
            return record.tag in session.tags
        case Opened():
            return session.opened == record
        case SettingsChanged():
            return session.settings == record
        case _:
            return True


def notes(session: Session) -> list[tuple[int, Damage]]:
    return [(notice.line, notice.damage) for notice in session.notices]


def test_a_whole_file_has_nothing_to_report(tmp_path: Path) -> None:
    session = read_session(written(tmp_path, *LINES))
    assert notes(session) == []
    assert texts(session) == ["Hello?", "One two ", "Hi.", "And?"]
    assert session.entries["bbbb"].said.ending is Ending.INTERRUPTED
    assert [entry.said.id for entry in session.branch()] == ["aaaa", "bbbb", "dddd"]


@pytest.mark.parametrize("value", [0, ord("\n"), ord('"'), ord("}"), 0xFF])
def test_any_damaged_byte_leaves_the_other_lines_whole(tmp_path: Path, value: int) -> None:
    path = written(tmp_path, *LINES)
    records = [decode(line.rstrip()) for line in LINES]
    places = [(number, at) for number, line in enumerate(LINES) for at in range(len(line))]
    with path.open("r+b", buffering=0) as file:
        for place, (number, at) in enumerate(places):
            file.seek(place)
            file.write(bytes([value]))
            session = load(path).session
            for other, record in enumerate(records):
                assert other == number or found(session, record), (number, at, other)
            file.seek(place)
            file.write(LINES[number][at : at + 1])


@pytest.mark.parametrize("kept", range(len(LINES[-2] + LINES[-1])))
def test_a_file_cut_anywhere_loads_and_goes_on(tmp_path: Path, kept: int) -> None:
    whole = b"".join(LINES[:-2])
    left = whole + (LINES[-2] + LINES[-1])[:kept]
    path = written(tmp_path, left)
    before = load(path).session
    is_torn = kept not in (0, len(LINES[-2]) - 1, len(LINES[-2]), len(LINES[-2] + LINES[-1]) - 1)
    torn = [(len(LINES) - (kept < len(LINES[-2])), Damage.TORN)] if is_torn else []
    assert notes(before) == torn

    async def go_on() -> None:
        recorder = SessionRecorder(tmp_path)
        conversation = (await recorder.resume(path)).conversation
        conversation.append(Message(Role.USER, "Still there?"))
        await recorder.save(conversation, SETTINGS)
        await recorder.close()

    asyncio.run(go_on())
    assert path.read_bytes().startswith(left), "nothing is rewritten"
    after = load(path).session
    assert notes(after) == torn
    assert texts(after) == [*texts(before), "Still there?"]


def test_a_damaged_line_is_reported_by_its_number_and_skipped(tmp_path: Path) -> None:
    session = read_session(written(tmp_path, *LINES[:5], b"garbage\n", *LINES[6:]))
    assert notes(session) == [(6, Damage.DAMAGED)]
    assert session.notices[0].sentence == "Line 6 is damaged and was skipped."
    assert texts(session) == ["Hello?", "One two ", "And?"]


def test_an_answer_to_a_damaged_question_hangs_on_the_message_before(tmp_path: Path) -> None:
    last = encode(Said("eeee", "dddd", NOW, Role.ASSISTANT, "Yes."))
    session = read_session(written(tmp_path, *LINES[:9], b"garbage\n", last))
    assert notes(session) == [(10, Damage.DAMAGED), (11, Damage.MISPLACED)]
    assert session.entries["eeee"].said.parent == "cccc"
    assert [entry.said.id for entry in session.branch()] == ["aaaa", "cccc", "eeee"]


def test_a_line_of_an_unknown_kind_is_kept_and_the_rest_loads(tmp_path: Path) -> None:
    session = read_session(written(tmp_path, *LINES[:9], b'{"kind":"dream","of":1}\n', LINES[9]))
    assert notes(session) == [(10, Damage.UNKNOWN)]
    assert texts(session)[-1] == "And?"


@pytest.mark.parametrize(
    "line",
    [
        b"\0" * 4096,
        b"[" * 100_000,
        b'{"kind":"message","id":[],"parent":{}}',
        b'{"kind":1}',
        b"\xff\xfe",
        b"null",
    ],
    ids=["zeros", "deep", "types", "kind", "bytes", "null"],
)
def test_any_garbage_is_a_damaged_line(tmp_path: Path, line: bytes) -> None:
    session = load(written(tmp_path, *LINES, line + b"\n", b"\n")).session
    assert notes(session) == [(len(LINES) + 1, Damage.DAMAGED)]


def test_a_line_that_a_failing_disk_made_be_written_twice_is_taken_once(tmp_path: Path) -> None:
    question, first, second, end = LINES[2], LINES[3], LINES[4], LINES[5]
    lines = [LINES[0], question, first, second, question, first, second]
    session = read_session(written(tmp_path, *lines))
    assert (texts(session), notes(session)) == (["Hello?", "One two "], [])
    assert [entry.said.id for entry in session.branch()] == ["aaaa", "bbbb"]
    answer = encode(Said("bbbb", "aaaa", NOW, Role.ASSISTANT, "One two three."))
    session = read_session(written(tmp_path, *lines, answer, end, first, second, answer))
    assert (texts(session), notes(session)) == (["Hello?", "One two three.", "Hi."], [])
    assert session.head == "bbbb"


def test_an_empty_file_is_an_empty_session(tmp_path: Path) -> None:
    loaded = load(written(tmp_path))
    assert (loaded.notices, loaded.conversation.nodes) == ([], [])


def test_a_file_that_is_not_there_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SessionUnreadable, match=r"x\.jsonl"):
        read_session(tmp_path / "x.jsonl")
    with pytest.raises(SessionUnreadable):
        read_session(tmp_path)


def test_the_order_is_that_of_the_file_when_the_clock_went_backwards(tmp_path: Path) -> None:
    said = [
        Said(str(n), str(n - 1) if n else None, NOW - timedelta(days=n), Role.USER, str(n)) for n in range(5)
    ]
    assert texts(read_session(written(tmp_path, LINES[0], *map(encode, said)))) == list("01234")


def test_a_missing_image_is_told_and_its_message_loads(tmp_path: Path) -> None:
    images = Image("ab" * 32, "image/png"), Image("../../etc/passwd", "image/png")
    said = Said("aaaa", None, NOW, Role.USER, "Look!", images=images)
    loaded = load(written(tmp_path, LINES[0], encode(said)))
    assert loaded.notices == ["2 of its images are not there any more."]
    assert loaded.conversation.nodes[0].message == Message(Role.USER, "Look!", images=images)
