"""Pillow, at arm's length: the only place that imports it, and only once there is a picture.

A picture is foreign: which decoders may look at it, how many pixels it may have, and what a decoder raises
is settled here.
"""

from __future__ import annotations

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from ollama_chat_tui.errors import PillowMissing, TooLarge, WrongKind
from ollama_chat_tui.media.size import MAX_PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image

WHITE: Final = (255, 255, 255)
_DAMAGES: Final = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, struct.error),
    *(RuntimeError, ArithmeticError),  # AVIF
)
"""What Pillow's decoders raise on damaged files, by its own documentation and by fuzzing."""


@contextmanager
def opened(file: BinaryIO, formats: tuple[str, ...], name: str) -> Iterator[Image]:
    """A picture whose pixels are not decoded yet.

    Raises:
        PillowMissing: there is no Pillow.
        TooLarge: it has too many pixels.
        WrongKind: it is damaged, which may turn out anywhere within.
    """
    try:
        from PIL import Image
    except ImportError as exc:
        raise PillowMissing(
            f"{name} cannot be sent as it is, and Pillow, which could convert it, is not installed.",
            "Install it: pip install 'ollama-chat-tui[images]'",
        ) from exc
    Image.MAX_IMAGE_PIXELS = None  # we look ourselves
    # What Pillow warns of and logs would be written across the screen.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    try:
        with Image.open(file, formats=formats) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise TooLarge(
                    f"{name} has {width}×{height} pixels.",
                    f"{MAX_PIXELS // 1_000_000} million are the most: shrink it.",
                )
            yield image
    except _DAMAGES as exc:
        raise WrongKind(f"{name} is a damaged picture.", f"Pillow says: {exc}.") from exc
    except MemoryError as exc:
        raise TooLarge(f"There is no memory for the pixels of {name}.", "Shrink it.") from exc


def has_transparency(image: Image) -> bool:
    """Whether any pixel shows what is behind it."""
    if "transparency" not in image.info and not image.mode.endswith(("A", "a")):
        return False
    return image.convert("RGBA").getchannel("A").getextrema()[0] != 255


def plain(image: Image) -> Image:
    """The same picture as 8 bits of red, green and blue, or of grey; transparent parts lie on white."""
    from PIL import Image

    if image.mode in ("1", "L", "RGB") and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return image.point(lambda value: value / 257).convert("L")
    if image.mode in ("I", "F"):
        return _spread(image)
    if not has_transparency(image):
        return image.convert("L" if image.mode in ("LA", "La") else "RGB")
    ground = Image.new("RGBA", image.size, (*WHITE, 255))
    ground.alpha_composite(image.convert("RGBA"))
    return ground.convert("RGB")


def _spread(image: Image) -> Image:
    """Numbers as grey: those up to 255 and up to 65535 as they are meant, others from least to greatest."""
    low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
    if low >= 0 and high <= 65535:
        low, high = 0.0, 255.0 if high <= 255 else 65535.0
    factor = 255 / (high - low) if high > low else 0.0
    return image.convert("F").point(lambda value: value * factor - low * factor).convert("L")
