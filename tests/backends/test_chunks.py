from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.backends.chunks import ChunkJoiner
from tests.backends.test_lines import cut

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def coded(chunks: list[bytes], extension: bytes = b"") -> bytes:
    return b"".join(b"%x%b\r\n%b\r\n" % (len(each), extension, each) for each in chunks if each)


def joined(blocks: list[bytes]) -> list[bytes]:
    joiner = ChunkJoiner()
    return [*(joiner.feed(block) for block in blocks), joiner.rest()]


def parsed(blocks: list[bytes], is_closed: bool = False) -> tuple[bytes, int, str]:
    """What h11 makes of it: the body, the number of its pieces, and how it ended."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    body = b""
    count = 0
    try:
        for block in [*(block for block in blocks if block), *([b""] if is_closed else [])]:
            connection.receive_data(block)
            while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Data):
                    body += event.data
                    count += 1
                if isinstance(event, h11.EndOfMessage):
                    return body, count, "whole"
    except h11.RemoteProtocolError:
        return body, count, "broken"
    return body, count, "begun"


BODIES = st.lists(st.binary(max_size=40) | st.sampled_from([b"\r\n", b"0\r\n\r\n", b"5\r\n"]), max_size=10)
PLACES = st.lists(st.integers(0, 2_000), max_size=12)
ENDS = st.sampled_from(
    [b"0\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"", b"5", b"5\r\nabc", b"zz\r\n", b"\xff" * 300, b"-5\r\nx"]
)


@given(BODIES, ENDS, PLACES, st.sampled_from([b"", b";a=b", b" "]))
def test_joined_or_not_a_reply_means_the_same_however_it_is_cut(
    chunks: list[bytes], end: bytes, places: list[int], extension: bytes
) -> None:
    wire = HEAD + coded(chunks, extension) + end
    body, _, how = parsed([wire], is_closed=True)
    joined_body, _, joined_how = parsed(joined(cut(wire, places)), is_closed=True)
    assert (joined_body, joined_how) == (body, how)


def test_what_arrives_together_is_one_piece() -> None:
    wire = HEAD + coded([b"x"] * 1000) + b"0\r\n\r\n"
    assert parsed([wire]) == (b"x" * 1000, 1000, "whole")
    assert parsed(joined([wire])) == (b"x" * 1000, 1, "whole")


def test_nothing_is_held_back_but_the_head_of_a_chunk() -> None:
    joiner = ChunkJoiner()
    assert joiner.feed(HEAD) == HEAD
    assert joiner.feed(b"a\r\nhell") == b"4\r\nhell\r\n"
    assert joiner.feed(b"o worl\r\n5") == b"6\r\no worl\r\n"
    assert joiner.feed(b"\r") == b""
    assert joiner.feed(b"\nagain") == b"5\r\nagain\r\n"
    assert joiner.rest() == b""


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n5\r\nab\r\n",
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        b"SSH-2.0\r\n\r\n1\r\na\r\n1\r\nb\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_anything_else_passes_as_it_is(wire: bytes, size: int) -> None:
    blocks = [wire[at : at + size] for at in range(0, len(wire), size)]
    if len(blocks) > 1000:
        blocks = [wire[at : at + 1000] for at in range(0, len(wire), 1000)]
    assert b"".join(joined(blocks)) == wire


def test_the_next_reply_on_a_connection_is_joined_too() -> None:
    joiner = ChunkJoiner()
    for _ in range(2):
        joiner.expect_reply()
        wire = HEAD + coded([b"a", b"b"]) + b"0\r\n\r\n"
        assert joiner.feed(wire) == HEAD + b"2\r\nab\r\n0\r\n\r\n"
