"""The pictures in `screenshots/` show the program as it is; `make screenshots` takes them anew."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pyte
import pytest

from tests.pictures.emulator import PictureScreen
from tests.pictures.palette import PALETTES, mixed
from tests.pictures.png import is_drawn_from
from tests.pictures.scenes import FOLDER, SCENES
from tests.pictures.stage import Scene
from tests.pictures.svg import WIDTH, Picture, svg

DARK = PALETTES["dark"]


def drawn(written: str) -> str:
    """What a terminal of 10 columns and a row shows after `written`, with the cursor hidden."""
    screen = PictureScreen(10, 1, "dark")
    pyte.Stream(screen).feed(written)
    return svg(Picture(screen.rows(), None, "dark", "a test"))


def attribute(drawing: str, text: str, name: str) -> str:
    found = re.search(rf'<text [^>]*{name}="([^"]*)"[^>]*>{re.escape(text)}</text>', drawing)
    assert found, drawing
    return found[1]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_picture_shows_the_program_as_it_is(scene: Scene) -> None:
    now = scene.svg()
    assert (FOLDER / f"{scene.name}.svg").read_text(encoding="utf-8") == now, "make screenshots"


def test_there_is_no_picture_without_a_scene() -> None:
    names = {f"{scene.name}.svg" for scene in SCENES}
    names |= {f"{scene.name}.png" for scene in SCENES if scene.has_png}
    assert {file.name for file in FOLDER.iterdir()} == names


@pytest.mark.parametrize("scene", [each for each in SCENES if each.has_png], ids=lambda scene: scene.name)
def test_a_png_is_drawn_from_the_svg_beside_it(scene: Scene) -> None:
    drawing = (FOLDER / f"{scene.name}.svg").read_text(encoding="utf-8")
    assert is_drawn_from((FOLDER / f"{scene.name}.png").read_bytes(), drawing), "make screenshots"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_picture_is_a_whole_one_and_needs_nothing_else(scene: Scene) -> None:
    drawing = (FOLDER / f"{scene.name}.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(drawing)
    addresses = {found.rstrip(".") for found in re.findall(r"\w+://[^\"< ]*", drawing)}
    assert addresses <= {"http://www.w3.org/2000/svg", "http://127.0.0.1:11434"}


@pytest.mark.parametrize(
    ("sgr", "colour"),
    [
        ("31", DARK.colour("red", "")),
        ("38;5;208", "#ff8700"),
        ("38;2;2;22;200", "#0216c8"),
        ("2", mixed(DARK.foreground, DARK.background)),
        ("2;38;5;208", mixed("#ff8700", DARK.background)),
        ("2;22", DARK.foreground),
        ("7", DARK.background),
    ],
)
def test_ink_has_its_colour(sgr: str, colour: str) -> None:
    assert attribute(drawn(f"\x1b[{sgr}mink"), "ink", "fill") == colour


def test_reversed_ink_stands_on_its_colour() -> None:
    assert f'width="{3 * WIDTH}" height="19" fill="{DARK.foreground}"' in drawn("\x1b[7mink")


@pytest.mark.parametrize(
    ("sgr", "name", "value"),
    [
        (1, "font-weight", "bold"),
        (3, "font-style", "italic"),
        (4, "text-decoration", "underline"),
        (9, "text-decoration", "line-through"),
    ],
)
def test_ink_has_its_style(sgr: int, name: str, value: str) -> None:
    assert attribute(drawn(f"\x1b[{sgr}mink"), "ink", name) == value


def test_a_wide_character_takes_two_columns_and_what_follows_stands_where_it_should() -> None:
    drawing = drawn("a語b")
    assert attribute(drawing, "語", "textLength") == str(2 * WIDTH)
    assert attribute(drawing, "b", "x") == str(3 * WIDTH)


def test_markup_in_the_text_is_text() -> None:
    assert "&lt;g&gt;&amp;" in drawn("<g>&")
