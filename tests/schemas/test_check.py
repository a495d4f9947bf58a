from __future__ import annotations

import pytest

from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.short_form import read_short_form

PERSON = read_short_form("name, age:0..150, tags:[str], born?:date, mood:good|bad, note:str|null")
VALID = '{"name": "Ada", "age": 36, "tags": ["x"], "mood": "good", "note": null}'


def test_a_valid_answer_has_no_faults() -> None:
    assert AnswerCheck(PERSON).faults(f"\n {VALID} \n") == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"Ada"', "3", "/name: expected string, found 3"),
        ("36", "200", "/age: expected at most 150, found 200"),
        ("36", "-1", "/age: expected at least 0, found -1"),
        ("36", "1.5", "/age: expected integer, found 1.5"),
        ('["x"]', '["x", 1]', "/tags/1: expected string, found 1"),
        ('"good"', '"fine"', '/mood: expected one of "good", "bad", found "fine"'),
        ('"note"', '"born": "soon", "note"', '/born: expected a date, found "soon"'),
        ("null", "2", "/note: expected string or null, found 2"),
        ('"name": "Ada", ', "", 'the answer: expected a property "name", found {"age":36'),
        ("{", '{"a/b~": 1, ', 'the answer: expected no property "a/b~", found {'),
    ],
)
def test_a_fault_names_its_place_what_was_expected_and_what_was_found(old: str, new: str, fault: str) -> None:
    faults = AnswerCheck(PERSON).faults(VALID.replace(old, new, 1))
    assert [str(each)[: len(fault)] for each in faults] == [fault]


def test_every_fault_is_found() -> None:
    assert len(AnswerCheck(PERSON).faults('{"name": 1, "age": "x", "tags": 3, "mood": "a", "note": 0}')) == 5


def test_a_place_is_a_json_pointer() -> None:
    schema = {"properties": {"a/b": {"properties": {"~c": {"type": "string"}}}}}
    assert AnswerCheck(schema).faults('{"a/b": {"~c": 1}}')[0].pointer == "/a~1b/~0c"


@pytest.mark.parametrize("text", ["", "Hello", '{"a": ', "```json\n{}\n```", "{} {}"])
@pytest.mark.parametrize("answer_format", ["json", PERSON])
def test_what_is_no_json_is_one_fault(text: str, answer_format: str) -> None:
    (fault,) = AnswerCheck(answer_format).faults(text)
    assert fault.expected.startswith("JSON")


def test_json_means_an_object() -> None:
    check = AnswerCheck("json")
    assert check.faults('{"any": ["thing"]}') == []
    assert str(check.faults("[1]")[0]) == "the answer: expected an object, found [1]"


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "objekt"}, "at /type"),
        ({"properties": {"x/y": {"minimum": "a"}}}, "at /properties/x~1y/minimum"),
        ({"pattern": "("}, "at /pattern"),
        ({"$ref": "#/nowhere"}, "nowhere"),
        ({"$ref": "http://127.0.0.1:9/x"}, "http://127.0.0.1:9/x"),
        ({"$schema": "urn:nobody"}, "urn:nobody"),
        ({"properties": {"a": {"type": "string", "pattern": "abc"}}}, "at /properties/a: Pattern must start"),
        ({"items": {"minLength": 4, "maxLength": 2}}, "at /items: minLength and maxLength"),
    ],
)
def test_a_schema_that_is_none_or_would_be_refused_is_named_by_its_place(
    schema: dict[str, object], place: str
) -> None:
    with pytest.raises(BadSchema) as caught:
        AnswerCheck(schema)
    assert place in caught.value.sentence


def test_what_the_grammar_passes_over_is_named_and_judged_all_the_same() -> None:
    check = AnswerCheck(
        {
            "type": "object",
            "properties": {
                "not": {"type": "number", "minimum": 1},  # a name, and no keyword
                "age": {"type": "integer", "minimum": 1},
                "mail": {"type": "string", "format": "email"},
                "tags": {"type": "array", "uniqueItems": True, "items": {"enum": [{"not": 1}]}},
            },
            "anyOf": [{"not": {"required": ["mail"]}}],
        }
    )
    assert [limit.pointer for limit in check.limits] == [
        "/properties/not/minimum",
        "/properties/mail/format",
        "/properties/tags/uniqueItems",
        "/anyOf/0/not",
    ]
    assert check.faults('{"not": 0}')[0].pointer == "/not"
