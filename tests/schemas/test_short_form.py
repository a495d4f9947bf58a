from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.short_form import SYNONYMS, TYPES, read_short_form

Pair = tuple[str, Any]
"""A piece of the short form, and the schema it stands for."""

WORDS = st.from_regex(r"\A[A-Za-zäöüß名前_][\w.-]{0,8}\Z").filter(
    lambda word: word not in {*TYPES, *SYNONYMS, "true", "false"} and ".." not in word
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(10**6), 10**6) | st.decimals(-1000, 1000, places=2).map(float)
BLANKS = st.sampled_from(["", " ", "\t "])


def fields_of(fields: list[tuple[str, bool, Pair | None, str]], comma: str = ", ") -> Pair:
    """Fields with a name, whether they may be missing, a type and a comment."""
    rows, properties, required = [], {}, []
    for name, may_miss, kind, comment in fields:
        text, schema = kind or ("", {"type": "string"})
        rows.append(
            name + "?" * may_miss + (f":{text}" if kind else "") + (f" # {comment}\n" if comment else comma)
        )
        properties[name] = {**schema, "description": comment} if comment else schema
        required += [] if may_miss else [name]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return "".join(rows), schema


@st.composite
def enums(draw: st.DrawFn) -> Pair:
    values = draw(st.lists(WORDS | TEXTS | NUMBERS | st.booleans(), min_size=2, max_size=4))
    texts = [
        value if isinstance(value, str) and draw(st.just(is_word(value))) else json.dumps(value)
        for value in values
    ]
    blank = draw(BLANKS)
    strings = {"type": "string"} if all(isinstance(value, str) for value in values) else {}
    return f"{blank}|{blank}".join(texts), {**strings, "enum": values}


def is_word(value: str) -> bool:
    return value.isidentifier() and value not in {*TYPES, *SYNONYMS, "true", "false"}


@st.composite
def ranges(draw: st.DrawFn) -> Pair:
    least, most = sorted([draw(NUMBERS), draw(NUMBERS)])
    has_least, has_most = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    bounds = ({"minimum": least} if has_least else {}) | ({"maximum": most} if has_most else {})
    kind = "integer" if all(isinstance(bound, int) for bound in bounds.values()) else "number"
    return f"{least if has_least else ''}..{most if has_most else ''}", {"type": kind, **bounds}


def type_pairs() -> st.SearchStrategy[Pair]:
    plain = st.sampled_from([(name, dict(schema)) for name, schema in TYPES.items()])
    synonym = st.sampled_from([(name, dict(TYPES[known])) for name, known in SYNONYMS.items()])
    leaves = plain | synonym | enums() | ranges()
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(
                lambda blank, pair: (f"[{blank}{pair[0]}]", {"type": "array", "items": pair[1]}),
                BLANKS,
                inner,
            )
            | field_lists(inner).map(lambda pair: (f"{{{pair[0]}}}", pair[1]))
            | st.just(("str | null", {"anyOf": [{"type": "string"}, {"type": "null"}]}))
        ),
        max_leaves=6,
    )


def field_lists(kinds: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    comment = st.just("") | st.from_regex(r"\A[A-Za-z,:?|\[{][A-Za-z ,:?|]*[A-Za-z]\Z")
    field = st.tuples(WORDS, st.booleans(), st.none() | kinds, comment)
    fields = st.lists(field, min_size=1, max_size=4, unique_by=lambda each: each[0])
    return st.builds(fields_of, fields, st.sampled_from([",", ", ", "\n", " ,\n\n"]))


@given(field_lists(type_pairs()))
def test_every_short_form_gives_the_schema_it_stands_for(pair: Pair) -> None:
    text, schema = pair
    assert read_short_form(text) == schema
    AnswerCheck(schema)


def test_the_example_of_the_documentation() -> None:
    assert read_short_form(
        "name, age:int, tags:[str], born?:date, mood:good|bad|ugly # comment becomes the description"
    ) == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "born": {"type": "string", "format": "date"},
            "mood": {
                "type": "string",
                "enum": ["good", "bad", "ugly"],
                "description": "comment becomes the description",
            },
        },
        "required": ["name", "age", "tags", "mood"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("[str]", {"type": "array", "items": {"type": "string"}}),
        ('"a" | "b"', {"type": "string", "enum": ["a", "b"]}),
        ('"just this"', {"type": "string", "enum": ["just this"]}),
        ("[good|bad]", {"type": "array", "items": {"type": "string", "enum": ["good", "bad"]}}),
    ],
)
def test_a_schema_need_not_be_an_object(text: str, schema: object) -> None:
    assert read_short_form(text) == schema


def test_a_comment_on_a_line_of_its_own_describes_what_follows() -> None:
    properties: Any = read_short_form("# in full\nname\n# years\nage:int # whole ones")["properties"]
    assert properties["name"]["description"] == "in full"
    assert properties["age"]["description"] == "years whole ones"


@pytest.mark.parametrize(
    ("marked", "sentence"),
    [
        ("‸", "The name of a field is missing"),
        ("‸,a", "The name of a field is missing"),
        ("a,‸,b", "The name of a field is missing"),
        ("a:{‸}", "The name of a field is missing"),
        ("name ‸age", "A comma or a colon is missing"),
        ("name, ‸name:int", "The name “name” stands twice"),
        ("name, age:‸", "A type is missing"),
        ("name, age:‸, b", "A type is missing"),
        ("a:str|‸", "A type is missing"),
        ("a::‸b".replace("::‸", ":‸:"), "A type is missing"),
        ("name, age:‸integr", "There is no type “integr”"),
        ("a:‸foo, b", "There is no type “foo”"),
        ("x:‸5..1", "This range is empty"),
        ("x:‸..", "There is no type “..”"),
        ('x:‸"abc', "This quote is never closed"),
        (r'x:‸"\q"', "This is not quoted as JSON quotes"),
        ("a:‸[str", "This [ is never closed"),
        ("a:‸{b:int\n", "This { is never closed"),
        ("a:[str‸}", "A ] is missing"),
        ("a:{b‸]", "A } is missing"),
        ("[str] ‸x", "There is something too much"),
        ("a‸]", "There is something too much"),
        ("名前:str, b:‸整数", "There is no type “整数”"),
        ("a,\nb:int,\n\tc:‸floot # a comment", "There is no type “floot”"),
        (f"{'a' * 100}, b:‸foo, {'c' * 100}", "There is no type “foo”"),
    ],
)
def test_a_mistake_is_named_and_a_caret_stands_under_it(marked: str, sentence: str) -> None:
    with pytest.raises(BadSchema) as caught:
        read_short_form(marked.replace("‸", ""))
    said, excerpt, caret = caught.value.sentence.split("\n")
    assert said.startswith(sentence)
    line = next(line for line in marked.split("\n") if "‸" in line)
    before, _, after = line.partition("‸")
    # Wide characters take two columns.
    column = len(caret) - 1 - sum(1 for character in before if character > "⺀")
    assert excerpt[:column].endswith(before[-20:].replace("\t", " "))
    assert excerpt[column:].startswith(after[:20])


@given(st.text(st.sampled_from('ab:,|?[]{}"# \n..0-')) | st.text())
def test_any_text_is_a_schema_or_a_mistake(text: str) -> None:
    try:
        schema = read_short_form(text)
    except BadSchema as error:
        lines = error.sentence.count("\n") + 1
    else:
        lines = 3
        AnswerCheck(schema)
    assert lines == 3
