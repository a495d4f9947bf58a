"""Names, model files and their headers."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from ollama_chat_tui.backends.embedded.gguf import read_header
from ollama_chat_tui.backends.embedded.model import (
    EmbeddedModel,
    default_model,
    full_name,
    model_from_file,
    name_after,
    short_name,
)
from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.errors import BadModelFile
from tests.backends.embedded.asking import refused
from tests.backends.embedded.conftest import connect
from tests.weights import environment_in


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(tensors: int, *pairs: bytes, tail: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, len(pairs)) + b"".join(pairs) + tail


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


ARCHITECTURE = pair("general.architecture", 8, text("tiny"))


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("SmolLM2-135M-Instruct.Q4_1", "smollm2-135m-instruct.q4_1:latest"),
        ("My Model (v2)", "my-model-v2-:latest"),
        ("--x", "x:latest"),
        ("日本語", "model:latest"),
        ("", "model:latest"),
        ("a" * 200, "a" * 80 + ":latest"),
    ],
)
def test_a_file_gives_its_model_a_valid_name(stem: str, name: str) -> None:
    assert name_after(stem) == name
    assert full_name(name).endswith(name)


@pytest.mark.parametrize(
    ("name", "full", "short"),
    [
        ("LLama3", "registry.ollama.ai/library/llama3:latest", "llama3:latest"),
        ("me/x:7B", "registry.ollama.ai/me/x:7b", "me/x:7b"),
        ("hf.co/user/repo:Q4", "hf.co/user/repo:q4", "hf.co/user/repo:q4"),
        (" a ", "registry.ollama.ai/library/a:latest", "a:latest"),
    ],
)
def test_a_name_is_normalised(name: str, full: str, short: str) -> None:
    assert (full_name(name), short_name(name)) == (full, short)


@pytest.mark.parametrize("name", ["", "m:", "/m", "a/b/c/d", "a b", "é", "-x", "n.s/m", "a:b:c", "x" * 81])
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="invalid model name"):
        full_name(name)


async def test_any_gguf_file_can_be_asked(model_file: Path, tmp_path: Path) -> None:
    own = tmp_path / "My Own.gguf"
    own.symlink_to(model_file)
    model = model_from_file(own)
    async with connect(model) as client:
        (listed,) = (await client.get("/api/tags")).json()["models"]
        assert listed["name"] == "my-own:latest"
        assert len(listed["digest"]) == 64
        shown = (await client.post("/api/show", json={"model": "my-own"})).json()
        assert "parameters" not in shown
        answer = await client.post(
            "/api/chat", json={"model": "my-own", "messages": [], "options": {"num_ctx": 512}}
        )
        assert answer.json()["done_reason"] == "load"
    assert model_from_file(own).digest == model.digest != model_from_file(model_file).digest


def test_a_header_tells_what_it_can(tmp_path: Path) -> None:
    tensor = text("w") + struct.pack("<I2QIQ", 2, 1000, 7, 0, 0)
    strings = struct.pack("<IQ", 8, 2) + text("a") + text("bc")
    nested = struct.pack("<IQ", 9, 1) + struct.pack("<IQ3h", 3, 3, 1, 2, 3)
    path = tmp_path / "m.gguf"
    path.write_bytes(
        gguf(
            1,
            ARCHITECTURE,
            pair("list", 9, strings),
            pair("nested", 9, nested),
            pair("tiny.context_length", 4, struct.pack("<I", 64)),
            pair("yes", 7, b"\1"),
            tail=tensor,
        )
    )
    header = read_header(path)
    assert header.values == {
        "general.architecture": "tiny",
        "list": None,
        "nested": None,
        "tiny.context_length": 64,
        "yes": True,
    }
    assert (header.text("yes"), header.number("general.architecture")) == ("", 0)
    model = model_from_file(path)
    assert (model.context_tokens, model.details["parameter_size"]) == (64, "7K")
    assert model.details["quantization_level"] == "F32"


@pytest.mark.parametrize(
    "content",
    [
        b"GGUF",
        gguf(0, ARCHITECTURE)[:-2],
        gguf(2, ARCHITECTURE),
        gguf(0, pair("k", 99, b"")),
        gguf(0, pair("k", 8, struct.pack("<Q", 2**63))),
        gguf(0, pair("k", 9, struct.pack("<IQ", 8, 2**62))),
        gguf(0, pair("k", 9, struct.pack("<IQ", 9, 1) * 5000)),
        gguf(0, pair("k", 8, struct.pack("<Q", 2) + b"\xff\xff")),
    ],
    ids=["magic alone", "cut", "no tensors", "kind", "long text", "long list", "deep list", "no utf-8"],
)
def test_a_damaged_header_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(BadModelFile, match="is damaged: its header cannot be read"):
        model_from_file(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match="no such file"):
        model_from_file(tmp_path / "nope.gguf")
    with pytest.raises(BadModelFile, match="no such file"):
        default_model(environment_in(tmp_path))


def test_a_small_model_is_counted_exactly(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf(0, ARCHITECTURE))
    model = model_from_file(path)
    assert model.details["parameter_size"] == "0"
    assert model.context_tokens == 0


@pytest.fixture
def strict_model(model_file: Path, tmp_path: Path) -> EmbeddedModel:
    """The real model with a chat template that turns some conversations down, as many do."""
    template = read_header(model_file).text("tokenizer.chat_template").encode()
    strict = (
        b"{% for m in messages %}{% if m['role'] == 'wizard' %}{{ raise_exception('Roles must alternate!') }}"
        b"{% endif %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        b"<|im_start|>assistant\n"
    )
    path = tmp_path / "strict.gguf"
    path.write_bytes(model_file.read_bytes().replace(template, strict.ljust(len(template))))
    return model_from_file(path)


async def test_a_chat_template_that_fails_is_an_error_of_its_own(strict_model: EmbeddedModel) -> None:
    async with connect(strict_model) as client:
        status, text = await refused(client, model="strict", messages=[{"role": "wizard", "content": "hi"}])
        assert status in (400, 500)
        assert "Roles must alternate!" in json.loads(text)["error"]["message"]


async def test_a_model_that_does_not_load_is_a_server_error(model_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    with model_file.open("rb") as whole:
        path.write_bytes(whole.read(50_000_000))
    async with connect(model_from_file(path)) as client:
        for messages in ([], [{"role": "user", "content": "hi"}]):
            assert await refused(client, model="cut", messages=messages) == (
                500,
                f"unable to load model: {path}",
            )
        assert (await client.get("/api/ps")).json() == {"models": []}
