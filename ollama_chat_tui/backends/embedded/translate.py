"""Ollama's chat to llama.cpp's and back: requests into its dictionary, its chunks into Ollama's lines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ollama_chat_tui.backends.embedded.calls import CallDelta, CallJoiner, llama_calls, llama_tools
from ollama_chat_tui.backends.embedded.duration import write_timestamp
from ollama_chat_tui.backends.embedded.option import Options
from ollama_chat_tui.backends.embedded.request import ChatRequest, Message

_WINDOWS_PER_ANSWER = 10  # where Ollama ends an answer that has no end of its own

# Ollama's option names that llama.cpp shares, sent as they are.
_SHARED_OPTIONS = (
    "top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty",
)  # fmt: skip

_NS_PER_MS = 1_000_000
_PLAIN = {"role", "content"}


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[CallDelta] | None = None


class _Alternative(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[int]


class _Token(_Alternative, omit_defaults=True):
    top_logprobs: list[_Alternative] = []


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int


class _Timings(msgspec.Struct):
    prompt_ms: float
    predicted_ms: float


class _Chunk(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None
    timings: _Timings | None = None


def llama_request(
    request: ChatRequest, schema: Mapping[str, Any] | None, options: Options, context_tokens: int
) -> dict[str, Any]:
    """Translate a request; every option is sent, since llama.cpp's defaults are not Ollama's."""
    longest = _WINDOWS_PER_ANSWER * context_tokens
    limit = options.integer("num_predict", -1, longest)
    look_back = options.integer("repeat_last_n", -1, context_tokens)
    seed = options.integer("seed", -1, 2**32 - 1)
    result: dict[str, Any] = {name: options.value(name) for name in _SHARED_OPTIONS}
    result |= {
        "messages": _join_neighbours(request.messages or ()),
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # a sign of life while the prompt is read: a stop is heard there
        "reasoning_format": "none",  # `<think>` stays in the text, as with a model Ollama does not know
        "top_k": options.integer("top_k"),
        "seed": seed,
        # Read in other batches, the same prompt gives slightly other numbers, and so another answer.
        "cache_prompt": seed < 0,
        "n_keep": options.integer("num_keep", -1, context_tokens),
        "max_tokens": limit if limit > 0 else longest,
        "repeat_last_n": context_tokens if look_back < 0 else look_back,
        "stop": [text for text in _texts(options.value("stop")) if text],
    }
    if schema is not None:
        kind = (
            {"type": "json_schema", "json_schema": {"schema": schema}} if schema else {"type": "json_object"}
        )
        result["response_format"] = kind
    if request.tools:
        result["tools"] = llama_tools(request.tools)
    if request.logprobs:
        # For 0 there would be none at all.
        result |= {"logprobs": True, "top_logprobs": request.top_logprobs or 1}
    return result


class Answer:
    """The lines of one answer, in Ollama's words."""

    def __init__(self, model: str, top_logprobs: int = 0) -> None:
        """Start the clock; `model` is the name as the request spelled it."""
        self._model = model
        self._top_logprobs = top_logprobs
        self._began_ns = time.perf_counter_ns()
        self._loaded_ns = self._began_ns
        self._reason = "stop"
        self._content: list[str] = []
        self._calls = CallJoiner()
        self._logprobs: list[_Token] = []

    def loaded(self) -> None:
        """Note that the model is ready."""
        self._loaded_ns = time.perf_counter_ns()

    def lines(self, chunk: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """Translate one chunk of llama.cpp: a line, the last line, or nothing that Ollama would say.

        Tool calls stand in the last line, as where Ollama leaves the template to llama.cpp.

        Raises:
            Refusal: 500 when a tool call cannot be read.
        """
        part = msgspec.convert(chunk, _Chunk)
        for choice in part.choices:
            if choice.finish_reason:
                self._reason = choice.finish_reason
            self._calls.add(choice.delta.tool_calls or ())
            tokens = choice.logprobs.content if choice.logprobs else None
            for token in tokens or ():
                del token.top_logprobs[self._top_logprobs :]
            if choice.delta.content or tokens:
                self._content.append(choice.delta.content or "")
                self._logprobs.extend(tokens or ())
                yield self._line(choice.delta.content or "", tokens) | {"done": False}
        if part.usage and part.timings:
            yield self._last_line() | self._metrics(part.usage, part.timings)

    def whole(self, last_line: dict[str, Any]) -> dict[str, Any]:
        """Join all lines into the one object of `stream: false`."""
        tokens = [msgspec.to_builtins(token) for token in self._logprobs]
        message = last_line["message"] | {"content": "".join(self._content)}
        return last_line | {"message": message} | ({"logprobs": tokens} if tokens else {})

    def empty(self, reason: str) -> dict[str, Any]:
        """Answer a request without messages: `load` or `unload`."""
        return self._line("", None) | {"done": True, "done_reason": reason}

    def _line(self, content: str, tokens: list[_Token] | None) -> dict[str, Any]:
        line: dict[str, Any] = {
            "model": self._model,
            "created_at": write_timestamp(time.time_ns()),
            "message": {"role": "assistant", "content": content},
        }
        return line | ({"logprobs": msgspec.to_builtins(tokens)} if tokens else {})

    def _last_line(self) -> dict[str, Any]:
        line = self._line("", None)
        if calls := self._calls.calls(is_cut=self._reason == "length"):
            line["message"]["tool_calls"] = calls
        return line

    def _metrics(self, usage: _Usage, timings: _Timings) -> dict[str, Any]:
        return {
            "done": True,
            "done_reason": "stop" if self._reason == "tool_calls" else self._reason,
            "total_duration": time.perf_counter_ns() - self._began_ns,
            "load_duration": self._loaded_ns - self._began_ns,
            "prompt_eval_count": usage.prompt_tokens,
            "prompt_eval_duration": round(timings.prompt_ms * _NS_PER_MS),
            "eval_count": usage.completion_tokens,
            "eval_duration": round(timings.predicted_ms * _NS_PER_MS),
        }


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _join_neighbours(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Join messages of one role that follow each other, as Ollama does; calls and results stay apart.

    llama.cpp refuses two assistant messages at the end, and some templates want the roles to take turns.
    """
    joined: list[dict[str, Any]] = []
    for message in messages:
        written = _write(message)
        before = joined[-1] if joined else {}
        if before.keys() == written.keys() == _PLAIN and before["role"] == written["role"]:
            before["content"] = "\n\n".join(filter(None, (before["content"], written["content"])))
        else:
            joined.append(written)
    return joined


def _write(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"role": (message.role or "").lower(), "content": message.content or ""}
    if message.tool_calls:
        written["tool_calls"] = llama_calls(message.tool_calls)
    if written["role"] == "tool":
        written |= {"name": message.tool_name or "", "tool_call_id": message.tool_call_id or ""}
    return written
