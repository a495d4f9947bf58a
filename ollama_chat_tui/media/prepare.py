"""From a file to what is sent: the right way up, small enough, of a kind that every server reads.

What is fine already goes as it is, byte for byte. All of it blocks: see `aside`.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from ollama_chat_tui.config.keys import IMAGE_SIDE_PX
from ollama_chat_tui.errors import PillowMissing, TooLarge, WrongKind
from ollama_chat_tui.media.kind import HEAD_BYTES, JPEG, PNG, Kind, Use, is_text, sniff
from ollama_chat_tui.media.pixels import has_transparency, opened, plain
from ollama_chat_tui.media.size import MAX_BYTES, size_text

if TYPE_CHECKING:
    from PIL.Image import Exif, Image

_JPEG_QUALITY: Final = 90
_PLAIN_MODES: Final = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825


@dataclass(frozen=True)
class Prepared:
    """What is sent.

    Attributes:
        width: pixels; 0 for a sound, and for a picture where there is no Pillow to look.
        changes: what was done to it, each a few words.
    """

    data: bytes
    media_type: str
    width: int = 0
    height: int = 0
    changes: tuple[str, ...] = ()


def prepare(file: BinaryIO, name: str, longest_px: int = IMAGE_SIDE_PX) -> Prepared:
    """Make ready what stands in `file`; with `longest_px` 0 no picture is shrunk.

    Raises:
        AttachmentError: it cannot be sent, in one sentence that names it.
        OSError: it cannot be read.
    """
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(0)
    kind = _kind(file.read(HEAD_BYTES), name)
    if size_bytes > MAX_BYTES:
        raise TooLarge(f"{name} has {size_text(size_bytes)}.", f"{size_text(MAX_BYTES)} are the most.")
    if kind.is_audio:
        return Prepared(_whole(file), kind.media_type)
    try:
        with opened(file, kind.pillow, name) as image:
            return _prepared(image, file, kind, longest_px)
    except PillowMissing:
        if kind.use is not Use.PASSED:
            raise
        return Prepared(_whole(file), kind.media_type)


def _kind(head: bytes, name: str) -> Kind:
    if not head:
        raise WrongKind(f"{name} is empty.")
    kind = sniff(head)
    if kind is None:
        holds = "a text" if is_text(head) else "neither a picture nor a sound"
        raise WrongKind(f"{name} holds {holds}.", "A text goes with /file." if is_text(head) else "")
    if kind.use is Use.REFUSED:
        raise WrongKind(f"{name} is {kind.label}.", kind.reason)
    return kind


def _prepared(image: Image, file: BinaryIO, kind: Kind, longest_px: int) -> Prepared:
    size, frames = image.size, getattr(image, "n_frames", 1)
    changes = []
    if kind not in (JPEG, PNG):
        changes.append(f"{kind.label} made a PNG")
    if frames > 1 and kind is not JPEG:  # the others of a JPEG are previews
        changes.append(f"the first of {frames} frames")
    image = _decoded(image, kind, longest_px)
    exif = image.getexif()  # only now, since Pillow turns a TIFF by itself while it decodes
    orientation = exif.get(_ORIENTATION, 1)
    if orientation in range(2, 9):
        changes.append("turned upright")
        size = size[::-1] if orientation > 4 else size
    if has_transparency(image):
        changes.append("transparent parts on white")
    elif image.mode not in _PLAIN_MODES:
        changes.append(
            "made 8 bits a pixel" if image.mode.startswith(("I", "F")) else f"{image.mode} made RGB"
        )
    if longest_px and max(size) > longest_px:
        changes.append(f"shrunk from {size[0]}×{size[1]}")
    if not changes:
        return Prepared(_whole(file), kind.media_type, *size)
    changes += _left_out(image, exif)
    picture = _shrunk(_upright(plain(image), orientation), longest_px)
    kind = kind if kind is JPEG else PNG
    return Prepared(_encoded(picture, kind), kind.media_type, *picture.size, tuple(changes))


def _decoded(image: Image, kind: Kind, longest_px: int) -> Image:
    """Decode the whole: only so is it known to be sound."""
    if kind is JPEG and longest_px and max(image.size) > longest_px:
        # The decoder itself can leave out detail, by a power of two: it takes less memory and time.
        factor = longest_px / max(image.size)
        image.draft(None, (int(image.width * factor) + 1, int(image.height * factor) + 1))
    image.load()
    return image


def _left_out(image: Image, exif: Exif) -> list[str]:
    if exif.get_ifd(_GPS):
        return ["without its metadata (GPS)"]
    return ["without its metadata"] if exif or "xmp" in image.info else []


def _upright(picture: Image, orientation: int) -> Image:
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return picture.transpose(turns[orientation]) if orientation in turns else picture


def _shrunk(picture: Image, longest_px: int) -> Image:
    from PIL.Image import Resampling

    if not longest_px or max(picture.size) <= longest_px:
        return picture
    factor = longest_px / max(picture.size)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    # One bit holds no shades to average.
    picture = picture.convert("L") if picture.mode == "1" else picture
    return picture.resize(size, Resampling.LANCZOS, reducing_gap=3.0)


def _encoded(picture: Image, kind: Kind) -> bytes:
    picture.info = {}
    out = io.BytesIO()
    if kind is JPEG:
        picture.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    else:
        picture.save(out, "PNG")
    return out.getvalue()


def _whole(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()
