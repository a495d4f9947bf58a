"""What is sent shows what was meant: every format, every mode, every way up."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import wave
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ollama_chat_tui.errors import AttachmentError, TooLarge, WrongKind
from ollama_chat_tui.media.kind import sniff
from ollama_chat_tui.media.prepare import Prepared, prepare
from ollama_chat_tui.media.size import MAX_BYTES
from tests.media.pictures import (
    CORNERS,
    GREEN,
    RED,
    are_close,
    corners,
    decoded,
    encoded,
    pixel,
    png,
    quarters,
)

SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'


def prepared(data: bytes, longest_px: int = 1568) -> Prepared:
    return prepare(io.BytesIO(data), "a.png", longest_px)


def refusal(data: bytes) -> AttachmentError:
    with pytest.raises(AttachmentError) as caught:
        prepared(data)
    assert caught.value.sentence.count(". ") == 0, "one sentence"
    return caught.value


@pytest.mark.parametrize(
    ("form", "sent_as", "options"),
    [
        ("JPEG", "image/jpeg", {"quality": 95}),
        ("MPO", "image/jpeg", {"quality": 95}),
        ("PNG", "image/png", {}),
        ("GIF", "image/png", {}),
        ("BMP", "image/png", {}),
        ("TIFF", "image/png", {}),
        ("TIFF", "image/png", {"compression": "tiff_lzw"}),
        ("WEBP", "image/png", {"lossless": True}),
        ("AVIF", "image/png", {"quality": 95}),
    ],
)
def test_every_format_is_sent_as_one_that_every_server_reads(
    form: str, sent_as: str, options: dict[str, Any]
) -> None:
    sent = prepared(encoded(quarters(), form, **options))
    assert sent.media_type == sent_as
    assert (sent.width, sent.height) == (64, 48) == decoded(sent.data).size
    assert f"image/{(decoded(sent.data).format or '').lower()}".replace("mpo", "jpeg") == sent_as
    assert are_close(corners(decoded(sent.data)), list(CORNERS))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_what_is_fine_goes_byte_for_byte(form: str) -> None:
    data = encoded(quarters(), form)
    assert prepared(data).data == data
    assert prepared(data).changes == ()


GREY = [(76, 76, 76), (94, 94, 94), (29, 29, 29), (217, 217, 217)]


@pytest.mark.parametrize(
    ("mode", "form", "expected"),
    [
        ("1", "PNG", [(0, 0, 0), (0, 0, 0), (0, 0, 0), (255, 255, 255)]),
        ("L", "PNG", GREY),
        ("LA", "PNG", GREY),
        ("P", "PNG", list(CORNERS)),
        ("RGBA", "PNG", list(CORNERS)),
        ("I;16", "PNG", GREY),
        ("I;16", "TIFF", GREY),
        ("I", "TIFF", GREY),
        ("F", "TIFF", GREY),
        ("CMYK", "JPEG", list(CORNERS)),
        ("CMYK", "TIFF", list(CORNERS)),
        ("L", "JPEG", GREY),
        ("YCbCr", "TIFF", list(CORNERS)),
        ("LAB", "TIFF", None),
    ],
)
def test_every_mode_decodes_to_the_right_pixels(
    mode: str, form: str, expected: list[tuple[int, int, int]] | None
) -> None:
    source = quarters()
    if mode == "1":
        picture = source.convert("L").point(lambda value: 255 if value > 200 else 0).convert("1")
    elif mode == "I;16":
        picture = Image.new("I;16", source.size)
        picture.putdata([value * 257 for value in source.convert("L").tobytes()])
    elif mode == "LAB":
        picture = Image.new("LAB", source.size, (255, 128, 128))
        expected = [(255, 255, 255)] * 4
    elif mode == "P":
        picture = source.quantize(16)
    else:
        picture = source.convert("L").convert(mode) if mode in ("I", "F", "LA") else source.convert(mode)
    sent = decoded(prepared(encoded(picture, form)).data)
    assert sent.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    assert expected is not None
    assert are_close(corners(sent), expected)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_sent_the_right_way_up(form: str, orientation: int) -> None:
    turned = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = quarters()
    for turn in turned[orientation]:  # as a camera held so would store it
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if form == "JPEG" else {"lossless": True} if form == "WEBP" else {}
    sent = prepared(encoded(stored, form, exif=exif, **options))
    assert (sent.width, sent.height) == (64, 48)
    assert are_close(corners(decoded(sent.data)), list(CORNERS))
    assert ("turned upright" in sent.changes) == (orientation != 1 and form != "TIFF")
    assert decoded(sent.data).getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_large_picture_is_shrunk_and_this_is_said(form: str) -> None:
    sent = prepared(encoded(quarters(4000, 3000), form))
    assert decoded(sent.data).size == (1568, 1176) == (sent.width, sent.height)
    assert sent.changes == ("shrunk from 4000×3000",)
    assert are_close(corners(decoded(sent.data)), list(CORNERS))


def test_the_size_told_is_the_one_after_turning() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    sent = prepared(encoded(quarters(3000, 1000), "JPEG", exif=exif))
    assert "shrunk from 1000×3000" in sent.changes
    assert (sent.width, sent.height) == (523, 1568)


def test_the_original_is_kept_when_it_is_asked_for_and_nothing_is_ever_enlarged() -> None:
    data = encoded(quarters(3000, 2000), "JPEG")
    assert prepared(data, 0).data == data
    assert prepared(png(8, 6)).data == png(8, 6)
    assert decoded(prepared(encoded(quarters(8, 6), "BMP")).data).size == (8, 6)


def test_a_thin_line_does_not_vanish() -> None:
    assert decoded(prepared(encoded(Image.new("RGB", (6000, 1)), "PNG")).data).size == (1568, 1)


def test_the_first_frame_of_a_moving_picture_is_sent() -> None:
    others = [Image.new("RGB", (64, 48), colour) for colour in (GREEN, RED)]
    sent = prepared(encoded(quarters(), "GIF", save_all=True, append_images=others))
    assert "the first of 3 frames" in sent.changes
    assert are_close(corners(decoded(sent.data)), list(CORNERS))


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF", "TIFF"])
def test_transparent_parts_lie_on_white(form: str) -> None:
    picture = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 20, 30))
    options = {"lossless": True} if form == "WEBP" else {}
    sent = prepared(encoded(picture, form, **options))
    assert "transparent parts on white" in sent.changes
    assert pixel(decoded(sent.data).convert("RGB"), (30, 15)) == (255, 255, 255)
    assert pixel(decoded(sent.data).convert("RGB"), (5, 15)) == (0, 0, 255)


def test_half_transparent_is_mixed_with_white() -> None:
    sent = prepared(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 128)), "PNG"))
    assert pixel(decoded(sent.data).convert("RGB"), (1, 1)) == (127, 127, 127)


def test_where_it_was_taken_does_not_go_with_a_picture_that_is_made_anew() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (59.0, 54.0, 0.0)
    exif[0x010F] = "Camera"
    sent = prepared(encoded(quarters(2000, 1000), "JPEG", exif=exif))
    assert "without its metadata (GPS)" in sent.changes
    assert not decoded(sent.data).getexif()
    assert b"Camera" not in sent.data


def test_sounds_go_as_they_are() -> None:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\0\0" * 100)
    assert prepared(out.getvalue()) == Prepared(out.getvalue(), "audio/wav")
    for mp3 in (b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x64" + bytes(100)):
        assert prepared(mp3) == Prepared(mp3, "audio/mpeg")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "a.png is empty"),
        (b"hello, world\n", "a.png holds a text"),
        (b"\0\1\2\3" * 10, "neither a picture nor a sound"),
        (SVG, "an SVG"),
        (b"<svg width='3'>", "an SVG"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", "a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(20), "a video"),
        (b"RIFF\1\2\3\4AVI LIST", "a video"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"OggS" + bytes(30), "a sound of another kind"),
        (b"\xff\x0a" + bytes(30), "a JPEG XL"),
    ],
)
def test_what_no_model_takes_is_refused_with_the_reason(data: bytes, words: str) -> None:
    error = refusal(data)
    assert words in error.sentence
    assert isinstance(error, WrongKind)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_half_a_picture_is_damaged(form: str) -> None:
    data = encoded(quarters(300, 200).resize((301, 199)), form)
    assert "damaged" in refusal(data[: len(data) // 2]).sentence


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says to be huge."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(10_000, 10_000), (65_000, 65_000), (2**31 - 1, 2)])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    error = refusal(bomb(*size))
    assert isinstance(error, TooLarge)
    assert f"{size[0]}×{size[1]}" in error.sentence


def test_too_many_bytes_are_refused_without_reading_them(tmp_path: Any) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.write(png())
        file.truncate(MAX_BYTES + 1)  # a hole: it takes no room on the disk
    with path.open("rb") as file, pytest.raises(TooLarge, match="has 100"):
        prepare(file, "huge.png")


@settings(max_examples=200, deadline=None)
@given(data=st.data(), form=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF"]))
def test_no_damage_gets_past_as_another_error(data: st.DataObject, form: str) -> None:
    broken = bytearray(encoded(quarters(), form))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(4, len(broken) - 1))] = data.draw(st.integers(0, 255))
    try:
        sent = prepared(bytes(broken))
    except AttachmentError:
        return
    assert sniff(sent.data)


REFUSING = """
import io, sys
from ollama_chat_tui.errors import AttachmentError
from ollama_chat_tui.media.prepare import prepare
try:
    prepare(io.BytesIO(sys.stdin.buffer.read()), "a.tiff")
except AttachmentError:
    print("refused")
"""


def test_what_pillow_logs_is_not_written_across_the_screen() -> None:
    samples_per_pixel = struct.pack("<HHI", 277, 3, 1)
    whole = encoded(quarters(), "TIFF")
    at = whole.index(samples_per_pixel) + len(samples_per_pixel)
    broken = whole[:at] + struct.pack("<H", 32771) + whole[at + 2 :]
    ran = subprocess.run([sys.executable, "-c", REFUSING], input=broken, capture_output=True, check=True)
    assert (ran.stdout.strip(), ran.stderr) == (b"refused", b"")


WITHOUT_PILLOW = """
import io, sys
sys.modules["PIL"] = None
from ollama_chat_tui.errors import PillowMissing
from ollama_chat_tui.media.prepare import prepare
data = sys.stdin.buffer.read()
try:
    sent = prepare(io.BytesIO(data), "a.gif")
    print(sent.media_type, sent.data == data, sent.width, sent.changes)
except PillowMissing as error:
    print(error.sentence, error.hint)
"""


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("PNG", "image/png True 0 ()"),
        ("JPEG", "image/jpeg True 0 ()"),
        ("WEBP", "image/webp True 0 ()"),
        ("GIF", "pip install 'ollama-chat-tui[images]'"),
    ],
)
def test_without_pillow_what_the_server_takes_goes_and_the_rest_says_what_to_install(
    form: str, said: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_PILLOW],
        input=encoded(quarters(), form),
        capture_output=True,
        check=True,
    )
    assert said in ran.stdout.decode()
