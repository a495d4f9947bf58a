"""Images on the wire: base64 made while it is sent, of a length that was told."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.backends.body import Marks
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from tests.scripted_replies import answer
from tests.scripted_server import ScriptedServer

PIECE = 192 * 1024


def image_of(store: MemoryImages, data: bytes) -> Image:
    return Image(store.keep(data), "image/png", "a.png", len(data))


def asking(store: MemoryImages, *images: Image, text: str = "What?") -> ChatRequest:
    return ChatRequest(Settings("m"), [Message(Role.USER, text, images=images)], images=store)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 2])
async def test_an_image_of_any_size_arrives(server: ScriptedServer, client: OllamaClient, size: int) -> None:
    store = MemoryImages()
    data = bytes(number % 251 for number in range(size))
    server.enqueue(*answer("A flag."))
    assert [piece async for piece in client.chat(asking(store, image_of(store, data), image_of(store, b"x")))]
    request = server.wait_for()
    sent = request.json["messages"][0]["images"]
    assert sent == [base64.b64encode(data).decode(), "eA=="]
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers


@given(st.lists(st.binary(max_size=40), max_size=4), st.text(max_size=20))
def test_the_length_is_told_before_a_byte_is_made(contents: list[bytes], text: str) -> None:
    store = MemoryImages()
    body = encode_chat(asking(store, *(image_of(store, data) for data in contents), text=text))
    assert len(b"".join(body)) == body.length
    assert b"".join(body) == b"".join(body), "it can be sent again"


def test_a_store_need_not_hold_images_in_memory() -> None:
    class Counting(MemoryImages):
        most = 0

        def open(self, sha256: str) -> BinaryIO | None:
            class File(io.BytesIO):
                def read(self, size: int | None = -1, /) -> bytes:
                    Counting.most = max(Counting.most, size or -1)
                    assert size is not None
                    assert size > 0
                    return super().read(size)

            found = super().open(sha256)
            return File(found.getbuffer()) if isinstance(found, io.BytesIO) else None

    store = Counting()
    body = encode_chat(asking(store, image_of(store, bytes(10 * PIECE))))
    assert max(map(len, body)) == PIECE // 3 * 4
    assert Counting.most == PIECE


def test_an_image_that_is_gone_is_left_out_and_the_model_is_told() -> None:
    store = MemoryImages()
    gone = Image(hashlib.sha256(b"gone").hexdigest(), "image/png", "gone.png", 4)
    body = b"".join(encode_chat(asking(store, gone, image_of(store, b"hi")))).decode()
    assert '"content":"What?\\n\\n[The image gone.png is not there any more.]","images":["aGk="]' in body
    alone = b"".join(encode_chat(asking(store, gone, text=""))).decode()
    assert '"content":"[The image gone.png is not there any more.]"}' in alone


def test_a_text_that_looks_like_a_mark_stays_a_text() -> None:
    store = MemoryImages()
    marks = Marks(store)
    (mark,), _ = marks.mark([image_of(store, b"hi")])
    assert b"".join(marks.body(f'["{mark}", "{mark[:-2]}"]'.encode())) == f'["aGk=", "{mark[:-2]}"]'.encode()


def test_the_same_bytes_are_kept_once() -> None:
    store = MemoryImages()
    assert store.keep(b"hi") == store.keep(b"hi") == hashlib.sha256(b"hi").hexdigest()
    assert store.open("0" * 64) is None
