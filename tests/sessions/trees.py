"""Random sessions: trees of messages with calls, reasoning, images and answers that broke off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from ollama_chat_tui.chat.image import MemoryImages
from ollama_chat_tui.chat.message import Ending, Role, ToolCall
from ollama_chat_tui.sessions.attachments import described
from ollama_chat_tui.sessions.records import (
    HeadMoved,
    Item,
    Partial,
    Said,
    SettingsChanged,
    StoredMetrics,
    Tagged,
    Titled,
)

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["\x1b[2J\x9b31m", "\u202etxet", "a\r\nb\x00c", "\ud800 alone", "漢字", "```\n# no\n```"]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), TEXTS.filter(lambda t: t.isascii())),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.text("abcde", min_size=1, max_size=4), JSON, max_size=3)
STORE = MemoryImages()
IMAGES = st.binary(min_size=1, max_size=20).map(lambda data: described(data, STORE))
CALLS = st.builds(ToolCall, st.text("abc_", min_size=1, max_size=6), OBJECTS, st.sampled_from(["", "call_1"]))
TIMES = st.integers(0, 10**9).map(lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=s))
SETTINGS = st.builds(
    SettingsChanged,
    TIMES,
    st.sampled_from(["", "qwen3:8b", "gemma3"]),
    system=TEXTS,
    options=st.sampled_from([{}, {"temperature": 0.5, "seed": 7}]),
    format=st.sampled_from([None, "json", {"type": "object"}]),
    think=st.sampled_from([None, True, "high"]),
    keep_alive=st.sampled_from([None, 5.0, "1h30m"]),
)


@st.composite
def sessions(draw: st.DrawFn) -> list[Item]:
    """The lines of a session file, in an order in which the program could have written them."""
    items = [Item(draw(SETTINGS))]
    ids: list[str] = []
    for number in range(draw(st.integers(0, 8))):
        at = draw(TIMES)
        parent = draw(st.sampled_from([None, *ids]))
        id_ = f"{number:04x}"
        kind = draw(st.integers(0, 9))
        if kind == 0 and number:
            items.append(Item(draw(SETTINGS)))
        if kind == 1:
            items.append(Item(Partial(id_, at, parent, draw(TEXTS), draw(TEXTS))))
            items.append(Item(Partial(id_, at, None, draw(TEXTS))))
        else:
            said = Said(
                id_,
                parent,
                at,
                draw(st.sampled_from(list(Role))),
                draw(TEXTS),
                draw(TEXTS),
                tuple(draw(st.lists(IMAGES, max_size=2))),
                tool_calls=tuple(draw(st.lists(CALLS, max_size=2))),
                tool_name=draw(st.sampled_from(["", "weather"])),
                tool_call_id=draw(st.sampled_from(["", "call_1"])),
                ending=draw(st.sampled_from(list(Ending))),
                metrics=draw(st.sampled_from([None, StoredMetrics(model="m", answer_tokens=3)])),
                whole=draw(TEXTS),
            )
            items.append(Item(said, STORE))
        ids.append(id_)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    title = draw(TEXTS)
    if title:
        items.append(Item(Titled(title, now)))
    tags = draw(st.lists(st.sampled_from("xy"), unique=True))
    items += [Item(Tagged(tag, now)) for tag in tags]
    has_moved = draw(st.booleans())
    if ids and has_moved:
        items.append(Item(HeadMoved(draw(st.sampled_from([None, *ids])), now)))
    return items
