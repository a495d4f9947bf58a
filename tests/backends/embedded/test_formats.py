"""Answers of the real model to a format, judged as the chat judges them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.embedded.model import EmbeddedModel
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport
from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.chat.engine import run_turn
from ollama_chat_tui.chat.events import Event, Finished, Judged
from ollama_chat_tui.chat.judging import judged
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.short_form import read_short_form
from tests.backends.embedded.asking import NAME
from tests.turns import conversation_with

QUESTION = (
    "Ollama is 22 years old and busy saving the world. Return a JSON object with the age and availability."
)
FORMS = [
    "age:int, available:bool",
    "name",
    "name, age:0..150",
    "born?:date, name",
    "at:datetime",
    "id:uuid",
    "score:float",
    "mood:good|bad|ugly",
    "number:1|2|3",
    "tags:[good|bad]",
    "[1..9]",
    '"yes"|"no"',
    "name:str|null, age:int|null",
    "person:{name, age:int}",
    "people:[{name}]",
    "a:{b:{c:bool}}",
    "pair:[bool]",
]
WRITTEN_OUT: list[dict[str, object]] = [
    {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "minItems": 2, "maxItems": 3},
    {
        "type": "object",
        "properties": {"code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"}},
        "required": ["code"],
    },
    {
        "$defs": {"n": {"type": "integer"}},
        "type": "object",
        "properties": {"n": {"$ref": "#/$defs/n"}},
        "required": ["n"],
    },
    {"type": "object", "properties": {"share": {"type": "number", "maximum": -1}}, "required": ["share"]},
]


@pytest.fixture
async def client(model: EmbeddedModel) -> AsyncIterator[OllamaClient]:
    async with OllamaClient(DEFAULT_HOST, transport=EmbeddedTransport(model)) as client:
        yield client


async def answer(
    client: OllamaClient, schema: dict[str, object], **options: object
) -> tuple[Finished, Judged]:
    settings = Settings(
        NAME,
        options={"temperature": 0, "seed": 1, "num_predict": 30, "num_ctx": 512, "num_thread": 1, **options},
        format=schema,
    )
    conversation = conversation_with(QUESTION)

    def turn() -> AsyncGenerator[Event, None]:
        return run_turn(conversation, settings, client)

    events = [event async for event in judged(turn, conversation, AnswerCheck(schema), retries=0)]
    finished, verdict = events[-2:]
    assert isinstance(finished, Finished)
    assert isinstance(verdict, Judged)
    return finished, verdict


async def test_the_example_of_ollamas_documentation_gives_a_valid_object(client: OllamaClient) -> None:
    finished, verdict = await answer(client, read_short_form("age:int, available:bool"))
    assert not verdict.faults
    told = json.loads(finished.message.content)
    assert (type(told["age"]), type(told["available"])) == (int, bool)


async def test_an_answer_is_valid_or_its_faults_are_named(client: OllamaClient) -> None:
    for schema in [*map(read_short_form, FORMS), *WRITTEN_OUT]:  # one test, for the model is loaded once
        finished, verdict = await answer(client, schema)
        expected = [fault.expected for fault in verdict.faults]
        # What the grammar cannot enforce may be wrong, and an answer that was cut is no JSON.
        limits = {limit.pointer.rpartition("/")[2] for limit in AnswerCheck(schema).limits}
        may_be_wrong = [*(["JSON"] if finished.metrics.cut_by else []), *(["at most"] if limits else [])]
        assert all(any(it.startswith(known) for known in may_be_wrong) for it in expected), (schema, verdict)


async def test_the_same_seed_twice_is_the_same_answer(client: OllamaClient) -> None:
    schema = read_short_form("name, mood:good|bad|ugly")
    first, second = [await answer(client, schema, temperature=1.5, seed=7) for _ in range(2)]
    assert first[0].message == second[0].message
