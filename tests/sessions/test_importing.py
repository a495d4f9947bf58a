"""From files to sessions, and there and back again."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_chat_tui.chat.image import MemoryImages
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.errors import BadImport
from ollama_chat_tui.sessions.attachments import described
from ollama_chat_tui.sessions.export.files import Format, export, render
from ollama_chat_tui.sessions.export.portable import to_json
from ollama_chat_tui.sessions.importing import import_file
from ollama_chat_tui.sessions.loading import Loaded, load
from ollama_chat_tui.sessions.records import Item, Said
from ollama_chat_tui.sessions.store import Store
from tests.sessions.trees import sessions
from tests.sessions.written import START, append

PIXEL = "iVBORw0KGgo="
IMAGE = described(base64.b64decode(PIXEL), MemoryImages())


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sessions")


def imported(store: Store, tmp_path: Path, data: object) -> Loaded:
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(data))
    found = import_file(store, path)
    assert import_file(store, path) == type(found)(found.id, is_new=False)
    return load(store.path(found.id))


def messages(loaded: Loaded) -> list[Message]:
    return [node.message for node in loaded.conversation.branch()]


@settings(max_examples=60, deadline=None)
@given(sessions())
def test_what_is_exported_and_imported_is_exported_the_same(items: list[Item]) -> None:
    with tempfile.TemporaryDirectory() as name:
        here, there, file = Store(Path(name, "here")), Store(Path(name, "there")), Path(name, "x.json")
        first = load(here.path(here.create(items)))
        export(first, file, Format.JSON)
        found = import_file(there, file)
        assert found.is_new
        second = load(there.path(found.id))
        assert to_json(second) == file.read_bytes().decode() == to_json(first)
        assert second.conversation.nodes == first.conversation.nodes
        assert second.conversation.head == first.conversation.head
        assert second.session.settings == first.session.settings
        again = [import_file(store, file) for store in (here, there)]
        assert again == [type(found)(found.id, is_new=False)] * 2
        assert len(there.ids()) == len(here.ids()) == 1


@settings(max_examples=40, deadline=None)
@given(sessions(), st.sampled_from(list(Format)))
def test_every_session_can_be_exported_as_everything(items: list[Item], format_: Format) -> None:
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name))
        text = render(load(store.path(store.create(items))), format_)
        assert not {char for char in text if char != "\n" and not char.isprintable() and ord(char) < 0xA0} - {
            "\t"
        }
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(text)


def test_a_session_that_has_gone_on_is_the_same_and_one_that_holds_more_is_another(
    store: Store, tmp_path: Path
) -> None:
    id_ = store.create([Item(Said("a", None, START, Role.USER, "hi"))])
    early, late = tmp_path / "early.json", tmp_path / "late.json"
    export(load(store.path(id_)), early, Format.JSON)
    append(store.path(id_), Said("b", "a", START, Role.ASSISTANT, "hello"))
    export(load(store.path(id_)), late, Format.JSON)
    assert import_file(store, early) == import_file(store, late)
    elsewhere = Store(tmp_path / "elsewhere")
    first, second = import_file(elsewhere, early), import_file(elsewhere, late)
    assert (first.id, second.is_new) == (id_, True)
    assert second.id != id_
    assert import_file(elsewhere, late).id == second.id


def test_what_ollamas_own_chat_saves_is_a_session(store: Store, tmp_path: Path) -> None:
    call = {"id": "c1", "function": {"index": 0, "name": "get_temp", "arguments": {"city": "Oslo"}}}
    loaded = imported(
        store,
        tmp_path,
        {
            "model": "qwen3:8b",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "How warm?", "images": [PIXEL]},
                {"role": "assistant", "content": "", "thinking": "Ask.", "tool_calls": [call]},
                {"role": "tool", "tool_name": "get_temp", "tool_call_id": "c1", "content": "4"},
                {"role": "assistant", "content": "4 degrees."},
            ],
            "tools": [{"type": "function"}],
            "options": {"temperature": 0.3, "nonsense": 1},
            "think": True,
            "stream": True,
        },
    )
    assert messages(loaded) == [
        Message(Role.USER, "How warm?", images=(IMAGE,)),
        Message(Role.ASSISTANT, "", "Ask.", tool_calls=(ToolCall("get_temp", {"city": "Oslo"}, "c1"),)),
        Message(Role.TOOL, "4", tool_name="get_temp", tool_call_id="c1"),
        Message(Role.ASSISTANT, "4 degrees."),
    ]
    settings_ = loaded.session.settings
    assert settings_ is not None
    assert (settings_.model, settings_.system, settings_.think) == ("qwen3:8b", "Be brief.", True)
    assert settings_.options == {"temperature": 0.3}


def test_messages_as_openai_has_them_are_a_session(store: Store, tmp_path: Path) -> None:
    loaded = imported(
        store,
        tmp_path,
        [
            {"role": "developer", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is this?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": [1]}'}},
                    {"id": "d", "type": "function", "function": {"name": "g", "arguments": ""}},
                ],
            },
            {"role": "tool", "tool_call_id": "c", "content": "x"},
            {"role": "assistant", "content": "It is.", "reasoning_content": "Hm."},
        ],
    )
    assert messages(loaded) == [
        Message(Role.USER, "What is this?\n\n[image: https://example.org/a.png]", images=(IMAGE,)),
        Message(Role.ASSISTANT, tool_calls=(ToolCall("f", {"a": [1]}, "c"), ToolCall("g", {}, "d"))),
        Message(Role.TOOL, "x", tool_call_id="c"),
        Message(Role.ASSISTANT, "It is.", "Hm."),
    ]


def test_the_same_words_are_one_session_whatever_the_file_is_called(store: Store, tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text('[{"role": "user", "content": "hi"}]')
    (tmp_path / "c.json").write_text('{"messages": [{"content": "hi", "role": "user"}]}')
    found = [import_file(store, tmp_path / name) for name in ("a.json", "b.json", "c.json")]
    assert [one.is_new for one in found] == [True, False, False]
    assert len(store.ids()) == 1


OWN = {"kind": "ollama-chat session", "version": 1, "id": "260301-120000-abcd", "messages": []}
SAID = {"kind": "message", "id": "a", "parent": None, "at": "2026-03-01T12:00:00Z", "role": "user"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "chat.json is not JSON: line 1, column 1."),
        (b'{"messages": [\n  {"role": }]}', "chat.json is not JSON: line 2, column 12."),
        (b"\xff\xfe{\x00}\x00", "chat.json is not UTF-8 text: byte 0 is none of it."),
        (b"[" * 100_000, "chat.json is nested too deeply."),
        (b'{"messages": [NaN]}', "chat.json holds a number that is none."),
        (b"[" + b"9" * 5000 + b"]", "chat.json holds a number that is none."),
        (b"7", "chat.json has no messages."),
        (b"{}", "chat.json has no messages."),
        (b"[]", "chat.json has no question and no answer."),
        (b"[3]", "chat.json has no message at messages[0]."),
        (b'[{"content": "x"}]', "chat.json has a message of nobody at messages[0].role."),
        (b'[{"role": "wizard"}]', "chat.json has a message of nobody at messages[0].role."),
        (b'[{"role": "user", "content": 7}]', "chat.json has no text at messages[0].content."),
        (
            b'[{"role": "user", "content": [7]}]',
            "chat.json has no part of a message at messages[0].content[0].",
        ),
        (
            b'[{"role": "user", "content": [{"type": "video"}]}]',
            "chat.json has a part of the unknown kind video at messages[0].content[0].",
        ),
        (
            b'[{"role": "user", "images": ["!"]}]',
            "chat.json has an image that is not base64 at messages[0].images[0].",
        ),
        (
            b'[{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]',
            "chat.json has arguments that are not JSON at messages[0].tool_calls[0].",
        ),
        (
            b'[{"role": "assistant", "tool_calls": [{"function": {"arguments": {}}}]}]',
            "chat.json has a call of nothing at messages[0].tool_calls[0].",
        ),
        (b'[{"role": "assistant", "thinking": []}]', "chat.json has no text at messages[0].thinking."),
        (
            json.dumps({**OWN, "version": 2}).encode(),
            "chat.json was exported by a newer version of ollama-chat (format 2).",
        ),
        (
            json.dumps({**OWN, "tree": [{**SAID, "role": 5}]}).encode(),
            "chat.json is no whole export: Expected `str`, got `int` - at `$.tree[0].role`.",
        ),
        (
            json.dumps({**OWN, "tree": [SAID, SAID]}).encode(),
            "chat.json has the message a twice, at tree[1].",
        ),
        (
            json.dumps({**OWN, "tree": [{**SAID, "parent": "z"}]}).encode(),
            "chat.json has a message after one that is not there, at tree[0].parent.",
        ),
        (
            json.dumps({**OWN, "attachments": {"ab": "?"}}).encode(),
            "chat.json has an image that is not base64 at attachments.ab.",
        ),
        (
            json.dumps({**OWN, "tree": [{**SAID, "at": "2026-03-01T12:00:00"}]}).encode(),
            "chat.json has a time without a zone at tree[0].at.",
        ),
        (json.dumps({**OWN, "head": "z"}).encode(), "chat.json has a head that is none of its messages."),
    ],
)
def test_a_bad_file_is_one_sentence_with_its_place(
    store: Store, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "chat.json"
    path.write_bytes(content)
    with pytest.raises(BadImport) as caught:
        import_file(store, path)
    assert caught.value.sentence == sentence
    assert store.ids() == []


def test_a_file_that_is_not_there_is_one_sentence(store: Store, tmp_path: Path) -> None:
    with pytest.raises(BadImport, match=r"no\.json cannot be read: No such file"):
        import_file(store, tmp_path / "no.json")
    with pytest.raises(BadImport, match="cannot be read: Is a directory"):
        import_file(store, tmp_path)


KEYS = [
    "messages",
    "role",
    "content",
    "type",
    "text",
    "image_url",
    "images",
    "tool_calls",
    "function",
    "name",
]


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text(max_size=4), st.sampled_from(["user", "tool", "text"])),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(KEYS),
                inner,
                max_size=5,
            ),
        ),
    )
)
def test_no_json_whatever_is_a_traceback(data: object) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name, "x.json")
        path.write_text(json.dumps(data))
        with suppress(BadImport):
            import_file(Store(Path(name, "sessions")), path)


@pytest.mark.parametrize("id_", ["../../evil", "/etc/passwd", "con", "a" * 300, "", "x\x00y"])
def test_an_id_from_a_stranger_is_never_a_path(store: Store, tmp_path: Path, id_: str) -> None:
    loaded = imported(store, tmp_path, {**OWN, "id": id_, "tree": [SAID]})
    assert loaded.session.path.parent == store.directory
    assert loaded.session.id.startswith("260301-120000-")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a process's files")
def test_a_disk_that_takes_no_session_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "chat.json").write_text(json.dumps([{"role": "user", "content": "hi" * 5000}]))
    code = """
import sys, resource
from pathlib import Path
from ollama_chat_tui.errors import SessionUnwritable
from ollama_chat_tui.sessions.attachments import described
from ollama_chat_tui.sessions.importing import import_file
from ollama_chat_tui.sessions.store import Store
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    import_file(Store(Path("sessions")), Path("chat.json"))
except SessionUnwritable as exc:
    print(exc.sentence)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("No session can be made in sessions: File too large.\n", "")
    assert Store(tmp_path / "sessions").ids() == []
