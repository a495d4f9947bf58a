from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.backends.lines import MAX_LINE_BYTES, LineSplitter, LineTooLong
from ollama_chat_tui.chat.events import Finished
from tests.scripted_replies import done, text
from tests.turns import last, take_turn, text_of, thinking_of

# Characters at which `str.splitlines` would cut, and those of several bytes.
CHARACTERS = st.text(st.sampled_from("ab \x85\u2028\u2029\x0b\x0c\x1c\r\n\té中🙂"), max_size=6)
PIECES = st.lists(st.tuples(CHARACTERS, CHARACTERS), max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({place % (len(data) + 1) for place in places})
    return [data[begin:stop] for begin, stop in zip([0, *at], [*at, len(data)], strict=True)]


def stream(objects: list[Any], newline: bytes, is_ended: bool) -> bytes:
    """As Ollama writes JSON: U+0085 raw; U+2028 raw as others write it."""
    data = newline.join(json.dumps(each, ensure_ascii=False).encode() for each in objects)
    return data + newline if is_ended else data


class Blocks(httpx.AsyncByteStream):
    def __init__(self, blocks: list[bytes]) -> None:
        self.blocks = blocks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for block in self.blocks:
            yield block


@given(
    PIECES,
    st.lists(st.integers(0, 10_000)),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \r\n"]),
    st.booleans(),
)
def test_lines_are_the_same_however_they_are_cut(
    pieces: list[tuple[str, str]], places: list[int], newline: bytes, is_ended: bool
) -> None:
    objects = [text(content, thinking=thinking) for content, thinking in pieces]
    splitter = LineSplitter()
    lines = [
        line for block in cut(stream(objects, newline, is_ended), places) for line in splitter.feed(block)
    ]
    if rest := splitter.rest():
        lines.append(rest)
    assert [json.loads(line) for line in lines] == objects


@given(PIECES, st.lists(st.integers(0, 10_000)), st.sampled_from([b"\n", b"\r\n", b"\n\n"]), st.booleans())
async def test_a_turn_is_the_same_however_its_bytes_are_cut(
    pieces: list[tuple[str, str]], places: list[int], newline: bytes, is_ended: bool
) -> None:
    objects = [*(text(content, thinking=thinking) for content, thinking in pieces), done()]
    blocks = Blocks(cut(stream(objects, newline, is_ended), places))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=blocks))
    async with OllamaClient(DEFAULT_HOST, transport=transport) as client:
        events = await take_turn(client)
    finished = last(events)
    assert isinstance(finished, Finished)
    assert text_of(events) == finished.message.content == "".join(content for content, _ in pieces)
    assert thinking_of(events) == finished.message.thinking == "".join(thinking for _, thinking in pieces)


def test_a_line_of_eight_megabytes_is_a_line_and_a_longer_one_is_not() -> None:
    splitter = LineSplitter()
    long = b"x" * MAX_LINE_BYTES
    assert splitter.feed(long) == []
    assert splitter.feed(b"\nshort\n") == [long, b"short"]
    assert splitter.feed(long + b"x") == []
    with pytest.raises(LineTooLong):
        splitter.feed(b"x")
