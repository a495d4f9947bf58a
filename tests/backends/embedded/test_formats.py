"""Answers of the real model to a format, judged as the chat judges them.

The model is loaded once for all. Where nothing is drawn there is no seed: with one the engine reads the
prompt anew each time, and here it is the same for every format.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.embedded.model import default_model
from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport
from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.chat.events import Finished, Judged
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.schemas.check import AnswerCheck
from ollama_chat_tui.schemas.short_form import read_short_form
from ollama_chat_tui.turn import take_turn
from tests.backends.embedded.asking import NAME
from tests.turns import conversation_with
from tests.weights import environment_in

QUESTION = (
    "Ollama is 22 years old and busy saving the world. Return a JSON object with the age and availability."
)
FORMS = [
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


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(model_file: Path) -> AsyncIterator[OllamaClient]:
    transport = EmbeddedTransport(default_model(environment_in(model_file.parents[1])))
    async with OllamaClient(DEFAULT_HOST, transport=transport) as client:
        yield client


async def answer(
    client: OllamaClient, schema: dict[str, object], *, is_told: bool = False, **options: object
) -> tuple[Finished, Judged]:
    settings = Settings(
        NAME,
        options={"temperature": 0, "num_predict": 30, "num_ctx": 512, "num_thread": 1, **options},
        format=schema,
        format_in_prompt=is_told,
    )
    turn = take_turn(conversation_with(QUESTION), settings, client)
    finished, verdict = [event async for event in turn][-2:]
    assert isinstance(finished, Finished)
    assert isinstance(verdict, Judged)
    return finished, verdict


async def test_the_example_of_ollamas_documentation_gives_a_valid_object(client: OllamaClient) -> None:
    finished, verdict = await answer(client, read_short_form("age:int, available:bool"), is_told=True)
    assert not verdict.faults
    told = json.loads(finished.message.content)
    assert (type(told["age"]), type(told["available"])) == (int, bool)


async def test_an_answer_is_valid_or_its_faults_are_named(client: OllamaClient) -> None:
    for schema in [*map(read_short_form, FORMS), *WRITTEN_OUT]:
        finished, verdict = await answer(client, schema)
        expected = [fault.expected for fault in verdict.faults]
        # What the grammar cannot enforce may be wrong, and an answer that was cut is no JSON.
        limits = {limit.pointer.rpartition("/")[2] for limit in AnswerCheck(schema).limits}
        may_be_wrong = [*(["JSON"] if finished.metrics.cut_by else []), *(["at most"] if limits else [])]
        assert all(any(it.startswith(known) for known in may_be_wrong) for it in expected), (schema, verdict)


async def test_the_same_seed_twice_is_the_same_answer(client: OllamaClient) -> None:
    schema = read_short_form("name, mood:good|bad|ugly")
    first, second = [await answer(client, schema, temperature=1.5, seed=7, num_predict=12) for _ in range(2)]
    assert first[0].message == second[0].message
