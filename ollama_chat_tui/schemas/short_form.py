"""The short form of a schema: `name, age:int, tags:[str], born?:date # when it is known`.

::

    schema  = fields | type
    fields  = field { ("," | new line) field }
    field   = name ["?"] [":" type] [comment]     "?": may be missing; without a type it is a text
    type    = choice { "|" choice }
    choice  = "[" type "]" | "{" fields "}" | word | quoted
    comment = "#" to the end of the line; describes the field before it, or on a line of its own the next one

A word is a type (`TYPES`), a range (`0..150`, `0.0..1.0`, `1..`), a number, `true` or `false`; in a choice
of several any other word is itself a value: `good|bad|ugly`. What is quoted, as JSON quotes, is always a
value, or a name with blanks in it. A schema that is no object begins with `[`, `{` or a quote. Knows no file.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain

from ollama_chat_tui.errors import BadSchema

Schema = dict[str, object]

TYPES: Mapping[str, Mapping[str, object]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "null": {"type": "null"},
    "any": {},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "datetime": {"type": "string", "format": "date-time"},
    "uuid": {"type": "string", "format": "uuid"},
}
SYNONYMS = {
    "string": "str",
    "text": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date-time": "datetime",
}

_TOKEN = re.compile(
    r"""(?P<blank>[^\S\n]+) | (?P<mark>[\n,:?|{}]|\[|\]) | (?P<comment>\#[^\n]*)
      | (?P<quoted>"(?:[^"\\\n]|\\.)*") | (?P<word>[^\s,:?|\[\]{}"\#]+)""",
    re.VERBOSE,
)
_NUMBER = r"-?(?:0|[1-9]\d*)(?:\.\d+)?"
_RANGE = re.compile(rf"(?P<least>{_NUMBER})?\.\.(?P<most>{_NUMBER})?")
_LITERAL = re.compile(rf"{_NUMBER}|true|false")
_WIDEST_EXCERPT = 60


def read_short_form(text: str) -> Schema:
    """Make a JSON Schema of a short form.

    Raises:
        BadSchema: it is none; the sentence shows the line and a caret under the place.
    """
    return _Parser(text).schema()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._tokenize()
        self._place = 0

    def schema(self) -> Schema:
        comments = self._skip_lines()
        if self._here.text in {"[", "{"} or (self._here.kind == "quoted" and self._follows("|", "")):
            schema = self._type()
            _describe(schema, comments + self._skip_lines())
        else:
            schema = self._fields(comments)
        if self._here.kind != "end":
            raise self._complain("There is something too much here.", "Fields stand apart by commas.")
        return schema

    def _fields(self, comments: list[str]) -> Schema:
        properties: dict[str, Schema] = {}
        required: list[str] = []
        while self._here.kind in {"word", "quoted"}:
            at = self._here
            name = self._name()
            if name in properties:
                raise self._complain(f"The name “{name}” stands twice.", at=at)
            if not self._take("?"):
                required.append(name)
            properties[name] = self._type() if self._take(":") else dict(TYPES["str"])
            is_over = not self._take(",")
            if self._here.kind == "comment":
                comments.append(self._next().text)
            _describe(properties[name], comments)
            is_over = is_over and self._here.text != "\n"
            comments = self._skip_lines()
            is_over = is_over and not self._take(",")
            comments += self._skip_lines()
            if is_over:
                break
        if not properties or self._here.text in set(",:?|"):
            raise self._complain("The name of a field is missing here.", "As in: name, age:int")
        if self._here.kind in {"word", "quoted"}:
            raise self._complain(
                "A comma or a colon is missing here.", "A type comes after a colon: age:int."
            )
        return {
            "type": "object", "properties": properties, "required": required, "additionalProperties": False
        }  # fmt: skip

    def _name(self) -> str:
        token = self._next()
        return self._unquote(token) if token.kind == "quoted" else token.text

    def _type(self) -> Schema:
        is_choice = self._follows("|")
        choices = [self._choice(is_choice=is_choice)]
        while self._take("|"):
            choices.append(self._choice(is_choice=True))
        types = [choice for choice in choices if "enum" not in choice]
        values = [*chain.from_iterable(_values(choice) for choice in choices)]
        if values:
            types.append(_enum(values))
        return types[0] if len(types) == 1 else {"anyOf": types}

    def _choice(self, *, is_choice: bool) -> Schema:
        token = self._here
        if token.kind == "quoted":
            return {"enum": [self._unquote(self._next())]}
        if token.kind == "word":
            return self._word(self._next(), is_choice=is_choice)
        if self._take("["):
            self._skip_lines()
            items = self._type()
            self._close("]", token)
            return {"type": "array", "items": items}
        if self._take("{"):
            fields = self._fields(self._skip_lines())
            self._close("}", token)
            return fields
        raise self._complain("A type is missing here.", _known_types())

    def _word(self, token: _Token, *, is_choice: bool) -> Schema:
        name = SYNONYMS.get(token.text, token.text)
        if name in TYPES:
            return dict(TYPES[name])
        if (bounds := _RANGE.fullmatch(name)) and name != "..":
            return self._range(token, bounds["least"], bounds["most"])
        if _LITERAL.fullmatch(name):
            return {"enum": [json.loads(name)]}
        if is_choice:
            return {"enum": [name]}
        near = get_close_matches(name, [*TYPES, *SYNONYMS], n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise self._complain(f"There is no type “{name}”.", hint + _known_types(), at=token)

    def _range(self, token: _Token, least: str | None, most: str | None) -> Schema:
        bounds = {
            key: json.loads(text) for key, text in (("minimum", least), ("maximum", most)) if text is not None
        }
        if len(bounds) == 2 and bounds["minimum"] > bounds["maximum"]:
            raise self._complain("This range is empty.", "The least comes first: 0..150.", at=token)
        kind = "integer" if all(isinstance(bound, int) for bound in bounds.values()) else "number"
        return {"type": kind, **bounds}

    def _close(self, mark: str, opened: _Token) -> None:
        self._skip_lines()
        if not self._take(mark):
            if self._here.kind == "end":
                raise self._complain(f"This {opened.text} is never closed.", at=opened)
            raise self._complain(f"A {mark} is missing here.")

    def _skip_lines(self) -> list[str]:
        """Go on to what is no new line; returns the comments that were passed."""
        comments = []
        while self._here.kind == "comment" or self._here.text == "\n":
            token = self._next()
            if token.kind == "comment":
                comments.append(token.text)
        return comments

    @property
    def _here(self) -> _Token:
        return self._tokens[self._place]

    def _follows(self, *marks: str) -> bool:
        return self._tokens[min(self._place + 1, len(self._tokens) - 1)].text in marks

    def _next(self) -> _Token:
        token = self._here
        self._place += 1
        return token

    def _take(self, mark: str) -> bool:
        if self._here.kind != "mark" or self._here.text != mark:
            return False
        self._place += 1
        return True

    def _tokenize(self) -> list[_Token]:
        tokens, place = [], 0
        while place < len(self._text):
            found = _TOKEN.match(self._text, place)
            if found is None:  # all that no token begins with is a quote without its end
                raise self._complain("This quote is never closed.", at=_Token("", "", place))
            if found.lastgroup != "blank":
                tokens.append(_Token(found.lastgroup or "", found[0], place))
            place = found.end()
        return [*tokens, _Token("end", "", len(self._text.rstrip()))]

    def _unquote(self, token: _Token) -> str:
        try:
            return str(json.loads(token.text))
        except json.JSONDecodeError as exc:
            raise self._complain("This is not quoted as JSON quotes.", at=token) from exc

    def _complain(self, sentence: str, hint: str = "", *, at: _Token | None = None) -> BadSchema:
        offset = (at or self._here).start
        begin = self._text.rfind("\n", 0, offset) + 1
        line, column = self._text[begin:].partition("\n")[0], offset - begin
        cut = max(0, column - _WIDEST_EXCERPT // 2)
        excerpt = line[cut : cut + _WIDEST_EXCERPT].expandtabs(1)
        caret = " " * sum(map(_cells, excerpt[: column - cut])) + "^"
        return BadSchema(f"{sentence}\n  {excerpt}\n  {caret}", hint)


def _values(schema: Schema) -> list[object]:
    values = schema.get("enum", [])
    return values if isinstance(values, list) else []


def _enum(values: list[object]) -> Schema:
    return (
        {"type": "string", "enum": values} if all(isinstance(it, str) for it in values) else {"enum": values}
    )


def _describe(schema: Schema, comments: list[str]) -> None:
    if text := " ".join(comment.lstrip("# ").rstrip() for comment in comments).strip():
        schema["description"] = text


def _known_types() -> str:
    return f"Types: {', '.join(TYPES)}, 0..9, [type], {{fields}}; a value stands in quotes."


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
