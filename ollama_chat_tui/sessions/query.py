"""What a user typed into a search, as terms; any text whatever is one.

Words must all be there; `"quoted words"` side by side, `begin*` as the beginning of a word,
`-word` not at all.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.sessions.tokens import set_apart, tokens

MOST_TERMS: Final = 64
_HINT: Final = (
    'Write words; "quoted words" for a phrase, begin* for a beginning, -word for what is not wanted.'
)
_TERM: Final = re.compile(r'(?P<minus>-(?!-))?(?:"(?P<phrase>[^"]*)"?(?P<star>\*)?|(?P<word>[^\s"]+))')
_QUOTES: Final = str.maketrans("“”„‟", '""""')
_UNSPEAKABLE: Final = re.compile("[\x00-\x1f\ud800-\udfff]")


class Term(Struct, frozen=True):
    """A word, or words that stand side by side.

    Attributes:
        words: as they are compared.
        is_prefix: whether the last word may go on.
    """

    text: str
    words: tuple[str, ...]
    is_prefix: bool = False

    @property
    def expression(self) -> str:
        """The same for SQLite: quoted, so that nothing in it is an operator."""
        quoted = set_apart(self.text).replace('"', '""')
        return f'"{quoted}"{" *" if self.is_prefix else ""}'


class Query(Struct, frozen=True):
    """What must be in a message and what must not."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()

    @property
    def expression(self) -> str:
        """The same for SQLite's `MATCH`."""
        wanted = " AND ".join(term.expression for term in self.wanted)
        if not self.unwanted:
            return wanted
        return f"({wanted}) NOT ({' OR '.join(term.expression for term in self.unwanted)})"


def parse_query(text: str) -> Query:
    """Read what was typed.

    Raises:
        UsageError: there is no word in it that can be looked for, or there are too many.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for found in _TERM.finditer(_UNSPEAKABLE.sub(" ", text).translate(_QUOTES)):
        words = found["phrase"] or found["word"] or ""
        is_prefix = bool(found["star"]) or words.endswith("*")
        term = Term(words, tuple(token.word for token in tokens(words)), is_prefix)
        if term.words:
            (unwanted if found["minus"] else wanted).append(term)
    if not wanted:
        fault = "There are only words to leave out." if unwanted else "There is no word to look for."
        raise UsageError(fault, _HINT)
    if len(wanted) + len(unwanted) > MOST_TERMS:
        raise UsageError(f"A search has at most {MOST_TERMS} words.", _HINT)
    return Query(tuple(wanted), tuple(unwanted))
