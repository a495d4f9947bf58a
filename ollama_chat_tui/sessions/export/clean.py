"""What text must not carry into a file that is looked at in a terminal, an editor or a browser."""

from __future__ import annotations

import re
from typing import Final

# Escape sequences drive a terminal; bidi controls show another text than stands there; a browser refuses some
# of them and shows the others as it likes.
_DROPPED: Final = re.compile("[\r\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SHOWN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_REPLACED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """The text with control characters made visible and those that turn text around left out."""
    text = _DROPPED.sub("", text.replace("\r\n", "\n"))
    text = _SHOWN.sub(lambda found: chr(0x2400 + ord(found[0])), text)
    return _REPLACED.sub("\ufffd", text)
