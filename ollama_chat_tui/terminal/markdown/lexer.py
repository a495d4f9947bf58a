"""Colours for code that comes line by line: pygments, with its state carried from one line to the next.

pygments lexes a whole text and forgets its state stack at the end. Here its own loop runs over one line at a
time and keeps the stack. What a lexer matches with *one* expression over several lines (most often a block
comment) is followed by hand; the differences from lexing the whole that remain are listed in the docs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import copy
from functools import cache
from inspect import signature
from typing import Any, Final, NamedTuple

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.token import Comment, Error, String, Text, Whitespace, _TokenType

Lexeme = tuple[_TokenType, str]

LONGEST_LINE: Final = 2000
PRELOADED: Final = ("python", "bash", "javascript", "json")

_EMBEDDED: Final = {"script": "javascript", "style": "css"}
_EMBEDDING_TAG: Final = re.compile(r"<(script|style)\b[^<>]*>", re.IGNORECASE)
_EMBEDDED_END: Final = re.compile(r"<\s*/\s*(?:script|style)\s*>", re.IGNORECASE)
_NAME: Final = re.compile(r"[\w+#.-]+")
# What pygments matches with one expression over several lines: languages, opening, closing, token.
_SLASH_STAR: Final = """
c cpp objective-c java javascript typescript jsx tsx css scss less go csharp php kotlin scala groovy
dart glsl hlsl cuda verilog protobuf d vala haxe actionscript json json5 solidity
"""
_SPANS: Final = (
    (_SLASH_STAR, r"/\*", r"\*/", Comment.Multiline),
    ("html xml", "<!--", "-->", Comment.Multiline),
    ("bash sh zsh ksh shell", r"<<-?\s*'?\\?(\w+)", r"\g<1>", String),
    ("bash sh zsh ksh shell", "'", "'", String.Single),
    ("sql mysql postgresql plpgsql tsql sqlite3", "'", "'", String.Single),
    ("ruby", "<<[-~]?[\"'`]?([A-Z_]+)", r"^\s*\g<1>\s*$", String.Heredoc),
    ("php", "<<<\\s*['\"]?(\\w+)", r"^\s*\g<1>\b", String.Heredoc),
    ("rust", 'r(#+)"', r'"\g<1>', String),
    ("go", "`", "`", String),
    ("toml", '"{3}', '"{3}', String.Double),
)


class _Span(NamedTuple):
    """What is open over several lines."""

    closing: re.Pattern[str]
    token: _TokenType
    start: int


@cache
def _known_names() -> frozenset[str]:
    # get_lexer_by_name would look through all installed packages for a name it does not know.
    return frozenset(alias.lower() for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases)


def preload(names: Iterable[str] = PRELOADED) -> None:
    """Import and compile the lexers most answers need; meant for a thread while a person types."""
    for name in names:
        if lexer := LineLexer.by_name(name):
            lexer.lex("")


class LineLexer:
    """Splits code into coloured pieces, one line at a time."""

    __slots__ = ("_context", "_embedded", "_lexer", "_span", "_spans", "_stack", "_takes_stack")

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self._stack: list[str] = ["root"]
        self._span: _Span | None = None
        self._embedded: LineLexer | None = None
        self._spans = _spans_of(lexer)
        self._context: Any = None
        self._takes_stack = _refines_tokens(type(lexer))

    @classmethod
    def by_name(cls, info: str) -> LineLexer | None:
        """Return the lexer a fence's info string names, if there is one for it."""
        found = _NAME.search(info)
        name = found.group().lower().strip(".") if found else ""
        if name not in _known_names():
            return None
        lexer = get_lexer_by_name(name)
        return None if lexer.name in {"Text only", "Text output"} else cls(lexer)

    def clone(self) -> LineLexer:
        """Return a copy that goes on by itself."""
        other = copy(self)
        other.own_stack()
        return other

    def own_stack(self) -> None:
        """Stop sharing the stack with what this was copied from."""
        self._stack = self._stack[:]
        if self._context:
            self._context = copy(self._context)
            self._context.stack = self._context.stack[:]
        if self._embedded:
            self._embedded = self._embedded.clone()

    def lex(self, line: str) -> list[Lexeme]:
        """Return the lexemes of the next line, given without its newline."""
        # Hundreds of lexers by others: an error of one of them costs colours, never text.
        try:
            lexemes = self._lex_line(line)
        except Exception:  # noqa: BLE001
            self._stack, self._span, self._embedded, self._context = ["root"], None, None, None
            lexemes = []
        return lexemes if "".join(text for _, text in lexemes) == line else [(Text, line)]

    def _lex_line(self, line: str) -> list[Lexeme]:
        if self._span:
            return self._end_span(self._span, line)
        if self._embedded:
            return self._end_embedded(line)
        if self._lexer.name == "HTML" and (tag := _last_embedding_tag(line)):
            head = self._lex(line[: tag.end()])
            self._embedded = LineLexer.by_name(_EMBEDDED[tag[1].lower()])
            return head + self._lex_line(line[tag.end() :])
        for opening, closing, token in self._spans:
            if span := _open_span(line, opening, closing, token):
                return self._begin_span(span, line)
        return self._lex(line + "\n")

    def _begin_span(self, span: _Span, line: str) -> list[Lexeme]:
        """Lex a line in which something may begin that pygments can only match whole."""
        before = self._stack[:]
        if span.token is not String.Heredoc:
            lexemes = self._lex(line + "\n")
            if not _is_code_at(lexemes, span.start):
                return lexemes
            self._stack = before
        self._span = span
        return [*self._lex(line[: span.start]), (span.token, line[span.start :])]

    def _end_span(self, span: _Span, line: str) -> list[Lexeme]:
        end = span.closing.search(line)
        if end is None:
            return [(span.token, line)]
        self._span = None
        inside = (span.token, line[: end.end()])
        # What follows on the line keeps the blanks, and the newline, that the lexer needs to see.
        return [inside, *self._lex_line(line[end.end() :])]

    def _end_embedded(self, line: str) -> list[Lexeme]:
        """Lex a line of the script or style sheet in a page, and what follows its end."""
        embedded = self._embedded
        close = _EMBEDDED_END.search(line)
        if close:
            self._embedded = None
        head = line[: close.start()] if close else line
        lexemes = embedded.lex(head) if embedded and head else []
        return lexemes + self._lex_line(line[close.start() :]) if close else lexemes

    def _lex(self, text: str) -> list[Lexeme]:
        lexer = self._lexer
        if isinstance(lexer, ExtendedRegexLexer):
            return _without_newline(self._extended(lexer, text))
        if isinstance(lexer, RegexLexer):
            if self._takes_stack:
                refined = _without_newline(lexer.get_tokens_unprocessed(text, tuple(self._stack)))
                for _ in self._regular(lexer, text):
                    pass
                return refined
            return _without_newline(self._regular(lexer, text))
        return _without_newline(lexer.get_tokens_unprocessed(text))

    def _regular(self, lexer: Any, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Run the loop of pygments' RegexLexer from the stack that the last line left.

        It ends with the text, not when no rule matches at its end: there the next line may come.
        """
        states = lexer._tokens  # noqa: SLF001  (the compiled rules; pygments offers no other way to them)
        position = 0
        while position < len(text):
            for match_rule, action, new_state in states[self._stack[-1]]:
                match = match_rule(text, position)
                if match is None:
                    continue
                if type(action) is _TokenType:
                    yield position, action, match.group()
                elif action is not None:
                    yield from action(lexer, match)
                position = match.end()
                _change_state(self._stack, new_state)
                break
            else:
                yield position, Whitespace if text[position] == "\n" else Error, text[position]
                if text[position] == "\n":
                    self._stack = ["root"]
                position += 1

    def _extended(self, lexer: Any, text: str) -> Iterator[tuple[int, _TokenType, str]]:
        """Run the loop of pygments' ExtendedRegexLexer with the context that was left.

        There the context says how far the text is read; some lexers have a richer one of their own.
        """
        states = lexer._tokens  # noqa: SLF001
        context = self._context or _context_type(lexer)(text, 0)
        context.text, context.pos, context.end = text, 0, len(text)
        self._context = context
        while context.pos < context.end:
            for match_rule, action, new_state in states[context.stack[-1]]:
                match = match_rule(text, context.pos, context.end)
                if match is None:
                    continue
                if type(action) is _TokenType:
                    yield context.pos, action, match.group()
                    context.pos = match.end()
                elif action is not None:
                    yield from action(lexer, match, context)
                _change_state(context.stack, new_state)
                break
            else:
                is_newline = text[context.pos] == "\n"
                yield context.pos, Whitespace if is_newline else Error, text[context.pos]
                if is_newline:
                    context.stack = ["root"]
                context.pos += 1


def _change_state(stack: list[str], new_state: int | str | tuple[str, ...] | None) -> None:
    if new_state is None:
        return
    if isinstance(new_state, int):
        # Popping more than there is leaves the root.
        del stack[max(1, len(stack) + new_state) :]
        return
    for state in (new_state,) if isinstance(new_state, str) else new_state:
        if state == "#pop":
            if len(stack) > 1:
                stack.pop()
        else:
            stack.append(stack[-1] if state == "#push" else state)


def _spans_of(lexer: Lexer) -> tuple[tuple[str, str, _TokenType], ...]:
    """Return what a lexer matches with one expression over several lines: how it begins, how it ends."""
    return tuple(
        (opening, closing, token)
        for languages, opening, closing, token in _SPANS
        if not set(languages.split()).isdisjoint(lexer.aliases)
    )


def _open_span(line: str, opening: str, closing: str, token: _TokenType) -> _Span | None:
    """Return the span that begins last on the line, if it does not end there."""
    matches = list(re.finditer(opening, line))
    if not matches:
        return None
    last = matches[-1]
    end = re.compile(last.expand(closing))
    return None if end.search(line, last.end()) else _Span(end, token, last.start())


def _last_embedding_tag(line: str) -> re.Match[str] | None:
    """Return the tag that opens a script or a style sheet which goes on behind the line."""
    tags = list(_EMBEDDING_TAG.finditer(line))
    tag = tags[-1] if tags else None
    return tag if tag and not _EMBEDDED_END.search(line, tag.end()) else None


def _context_type(lexer: ExtendedRegexLexer) -> type[Any]:
    kind: type[Any] = YamlLexerContext if isinstance(lexer, YamlLexer) else LexerContext
    return kind


def _refines_tokens(lexer: type[Any]) -> bool:
    """Say whether a lexer goes over the tokens of the loop again (C's standard types, for one)."""
    own = lexer.get_tokens_unprocessed
    return (
        issubclass(lexer, RegexLexer)
        and own not in {RegexLexer.get_tokens_unprocessed, ExtendedRegexLexer.get_tokens_unprocessed}
        and "stack" in signature(own).parameters
    )


def _is_code_at(lexemes: list[Lexeme], place: int) -> bool:
    """Say whether something may begin at a place of the line: not inside a string or a comment."""
    position = 0
    for token, text in lexemes:
        if position + len(text) > place:
            return token not in String and (token not in Comment or position == place)
        position += len(text)
    return True


def _without_newline(tokens: Iterable[tuple[int, _TokenType, str]]) -> list[Lexeme]:
    lexemes = [(token, text) for _, token, text in tokens if text]
    if lexemes and lexemes[-1][1].endswith("\n"):
        token, text = lexemes[-1]
        lexemes[-1] = (token, text[:-1])
    return [(token if token is not Error else Text, text) for token, text in lexemes if text]
