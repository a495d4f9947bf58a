"""Answers of the real model, as a client of Ollama sees them."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.backends.embedded.asking import NAME, ask, body, lines, refused

SCHEMA = {
    "type": "object",
    "properties": {"age": {"type": "integer"}, "available": {"type": "boolean"}},
    "required": ["age", "available"],
}
LONG = "word " * 900


async def test_an_answer_comes_line_by_line_and_ends_with_its_figures(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/chat", json=body())
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-ndjson")
    *parts, last = lines(response)
    assert len(parts) == 8
    assert all(set(part) == {"model", "created_at", "message", "done"} for part in parts)
    assert all(part["message"]["content"] and not part["done"] for part in parts)
    assert last["message"] == {"role": "assistant", "content": ""}
    assert (last["model"], last["done"], last["done_reason"], last["eval_count"]) == (NAME, True, "length", 8)
    assert last["prompt_eval_count"] > 10
    assert 0 < last["load_duration"] < last["total_duration"] < 60e9
    assert 0 < last["eval_duration"] < last["total_duration"]
    assert 0 < last["prompt_eval_duration"] < last["total_duration"]
    assert datetime.fromisoformat(last["created_at"]).utcoffset() is not None


async def test_lines_arrive_while_the_model_still_writes(client: httpx.AsyncClient) -> None:
    async with client.stream("POST", "/api/chat", json=body(options={"num_predict": 40})) as response:
        arrivals = [asyncio.get_running_loop().time() async for _ in response.aiter_bytes()]
    assert arrivals[-1] - arrivals[0] > 0.1


async def test_without_stream_the_same_answer_is_one_object(client: httpx.AsyncClient) -> None:
    streamed = lines(await client.post("/api/chat", json=body()))
    response = await client.post("/api/chat", json=body(stream=False))
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    whole = response.json()
    assert whole["message"]["content"] == "".join(line["message"]["content"] for line in streamed)
    assert (whole["done"], whole["done_reason"], whole["eval_count"]) == (True, "length", 8)


async def test_the_same_seed_gives_the_same_answer_and_another_does_not(client: httpx.AsyncClient) -> None:
    answers = [
        (await ask(client, options={"seed": seed, "temperature": 1.5, "num_predict": 30}))["message"][
            "content"
        ]
        for seed in (7, 7, 8)
    ]
    assert answers[0] == answers[1] != answers[2]


async def test_an_answer_fits_the_schema(client: httpx.AsyncClient) -> None:
    question = "Ollama is 22 years old and busy. Give the age and availability as JSON."
    answer = await ask(client, question, format=SCHEMA, options={"num_predict": 60})
    told = json.loads(answer["message"]["content"])
    assert isinstance(told["age"], int)
    assert isinstance(told["available"], bool)
    assert answer["done_reason"] == "stop"


@pytest.mark.parametrize("wanted", ["json", {}])
async def test_format_json_gives_an_object(client: httpx.AsyncClient, wanted: object) -> None:
    answer = await ask(
        client, "Give a JSON object with one key a.", format=wanted, options={"num_predict": 200}
    )
    assert isinstance(json.loads(answer["message"]["content"]), dict)


@pytest.mark.parametrize("unset", [None, ""])
async def test_an_empty_format_leaves_the_text_free(client: httpx.AsyncClient, unset: object) -> None:
    assert not (await ask(client, format=unset))["message"]["content"].startswith("{")


async def test_num_predict_ends_the_answer(client: httpx.AsyncClient) -> None:
    answer = await ask(client, options={"num_predict": 3})
    assert (answer["eval_count"], answer["done_reason"]) == (3, "length")


@pytest.mark.parametrize("limit", [0, -1])
async def test_without_a_limit_the_model_ends_by_itself(client: httpx.AsyncClient, limit: int) -> None:
    answer = await ask(client, "Say hi.", options={"num_predict": limit})
    assert answer["done_reason"] == "stop"
    assert answer["eval_count"] > 1


async def test_a_stop_text_ends_the_answer_before_it(client: httpx.AsyncClient) -> None:
    free = (await ask(client))["message"]["content"]
    word = free.split()[3]
    stopped = await ask(client, options={"stop": [word, ""]})
    assert free.startswith(stopped["message"]["content"])
    assert word not in stopped["message"]["content"]
    assert stopped["done_reason"] == "stop"


async def test_a_system_message_is_heard(client: httpx.AsyncClient) -> None:
    system = {"role": "system", "content": "You are a pirate captain . Speak like one."}
    question = {"role": "user", "content": "Who are you?"}
    answer = await ask(client, messages=[system, question], options={"num_predict": 40})
    assert "captain" in answer["message"]["content"].lower()


async def test_a_begun_answer_is_not_repeated(client: httpx.AsyncClient) -> None:
    begun = "The sky is blue because"
    messages = [{"role": "user", "content": "Why is the sky blue?"}, {"role": "ASSISTANT", "content": begun}]
    assert begun not in (await ask(client, messages=messages))["message"]["content"]


async def test_neighbours_of_one_role_and_odd_messages_are_taken(client: httpx.AsyncClient) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": None, "unknown": 1},
        {"content": "Ho"},
        {"role": "assistant", "content": "A"},
        {"role": "assistant", "content": "B"},
    ]
    assert (await ask(client, messages=messages))["done"]


async def test_a_prompt_that_does_not_fit_is_an_error_in_ollamas_words(client: httpx.AsyncClient) -> None:
    for fields in ({}, {"truncate": False}, {"stream": False}):
        status, text = await refused(client, question=LONG, **fields)
        error = json.loads(text)["error"]
        assert (status, error["code"], error["type"], error["n_ctx"]) == (
            400,
            400,
            "exceed_context_size_error",
            512,
        )
        assert error["message"] == (
            f"request ({error['n_prompt_tokens']} tokens) exceeds the available context size (512 tokens), "
            "try increasing it"
        )
    assert (await ask(client))["done"]


async def test_a_full_window_slides_or_ends_the_answer(client: httpx.AsyncClient) -> None:
    endless = {"type": "array", "items": {"type": "integer"}, "minItems": 120}
    question, options = "word " * 150, {"num_ctx": 200, "num_predict": 100}
    ended = await ask(client, question, format=endless, options=options, shift=False)
    assert ended["prompt_eval_count"] + ended["eval_count"] <= 256
    assert ended["done_reason"] == "length"
    slid = await ask(client, question, format=endless, options=options)
    assert (slid["eval_count"], slid["done_reason"]) == (100, "length")


async def test_log_probabilities_come_when_asked_for(client: httpx.AsyncClient) -> None:
    plain = await ask(client, logprobs=True, options={"num_predict": 2})
    assert [set(token) for token in plain["logprobs"]] == [{"token", "logprob", "bytes"}] * 2
    *parts, _ = lines(await client.post("/api/chat", json=body(logprobs=True, top_logprobs=3)))
    first = parts[0]["logprobs"][0]
    assert len(first["top_logprobs"]) == 3
    assert bytes(first["bytes"]).decode() == first["token"] == parts[0]["message"]["content"]


async def test_two_requests_are_answered_one_after_the_other(client: httpx.AsyncClient) -> None:
    first, second = await asyncio.gather(ask(client), ask(client, "Name three colours."))
    alone = await ask(client, "Name three colours.")
    assert first["done"]
    assert second["message"] == alone["message"]


async def test_another_window_loads_the_model_again(client: httpx.AsyncClient) -> None:
    cold = await ask(client)
    warm = await ask(client)
    again = await ask(client, options={"num_ctx": 1000, "num_thread": 1, "num_batch": 1})
    assert warm["load_duration"] * 5 < min(cold["load_duration"], again["load_duration"])
    (loaded,) = (await client.get("/api/ps")).json()["models"]
    assert loaded["context_length"] == 1024


async def test_options_beyond_all_bounds_do_no_harm(client: httpx.AsyncClient) -> None:
    options = {
        "num_ctx": 10**30, "num_predict": 5.7, "top_k": 10**40, "seed": -(10**20), "num_keep": -7, "bogus": 1,
        "temperature": -1e300, "repeat_last_n": -1, "use_mmap": False, "num_thread": 10**9, "min_p": None,
    }  # fmt: skip
    answer = await ask(client, options=options)
    assert answer["eval_count"] == 5
    (loaded,) = (await client.get("/api/ps")).json()["models"]
    assert loaded["context_length"] == 8192


async def test_what_llama_cpp_turns_down_is_worded_by_it(client: httpx.AsyncClient) -> None:
    status, text = await refused(client, options={"repeat_penalty": 0})
    assert status == 400
    assert "penalty_repeat" in json.loads(text)["error"]["message"]
    status, text = await refused(client, format={"type": "nope"})
    assert status == 400
    assert "nope" in json.loads(text)["error"]["message"]
    assert (await ask(client))["done"]
