"""How text is cut into the words that a search compares. Knows nothing of SQLite but its tokenizer's rules.

SQLite's `unicode61` cuts at whatever is no letter or digit, and forgets case and accents. Scripts written
without blanks would become one word a sentence, so their characters are set apart before the tokenizer sees
them, and a word in a query becomes a phrase of such characters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import combining, normalize

# Thai, Lao, Tibetan, Myanmar, Khmer; Hangul, Kana, Bopomofo, Han with all extensions, halfwidth forms.
# Korean has blanks, but its endings cling to the word: 학교 is to find 학교에서.
_UNSPACED: Final = (
    "\u0e01-\u0eff\u0f40-\u0fbc\u1000-\u109f\u1100-\u11ff\u1780-\u17d3\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f"
    "\u3131-\u318e\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97c\uaa60-\uaa7f\uac00-\ud7fb"
    "\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_UNSPACED_RUN: Final = re.compile(f"[{_UNSPACED}]+")
_TOKEN: Final = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")


class Token(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    word: str
    start: int
    end: int


def set_apart(text: str) -> str:
    """The text with blanks around every character of a script that has none."""
    return text if text.isascii() else _UNSPACED_RUN.sub(_with_blanks, text)


def _with_blanks(run: re.Match[str]) -> str:
    return f" {' '.join(run[0])} "


def tokens(text: str) -> list[Token]:
    """The words of a text in their order, as far as possible the same as SQLite's."""
    if text.isascii():
        return [Token(found[0], *found.span()) for found in _TOKEN.finditer(text.lower())]
    folded, places = [], []
    for place, character in enumerate(text):
        for piece in _folded(character):
            folded.append(piece)
            places.append(place)
    return [
        Token(found[0], places[found.start()], places[found.end() - 1] + 1)
        for found in _TOKEN.finditer("".join(folded))
    ]


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Lower case without accents; an accent that stands alone vanishes."""
    base = "".join(piece for piece in normalize("NFD", character) if not combining(piece))
    return (base if len(base) <= 1 else character).lower()
