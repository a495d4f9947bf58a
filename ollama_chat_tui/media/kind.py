"""What a file holds, by its first bytes and never by its name."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

HEAD_BYTES: Final = 1024
"""How much of a file is looked at; an SVG may begin with a long comment, which then is a text."""


class Use(Enum):
    """What can be done with a kind of file."""

    PASSED = "the server takes it as it is"
    CONVERTED = "Pillow makes a PNG of it"
    REFUSED = "no model can take it"


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        label: its name for a person.
        pillow: the formats as which Pillow may read it; empty: none.
        reason: why it is refused, and what to do instead.
    """

    media_type: str
    label: str
    use: Use
    pillow: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_audio(self) -> bool:
        return self.media_type.startswith("audio/")


JPEG: Final = Kind("image/jpeg", "a JPEG", Use.PASSED, ("JPEG", "MPO"))
PNG: Final = Kind("image/png", "a PNG", Use.PASSED, ("PNG",))
WEBP: Final = Kind("image/webp", "a WebP", Use.PASSED, ("WEBP",))
WAV: Final = Kind("audio/wav", "a WAV", Use.PASSED)
MP3: Final = Kind("audio/mpeg", "an MP3", Use.PASSED)
_GIF: Final = Kind("image/gif", "a GIF", Use.CONVERTED, ("GIF",))
_BMP: Final = Kind("image/bmp", "a BMP", Use.CONVERTED, ("BMP",))
_TIFF: Final = Kind("image/tiff", "a TIFF", Use.CONVERTED, ("TIFF",))
_AVIF: Final = Kind("image/avif", "an AVIF", Use.CONVERTED, ("AVIF",))
_SVG: Final = Kind(
    "image/svg+xml",
    "an SVG",
    Use.REFUSED,
    reason="It holds drawing instructions and no pixels: export a PNG.",
)
_VIDEO: Final = Kind("video/*", "a video", Use.REFUSED, reason="Ollama takes no video: take a picture of it.")
_SOUND: Final = Kind(
    "audio/*", "a sound of another kind than WAV and MP3", Use.REFUSED, reason="Convert it to one of them."
)
_HEIC: Final = Kind("image/heic", "a HEIC", Use.REFUSED, reason="Export it as a JPEG.")
_JXL: Final = Kind("image/jxl", "a JPEG XL", Use.REFUSED, reason="Export it as a JPEG or PNG.")
_PDF: Final = Kind("application/pdf", "a PDF", Use.REFUSED, reason="Export its pages as pictures.")

_BEGINNINGS: Final = (
    (re.compile(rb"\xff\xd8\xff"), JPEG),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PNG),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), WEBP),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), WAV),
    (re.compile(rb"RIFF....AVI ", re.DOTALL), _VIDEO),
    (re.compile(rb"GIF8[79]a"), _GIF),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), _BMP),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), _TIFF),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), _AVIF),
    (re.compile(rb".{4}ftyp(?:hei|hev|mif1|msf1)", re.DOTALL), _HEIC),
    (re.compile(rb".{4}ftypM4A|OggS|fLaC", re.DOTALL), _SOUND),
    (re.compile(rb".{4}ftyp|\x1a\x45\xdf\xa3|FLV\x01|\0\0\x01[\xba\xb3]", re.DOTALL), _VIDEO),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), _JXL),
    (re.compile(rb"%PDF-"), _PDF),
    # The sync of an MPEG frame of layer III, with a bit rate and a sample rate that exist.
    (re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]"), MP3),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml|<!--|<!DOCTYPE svg|<svg).*<svg[\s>]|\s*<svg[\s>]", re.DOTALL
        ),
        _SVG,
    ),
)


def sniff(head: bytes) -> Kind | None:
    """Tell the kind from the first `HEAD_BYTES`; None for a text or anything unknown."""
    return next((kind for beginning, kind in _BEGINNINGS if beginning.match(head)), None)


def is_text(head: bytes) -> bool:
    """Whether it looks like a text: no control characters but those that texts have."""
    return not head.translate(None, bytes(range(0x20, 0x100)) + b"\t\n\r\f\x1b")
