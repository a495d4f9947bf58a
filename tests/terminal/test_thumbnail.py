"""Small pictures in the chat: what each way writes is read again, and compared with the picture."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from pathlib import Path

import pyte
import pytest
from PIL import Image as Pillow

from ollama_chat_tui.chat.image import Image, MemoryImages
from ollama_chat_tui.terminal.graphics import Graphics
from ollama_chat_tui.terminal.query import Told
from ollama_chat_tui.terminal.theme import ColourDepth
from ollama_chat_tui.terminal.thumbnail import ROWS, Thumbnails, fitted, half_blocks, thumbnail
from tests.media.pictures import CORNERS, are_close, corners, encoded, png, quarters
from tests.pty_terminal import StrictScreen

CELL = (10, 20)
COLOURS = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def shown(data: bytes, way: Graphics, columns: int = 40, depth: ColourDepth = ColourDepth.TRUECOLOR) -> str:
    return thumbnail(io.BytesIO(data), way, CELL, columns, depth)


def screen_with(text: str, before: str = "") -> StrictScreen:
    screen = StrictScreen(80, 24)
    pyte.Stream(screen).feed((before + text).replace("\n", "\r\n"))
    return screen


class TestHalfBlocks:
    def test_every_cell_has_the_colours_of_its_two_pixels(self) -> None:
        picture = Pillow.new("RGB", (3, 4))
        pixels = [(x * 80, y * 60, 255 - x * 20) for y in range(4) for x in range(3)]
        picture.putdata(pixels)
        screen = screen_with(half_blocks(picture, 40, CELL, ColourDepth.TRUECOLOR))
        for y in range(2):
            for x in range(3):
                cell = screen.buffer[y][x]
                assert cell.data == "▀"
                assert cell.fg == "{:02x}{:02x}{:02x}".format(*pixels[y * 2 * 3 + x])
                assert cell.bg == "{:02x}{:02x}{:02x}".format(*pixels[(y * 2 + 1) * 3 + x])
            assert (screen.cursor.x, screen.cursor.y) == (0, 2)

    def test_a_large_picture_fits_and_keeps_its_shape(self) -> None:
        rows = shown(png(400, 400), Graphics.BLOCKS).splitlines()
        assert len(rows) == ROWS
        assert [row.count("▀") for row in rows] == [2 * ROWS] * ROWS  # a cell is twice as high as wide
        assert shown(png(4000, 10), Graphics.BLOCKS).count("▀") == 40
        assert shown(png(400, 400), Graphics.BLOCKS, columns=6).splitlines()[0].count("▀") == 6

    def test_with_256_colours_the_nearest_are_taken(self) -> None:
        written = shown(
            encoded(Pillow.new("RGB", (1, 1), (255, 0, 0)), "PNG"), Graphics.BLOCKS, 1, ColourDepth.ANSI_256
        )
        assert written == "\x1b[38;5;196;48;5;196m▀\x1b[0m\n"
        for rgb, number in (
            ((0, 0, 0), 16),
            ((255, 255, 255), 231),
            ((128, 128, 128), 244),
            ((95, 135, 175), 67),
        ):
            data = encoded(Pillow.new("RGB", (1, 1), rgb), "PNG")
            assert f"38;5;{number};" in shown(data, Graphics.BLOCKS, 1, ColourDepth.ANSI_256)


def kitty_picture(written: str) -> tuple[Pillow.Image, list[dict[str, str]]]:
    """Read kitty's sequences as its protocol has them: keys, then base64, until m is 0."""
    keys, data = [], ""
    for found in re.finditer(r"\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\", written):
        keys.append(dict(each.split("=") for each in found[1].split(",")))
        data += found[2]
        assert len(found[2]) <= 4096
        assert len(found[2]) % 4 == 0 or keys[-1]["m"] == "0"
    assert [each["m"] for each in keys] == ["1"] * (len(keys) - 1) + ["0"]
    return Pillow.open(io.BytesIO(base64.b64decode(data))), keys


class TestKitty:
    def test_what_the_terminal_decodes_is_the_picture(self) -> None:
        noise = Pillow.effect_noise((300, 180), 90).convert("RGB")
        picture, keys = kitty_picture(shown(encoded(noise, "PNG"), Graphics.KITTY))
        assert len(keys) > 3
        assert picture.tobytes() == noise.tobytes()
        assert keys[0].items() >= {"a": "T", "f": "100", "q": "2", "C": "1"}.items()

    def test_a_large_picture_is_shrunk_into_the_box(self) -> None:
        picture, _ = kitty_picture(shown(png(4000, 3000), Graphics.KITTY))
        assert picture.size == (266, 200)
        assert are_close(corners(picture), list(CORNERS))


def sixel_picture(written: str) -> Pillow.Image:
    """Draw sixels as a VT340 does: colours, repeats, line ends; what is never drawn stays magenta."""
    found = re.search(r'\x1bP0;1;0q"1;1;(\d+);(\d+)(.*)\x1b\\', written, re.DOTALL)
    assert found
    picture = Pillow.new("RGB", (int(found[1]), int(found[2])), (255, 0, 255))
    palette: dict[int, tuple[int, int, int]] = {}
    x = top = colour = 0
    token = re.compile(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])")
    at = 0
    while at < len(found[3]):
        part = token.match(found[3], at)
        assert part, found[3][at : at + 20]
        at = part.end()
        if part[1]:
            red, green, blue = (round(int(each) * 255 / 100) for each in part.groups()[1:4])
            palette[int(part[1])] = red, green, blue
        elif part[5]:
            colour = int(part[5])
        elif part[9]:
            x, top = 0, top + (6 if part[9] == "-" else 0)
        else:
            bits = ord(part[7] or part[8]) - 63
            end = x + int(part[6] or 1)
            for bit in range(6):
                if bits >> bit & 1:
                    picture.paste(palette[colour], (x, top + bit, end, top + bit + 1))
            x = end
    return picture


class TestSixel:
    def test_what_the_terminal_draws_is_the_picture(self) -> None:
        source = quarters(130, 77)
        picture = sixel_picture(shown(encoded(source, "PNG"), Graphics.SIXEL))
        assert picture.size == source.size
        pairs = zip(picture.tobytes(), source.tobytes(), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 3  # colours are told in percent

    def test_every_pixel_of_a_picture_of_many_colours_is_drawn(self) -> None:
        source = Pillow.linear_gradient("L").resize((100, 100)).convert("RGB")
        picture = sixel_picture(shown(encoded(source, "PNG"), Graphics.SIXEL))
        assert (255, 0, 255) not in {colour for _, colour in picture.getcolors(10_000) or []}
        pairs = zip(picture.tobytes(), source.tobytes(), strict=True)
        assert max(abs(one - other) for one, other in pairs) <= 12


@pytest.mark.parametrize("way", [Graphics.KITTY, Graphics.SIXEL])
@pytest.mark.parametrize("above", [0, 20])
def test_room_is_made_for_a_picture_and_the_cursor_is_below_it(way: Graphics, above: int) -> None:
    written = shown(png(100, 90), way)
    drawn = re.search(r"(.*)(\x1b[P_].*\x1b\\)(.*)", written, re.DOTALL)
    assert drawn
    rows = 5  # of 20 pixels
    screen = screen_with("", "text\n" * above + drawn[1])
    top = screen.cursor.y
    pyte.Stream(screen).feed(drawn[3])
    assert (screen.cursor.x, screen.cursor.y) == (0, top + rows)
    assert top == min(above, 24 - 1 - rows)


@pytest.mark.parametrize(
    ("size", "box", "fits"),
    [((10, 10), (100, 100), (10, 10)), ((1000, 10), (100, 100), (100, 1)), ((1, 9999), (10, 10), (1, 10))],
)
def test_a_picture_is_never_enlarged_nor_of_no_size(
    size: tuple[int, int], box: tuple[int, int], fits: tuple[int, int]
) -> None:
    assert fitted(size, box) == fits


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


KITTY = Told(is_answered=True, has_kitty_graphics=True, cell_px=CELL)


def kept(data: bytes, kind: str = "image/png") -> tuple[Image, MemoryImages]:
    store = MemoryImages()
    return Image(store.keep(data), kind, "a.png", len(data)), store


async def test_a_thumbnail_is_as_wide_as_there_is_room() -> None:
    thumbnails = Thumbnails(Terminal(), KITTY, COLOURS)
    image, store = kept(png(400, 100))
    for columns, width in ((80, 400), (20, 200)):
        picture, _ = kitty_picture(await thumbnails.of(image, store, columns))
        assert picture.width == width


@pytest.mark.parametrize(
    ("thumbnails", "data", "kind"),
    [
        (Thumbnails(io.StringIO(), KITTY, COLOURS), png(), "image/png"),
        (Thumbnails(Terminal(), Told(has_kitty_graphics=True, cell_px=CELL), COLOURS), png(), "image/png"),
        (Thumbnails(Terminal(), KITTY, COLOURS, is_wanted=False), png(), "image/png"),
        (Thumbnails(Terminal(), Told(is_answered=True), COLOURS | {"NO_COLOR": "1"}), png(), "image/png"),
        (Thumbnails(Terminal(), KITTY, COLOURS), b"RIFF\1\2\3\4WAVE", "audio/wav"),
        (Thumbnails(Terminal(), KITTY, COLOURS), png()[:60], "image/png"),
        (Thumbnails(Terminal(), KITTY, COLOURS), b"\x1b[2Jtext", "image/png"),
    ],
    ids=["no terminal", "no answer", "not wanted", "no colours", "a sound", "damaged", "no picture"],
)
async def test_where_none_can_be_shown_nothing_is_written(
    thumbnails: Thumbnails, data: bytes, kind: str
) -> None:
    image, store = kept(data, kind)
    assert await thumbnails.of(image, store, 80) == ""


async def test_bytes_that_are_gone_are_no_error() -> None:
    image, _ = kept(png())
    assert await Thumbnails(Terminal(), KITTY, COLOURS).of(image, MemoryImages(), 80) == ""


def test_pillow_is_not_imported_before_there_is_a_picture() -> None:
    modules = "ollama_chat_tui.terminal.thumbnail, ollama_chat_tui.media.attachments"
    code = f"import sys, {modules}; print('PIL' in sys.modules, 'httpx' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert ran.stdout.strip() == b"False False"
