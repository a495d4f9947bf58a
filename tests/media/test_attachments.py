"""What goes with the next message, as a person attaches it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.errors import AttachmentError, FileUnreadable, NothingThere, TooLarge, WrongKind
from ollama_chat_tui.media.aside import aside
from ollama_chat_tui.media.attachments import Attachments, named_in
from ollama_chat_tui.media.size import MAX_BYTES
from tests.media.pictures import encoded, png, quarters, write
from tests.media.test_clipboard import WAYLAND, WL_PASTE, tool
from tests.scripted_replies import head_bytes, raw
from tests.scripted_server import ScriptedServer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.png", png())
    write(tmp_path / "b c.jpg", encoded(quarters(3000, 2000), "JPEG"))
    write(tmp_path / "x.py", b"print()\n")
    return tmp_path


@pytest.fixture
def store() -> MemoryImages:
    return MemoryImages()


@pytest.fixture
def attachments() -> Attachments:
    return Attachments({})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


async def test_what_was_attached_is_told_with_all_that_was_done_to_it(attachments: Attachments) -> None:
    assert (await attachments.add("a.png")).sentence == "Attached a.png: 64×48, 155 B, about 768 tokens."
    told = (await attachments.add("b c.jpg")).sentence
    assert told.startswith("Attached b c.jpg: 1568×1045, ")
    assert "(shrunk from 3000×2000; it had " in told
    assert (await attachments.add("b c.jpg", is_original=True)).image.width == 3000
    assert [row[:3] for row in attachments.table()] == [
        ("1", "a.png", "64×48"),
        ("2", "b c.jpg", "1568×1045"),
        ("3", "b c.jpg", "3000×2000"),
    ]
    assert attachments.table()[0][4] == "~768"


async def test_an_image_is_taken_off_by_its_number(attachments: Attachments) -> None:
    await attachments.add("a.png")
    await attachments.add("b c.jpg")
    await attachments.add_file(Path("x.py"))
    assert [row[:2] for row in attachments.table()] == [("1", "a.png"), ("2", "b c.jpg"), ("3", "x.py")]
    assert attachments.drop(1) == "a.png"
    assert attachments.drop(2) == "x.py"
    assert [row[:2] for row in attachments.table()] == [("1", "b c.jpg")]
    for number in (0, 2, -1):
        with pytest.raises(NothingThere, match=f"has the number {number}"):
            attachments.drop(number)


async def test_what_was_sent_in_vain_can_be_had_back(attachments: Attachments, store: MemoryImages) -> None:
    await attachments.add("a.png")
    await attachments.add_file(Path("x.py"))
    before = attachments.snapshot()
    await attachments.compose("see 'b c.jpg'", store)
    await attachments.add("b c.jpg")
    attachments.restore(before)
    composed = await attachments.compose("again", MemoryImages())
    assert [image.name for image in composed.images] == ["a.png"]
    assert composed.content.startswith("again\n\n```py x.py")


async def test_the_images_of_a_message_are_attached_again(
    attachments: Attachments, store: MemoryImages
) -> None:
    await attachments.add("a.png")
    (image,) = attachments.take(store)
    attachments.add_again([image, Image("0" * 64, "image/png", "gone.png")], store)
    assert attachments.names == ("a.png",)
    assert attachments.take(MemoryImages()) == (image,)


async def test_the_same_picture_is_attached_once(attachments: Attachments, folder: Path) -> None:
    write(folder / "same.png", png())
    await attachments.add("a.png")
    assert (await attachments.add("same.png")).image.name == "a.png"
    assert len(attachments.images) == 1


async def test_the_clipboard_and_addresses_are_attached_too(server: ScriptedServer, tmp_path: Path) -> None:
    attachments = Attachments(tool(tmp_path, "wl-paste", WL_PASTE) | WAYLAND)
    bmp = encoded(quarters(32, 32), "BMP")
    head = head_bytes(200, {"Content-Type": "image/bmp", "Content-Length": str(len(bmp))})
    server.enqueue(raw(head + bmp), path="/p/a%20b.bmp")
    assert (await attachments.add("clipboard")).image.name == "clipboard"
    assert (await attachments.add(f"{server.url}/p/a%20b.bmp")).image.name == "a b.bmp"


async def test_a_message_takes_everything_with_it(attachments: Attachments, store: MemoryImages) -> None:
    await attachments.add("a.png")
    await attachments.add_file(Path("x.py"))
    text = "compare with 'b c.jpg', and see @x.py"
    assert (attachments.names, named_in(text)) == (("a.png", "x.py"), ("b c.jpg", "x.py"))
    composed = await attachments.compose(text, store)
    assert composed.content == (
        "compare with [b c.jpg], and see @x.py\n\n```py x.py\nprint()\n```\n\n```py x.py\nprint()\n```"
    )
    assert [image.name for image in composed.images] == ["a.png", "b c.jpg"]
    assert [each.image.name for each in composed.added] == ["b c.jpg"]
    for image in composed.images:
        kept = store.open(image.sha256)
        assert kept is not None
        assert len(kept.read()) == image.size_bytes
    assert not attachments.images
    assert not attachments.files


async def test_a_picture_that_is_mentioned_is_attached(attachments: Attachments, store: MemoryImages) -> None:
    composed = await attachments.compose("what is @a.png?", store)
    assert composed.content == "what is [a.png]?"
    assert [image.name for image in composed.images] == ["a.png"]


async def test_a_message_without_any_stays_as_it_is(attachments: Attachments, store: MemoryImages) -> None:
    text = "  Just words, `code` and C:\\no\\path.\n"
    assert (await attachments.compose(text, store)).content == text


async def test_when_something_cannot_go_nothing_is_lost(
    attachments: Attachments, store: MemoryImages, folder: Path
) -> None:
    await attachments.add("a.png")
    write(folder / "broken.png", png()[:80])
    with pytest.raises(WrongKind, match=r"broken\.png is a damaged picture"):
        await attachments.compose("see broken.png and 'b c.jpg'", store)
    assert [each.image.name for each in attachments.images] == ["a.png"]


async def test_it_is_known_what_a_model_must_be_able_to_do(attachments: Attachments, folder: Path) -> None:
    assert attachments.capabilities == frozenset()
    write(folder / "a.wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(20))
    await attachments.add("a.png")
    await attachments.add("a.wav")
    assert attachments.capabilities == {"vision", "audio"}


async def test_bad_files_are_told_and_not_attached(attachments: Attachments, folder: Path) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.truncate(3 * MAX_BYTES)
    write(folder / "empty.png", b"")
    for source, kind, words in (
        ("huge.png", TooLarge, "huge.png has 300 MB."),
        ("empty.png", WrongKind, "empty.png is empty."),
        ("b.png", FileUnreadable, "There is no file b.png."),
        (".", FileUnreadable, ". is a folder."),
        ("x.py", WrongKind, "x.py holds a text."),
    ):
        with pytest.raises(kind) as caught:
            await attachments.add(source)
        assert caught.value.sentence == words
    assert attachments.images == ()


async def test_a_store_that_is_full_is_told(folder: Path) -> None:
    class Full(MemoryImages):
        def keep(self, data: bytes) -> str:
            raise OSError(28, os.strerror(28))

    attachments = Attachments({})
    await attachments.add("a.png")
    with pytest.raises(AttachmentError, match=r"a\.png cannot be kept: No space left"):
        await attachments.compose("Look!", Full())
    assert len(attachments.images) == 1


async def test_cancelling_does_not_wait_for_the_work() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    waiting = asyncio.create_task(aside(work))
    await asyncio.to_thread(begun.wait)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    may_end.set()
