"""From SVG to PNG, with a font of its own, so that it depends on no machine.

What it was drawn from stands in it: whether it is up to date is seen without drawing it again.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import fontpkg_ibm_plex_mono
import resvg_py

ZOOM = 2
_SOURCE = b"Source SVG SHA-256\0"
_AFTER_HEADER = 8 + 25  # the signature and IHDR, which must come first


def png(svg: str) -> bytes:
    """Draw `svg`, whose characters are all in the font."""
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=ZOOM,
        skip_system_fonts=True,
        font_dirs=[str(Path(fontpkg_ibm_plex_mono.__file__).parent / "files")],
        font_family=fontpkg_ibm_plex_mono.FAMILY,
        monospace_family=fontpkg_ibm_plex_mono.FAMILY,
    )
    return drawn[:_AFTER_HEADER] + _source_chunk(svg) + drawn[_AFTER_HEADER:]


def is_drawn_from(picture: bytes, svg: str) -> bool:
    """Whether `png` made `picture` of this very `svg`."""
    return _source_chunk(svg) in picture


def _source_chunk(svg: str) -> bytes:
    body = b"tEXt" + _SOURCE + hashlib.sha256(svg.encode()).hexdigest().encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
