"""Inline Markdown to inked pieces: emphasis, code, links, images, maths, entities.

markdown-it's inline parser does the parsing; its block parser is not used. Also here: where a long text may
be cut so that both halves parse as they would together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from ollama_chat_tui.terminal.markdown.formula import to_unicode
from ollama_chat_tui.terminal.rows import Piece, is_safe_address
from ollama_chat_tui.terminal.sanitize import sanitize_line
from ollama_chat_tui.terminal.theme import Ink, Theme

References = Mapping[str, Any]

_MARKED: Final = re.compile(r"[\\`*_~\[\]<&$]| \n")
_INLINE_FORMULA: Final = re.compile(
    r"\$\$(?P<display>[^$]+)\$\$"
    # As pandoc has it: no blank inside the dollars, no digit after them; so "$5 and $6" is money.
    r"|\$(?P<dollar>[^\s$](?:[^$]*[^\s$\\])?)\$(?!\d)"
    r"|\\\((?P<paren>.+?)\\\)"
    r"|\\\[(?P<bracket>.+?)\\\]",
    re.DOTALL,
)
_FOOTNOTE: Final = re.compile(r"\[\^[^\]\s]+\]")
_LONGEST_FORMULA: Final = 1000
_STYLES: Final = {"em": "emphasis", "strong": "strong", "s": "strike"}


class InlineParser:
    """Turns the text of one block, or one part of it, into pieces."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._parser = _parser()

    def pieces(self, text: str, base: Ink, references: References) -> list[Piece]:
        """Parse text; a hard break is a newline in a piece, a soft one a blank."""
        if _MARKED.search(text) is None:
            return [(text.replace("\n", " "), base)]
        tokens = self._parser.inline.parse(text, self._parser, {"references": references}, [])
        return _Inker(self._theme, base).ink_all(tokens)

    def define(self, label: str, address: str, title: str, references: dict[str, Any]) -> None:
        """Remember a link definition; the first of a label counts, as everywhere in Markdown."""
        href = self._parser.normalizeLink(address)
        if self._parser.validateLink(href):
            references.setdefault(normalizeReference(label), {"href": href, "title": title})


@cache
def _parser() -> MarkdownIt:
    """One for all answers: parsing leaves nothing behind in it, and to make one costs a third of a ms."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    parser.inline.ruler.before("escape", "formula", _formula)
    parser.inline.ruler.before("link", "footnote", _footnote)
    return parser


class _Inker:
    """Walks over the tokens of one text with the inks that are open."""

    def __init__(self, theme: Theme, base: Ink) -> None:
        self._theme = theme
        self._inks = [base]
        self._pieces: list[Piece] = []
        self._links: list[tuple[Token, int]] = []

    def ink_all(self, tokens: list[Token]) -> list[Piece]:
        for token in tokens:
            self._ink(token)
        return self._pieces

    def _ink(self, token: Token) -> None:
        match token.type:
            case "text" | "text_special":
                self._add(token.content)
            case "softbreak":
                self._add(" ")
            case "hardbreak":
                self._pieces.append(("\n", self._inks[-1]))
            case "code_inline":
                self._add(token.content, "code")
            case "formula":
                readable = to_unicode(token.content)
                self._add(readable if readable and "\n" not in readable else token.markup, "math")
            case "footnote":
                self._add(token.content, "marker")
            case "image":
                self._add_image(token)
            case _:
                self._ink_span(token)

    def _ink_span(self, token: Token) -> None:
        match token.type:
            case "link_open":
                self._open_link(token)
            case "link_close":
                self._close_link()
            case _ if token.nesting == 1:
                self._open(_STYLES.get(token.tag, ""))
            case _ if token.nesting == -1:
                self._inks.pop()
            case _:
                self._add(token.content)

    def _open(self, role: str) -> None:
        self._inks.append(self._theme.ink(role).over(self._inks[-1]))

    def _add(self, text: str, role: str = "") -> None:
        # A decoded entity may be a newline, or what the border keeps out.
        ink = self._theme.ink(role).over(self._inks[-1]) if role else self._inks[-1]
        self._pieces.append((sanitize_line(text), ink))

    def _open_link(self, token: Token) -> None:
        self._links.append((token, len(self._pieces)))
        self._open("link")
        self._inks[-1] = self._clickable(self._inks[-1], token)

    def _close_link(self) -> None:
        self._inks.pop()
        token, start = self._links.pop()
        self._add_address(token, "".join(text for text, _ in self._pieces[start:]))

    def _add_image(self, token: Token) -> None:
        self._add("▨ ", "marker")
        start = len(self._pieces)
        self._open("link")
        for child in token.children or []:
            self._ink(child)
        self._inks.pop()
        self._add_address(token, "".join(text for text, _ in self._pieces[start:]))

    def _add_address(self, token: Token, shown: str) -> None:
        """Show what a link opens, unless its text says just that: a text alone may lie."""
        address = str(token.attrGet("href") or token.attrGet("src") or "")
        title = str(token.attrGet("title") or "")
        if title:
            title = f' "{title}"'
        elif shown and address in {shown, f"mailto:{shown}"}:
            return
        self._open("address")
        self._inks[-1] = self._clickable(self._inks[-1], token)
        self._add(f" ({address}{title})")
        self._inks.pop()

    def _clickable(self, ink: Ink, token: Token) -> Ink:
        address = str(token.attrGet("href") or token.attrGet("src") or "")
        return Ink(ink.sgr, address) if self._theme.hyperlinks and is_safe_address(address) else ink


def _footnote(state: StateInline, silent: bool) -> bool:
    """Take a reference to a footnote as one token, before it is tried as a link."""
    match = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("footnote", "", 0).content = match.group()
    state.pos = match.end()
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """Take a formula as one token, before escapes and emphasis see its backslashes and underscores."""
    if state.src[state.pos] not in "$\\":
        return False
    match = _INLINE_FORMULA.match(state.src, state.pos, min(state.posMax, state.pos + _LONGEST_FORMULA))
    if match is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.markup = match.group()
        token.content = match.group(match.lastgroup or 0)
    state.pos = match.end()
    return True
