r"""LaTeX formulas as readable Unicode, where that says the same; otherwise nothing, and the source is shown.

Faithful means: what is written can be read back one way only. A fraction gets the parentheses its bar stood
for, an index that has no small letters is written _(…), and one unknown command or one unmatched brace
refuses the whole. No library does this: pylatexenc turns \frac{a+b}{c} into a+b/c and drops what it does
not know; unicodeit leaves commands in the middle of its result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Final, NamedTuple

from ollama_chat_tui.terminal.markdown import symbol

_TOKEN: Final = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_DEEPEST: Final = 20


class _Refused(Exception):
    """The formula has no faithful rendering."""


class _Kind(Enum):
    ATOM = auto()
    OPERATOR = auto()
    SPACE = auto()
    FRACTION = auto()
    ROOT = auto()
    FUNCTION = auto()


class _Node(NamedTuple):
    text: str
    kind: _Kind


@lru_cache(maxsize=512)
def to_unicode(latex: str) -> str | None:
    """Return a formula, given without its delimiters, as Unicode; None if that would not be faithful.

    The rows of aligned equations are lines.
    """
    try:
        lines = _Reader(latex).read_lines()
    except _Refused:
        return None
    return "\n".join(lines) or None


_TABLES: Final[tuple[tuple[Mapping[str, str], _Kind], ...]] = (
    (symbol.SYMBOLS, _Kind.ATOM),
    (symbol.LARGE, _Kind.ATOM),
    (symbol.BINARY, _Kind.OPERATOR),
    (symbol.SPACES, _Kind.SPACE),
)


class _Reader:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, latex: str) -> None:
        self._tokens = _TOKEN.findall(latex.strip())
        self._place = 0
        self._depth = 0

    def read_lines(self) -> list[str]:
        lines: list[str] = []
        nodes: list[_Node] = []
        while self._place < len(self._tokens):
            if self._peek() == "\\\\":
                self._next()
                lines.append(_join(nodes))
                nodes = []
            else:
                nodes += self._item()
        lines.append(_join(nodes))
        return [line for line in lines if line]

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _next(self) -> str:
        lexeme = self._peek()
        if not lexeme:
            raise _Refused
        self._place += 1
        return lexeme

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self._place += 1

    def _item(self) -> list[_Node]:
        lexeme = self._next()
        if lexeme == "{":
            return self._rest_of_group("}")
        if lexeme in "}#%$":
            raise _Refused
        if lexeme[0] == "\\":
            return self._command(lexeme[1:])
        return [self._script(lexeme) if lexeme in "^_" else _plain_node(lexeme)]

    def _rest_of_group(self, end: str) -> list[_Node]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused
        nodes: list[_Node] = []
        while self._peek() != end:
            nodes += self._item()
        self._next()
        self._depth -= 1
        return nodes

    def _argument(self) -> str:
        """Read one argument: a group, a command with its arguments, or one character."""
        self._skip_blanks()
        if not self._peek():
            raise _Refused
        return _join(self._item())

    def _raw_argument(self) -> str:
        """Read a group as it stands: words, not maths."""
        self._skip_blanks()
        if self._next() != "{":
            raise _Refused
        text = ""
        while (lexeme := self._next()) != "}":
            if lexeme in "{$" or (lexeme[0] == "\\" and lexeme[1:] not in {*symbol.ESCAPED, " "}):
                raise _Refused
            text += lexeme[-1] if lexeme[0] == "\\" else lexeme
        return text

    def _script(self, mark: str) -> _Node:
        text = self._argument().replace(" ", "")
        if not text:
            raise _Refused
        if mark == "^" and text in symbol.RAISED:
            return _Node(symbol.RAISED[text], _Kind.ATOM)
        table: Mapping[str, str] = symbol.SUPERSCRIPTS if mark == "^" else symbol.SUBSCRIPTS
        if all(character in table for character in text):
            return _Node("".join(table[character] for character in text), _Kind.ATOM)
        return _Node(mark + (text if len(text) == 1 else f"({text})"), _Kind.ATOM)

    def _command(self, name: str) -> list[_Node]:
        for table, kind in _TABLES:
            if name in table:
                if name in symbol.PREFIXES:
                    # TeX takes the blank for the end of the name: ∂x, not ∂ x.
                    self._skip_blanks()
                return [_Node(_spaced(table[name], name), kind)]
        if name in symbol.FUNCTIONS:
            return [_Node(name, _Kind.FUNCTION)]
        if name in symbol.ESCAPED:
            return [_Node(name, _Kind.ATOM)]
        if name in symbol.DELIMITER_SIZES:
            return self._delimiter()
        if name in symbol.UPRIGHT:
            kind = _Kind.FUNCTION if name.startswith("operator") else _Kind.ATOM
            return [_Node(self._raw_argument(), kind)]
        return self._construct(name)

    def _delimiter(self) -> list[_Node]:
        self._skip_blanks()
        if self._peek() == ".":
            self._next()
            return []
        return self._item()

    def _construct(self, name: str) -> list[_Node]:
        match name:
            case "frac" | "dfrac" | "tfrac" | "cfrac":
                over, under = self._argument(), self._argument()
                return [_Node(f"{_term(over)}/{_in_parentheses(under)}", _Kind.FRACTION)]
            case "bmod" | "mod":
                return [_Node(" mod ", _Kind.OPERATOR)]
            case "pmod":
                return [_Node(f" (mod {self._argument()})", _Kind.OPERATOR)]
            case "not":
                return [_Node(self._negated(), _Kind.OPERATOR)]
            case "begin":
                self._enter_environment()
                return []
        return [_Node(self._atom(name), _Kind.ROOT if name == "sqrt" else _Kind.ATOM)]

    def _atom(self, name: str) -> str:
        if name == "sqrt":
            return self._root()
        if name in {"binom", "dbinom"}:
            return f"({self._argument()} choose {self._argument()})"
        if name == "boxed":
            return f"[{self._argument()}]"
        if name in symbol.ACCENTS:
            return _accented(self._argument(), symbol.ACCENTS[name])
        if name in symbol.ALPHABETS:
            return _styled(self._argument(), symbol.ALPHABETS[name])
        raise _Refused

    def _root(self) -> str:
        degree = ""
        self._skip_blanks()
        if self._peek() == "[":
            self._next()
            degree = _join(self._rest_of_group("]"))
        if degree in symbol.ROOTS:
            sign = symbol.ROOTS[degree]
        elif all(character in symbol.SUPERSCRIPTS for character in degree):
            sign = "".join(symbol.SUPERSCRIPTS[character] for character in degree) + "√"
        else:
            raise _Refused
        return sign + _in_parentheses(self._argument())

    def _negated(self) -> str:
        text = self._argument().strip()
        if text not in symbol.NEGATED:
            raise _Refused
        return f" {symbol.NEGATED[text]} "

    def _enter_environment(self) -> None:
        """Read the rows of an alignment in place; every other environment needs two dimensions."""
        name = self._raw_argument()
        if name not in symbol.LINED or self._depth:
            raise _Refused
        end = ["\\end", "{", *name, "}"]
        for place in range(self._place, len(self._tokens)):
            if self._tokens[place : place + len(end)] == end:
                del self._tokens[place : place + len(end)]
                return
        raise _Refused


def _plain_node(lexeme: str) -> _Node:
    if lexeme.isspace() or lexeme in "~&":
        # An ampersand only says where equations are aligned.
        return _Node("" if lexeme == "&" else " ", _Kind.SPACE)
    if lexeme == "'":
        return _Node("′", _Kind.ATOM)
    return _Node(lexeme, _Kind.OPERATOR if lexeme in "+-=<>,;:/|*" else _Kind.ATOM)


def _spaced(text: str, name: str) -> str:
    return f" {text} " if name in symbol.BINARY else text


def _join(nodes: list[_Node]) -> str:
    """Write nodes one after the other, with the blanks and parentheses that keep them apart."""
    parts: list[str] = []
    solid = [node for node in nodes if node.kind is not _Kind.SPACE]
    place = 0
    for node in nodes:
        text = node.text
        if node.kind is not _Kind.SPACE:
            before = solid[place - 1] if place else None
            after = solid[place + 1] if place + 1 < len(solid) else None
            place += 1
            if _needs_parentheses(node, before, after):
                text = f"({text})"
            elif node.kind is _Kind.FUNCTION:
                text = (" " if before and _is_word(before.text[-1:]) else "") + text
                text += " " if after and _is_word(after.text[:1]) else ""
        parts.append(text)
    return re.sub(" {2,}", " ", "".join(parts)).strip()


def _needs_parentheses(node: _Node, before: _Node | None, after: _Node | None) -> bool:
    """Say whether a slash, or a root without its bar, would take in what stands beside it."""
    if node.kind is _Kind.FRACTION:
        return _touches(before) or _touches(after)
    return node.kind is _Kind.ROOT and _touches(after) and not node.text.endswith(")")


def _touches(node: _Node | None) -> bool:
    """Say whether a neighbour would be read as part of a fraction that has no parentheses."""
    if node is None or node.kind is _Kind.OPERATOR:
        return False
    return node.text not in {"(", ")", "[", "]", "{", "}", "|", "‖", ".", "!", "?"}


def _is_word(character: str) -> bool:
    return character.isalnum() or character in {"√", "∞"}


def _is_one_term(text: str) -> bool:
    """Say whether a text needs no parentheses wherever it stands."""
    if len(text) == 1 or text.isdecimal() or re.fullmatch(r"\d+\.\d+", text):
        return True
    if text[0] == "(" and text[-1] == ")":
        depth = 0
        for index, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if not depth:
                return index == len(text) - 1
    head, marks = text[0], text[1:]
    is_mark = {*symbol.SUPERSCRIPTS.values(), *symbol.SUBSCRIPTS.values(), *symbol.ACCENTS.values()}
    return head.isalpha() and all(character in is_mark for character in marks)


def _in_parentheses(text: str) -> str:
    if not text:
        raise _Refused
    return text if _is_one_term(text) else f"({text})"


def _term(text: str) -> str:
    """Return a numerator: a product needs no parentheses before a slash, a sum does."""
    if text and re.search(r"[-+=<>/,;:\s|*√∛∜]", text[1:]) is None and text[0] not in "+=<>/√∛∜":
        return text
    return _in_parentheses(text)


def _accented(text: str, accent: str) -> str:
    if len(text) == 1 or (len(text) <= 3 and accent in "\u0305\u0332" and text.isalnum()):
        return "".join(character + accent for character in text)
    raise _Refused


def _styled(text: str, alphabet: Mapping[str, str]) -> str:
    if all(character in alphabet for character in text):
        return "".join(alphabet[character] for character in text)
    if "A" in alphabet and alphabet["A"] == "𝐀" and text.isalpha():
        # Bold Greek: the letter itself is what matters.
        return text
    raise _Refused
