"""Pictures that tests make, so that every pixel of them is known."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 160, 0), (0, 0, 255), (255, 240, 0)
CORNERS = (RED, GREEN, BLUE, YELLOW)
"""Upper left, upper right, lower left, lower right."""


def quarters(width: int = 64, height: int = 48) -> Image.Image:
    """Four fields of four colours: whatever is turned or mirrored shows."""
    picture = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS):
        left, top = number % 2 * (width // 2), number // 2 * (height // 2)
        picture.paste(colour, (left, top, left + width // 2, top + height // 2))
    return picture


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def png(width: int = 64, height: int = 48) -> bytes:
    return encoded(quarters(width, height), "PNG")


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def corners(picture: Image.Image) -> list[tuple[int, int, int]]:
    """The colour in the middle of each field."""
    rgb, (width, height) = picture.convert("RGB"), picture.size
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    return [pixel(rgb, place) for place in places]


def pixel(picture: Image.Image, place: tuple[int, int]) -> tuple[int, int, int]:
    found = picture.getpixel(place)
    assert isinstance(found, tuple)
    red, green, blue = found[:3]
    return int(red), int(green), int(blue)


def are_close(some: list[tuple[int, int, int]], others: list[tuple[int, int, int]], by: int = 12) -> bool:
    """Whether colours are the same but for what a JPEG or a palette does to them."""
    return all(
        abs(one - other) <= by
        for first, second in zip(some, others, strict=True)
        for one, other in zip(first, second, strict=True)
    )


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
