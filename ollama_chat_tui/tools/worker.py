"""The process that runs the functions of one file: `python -m ollama_chat_tui.tools.worker FILE.py`.

Speaks lines of JSON: first what the functions are, then a result for each call. The file's own standard input
is empty, what it prints with `print` goes into the result, and what its children print goes nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import io
import json
import os
import select
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import msgspec

from ollama_chat_tui.chat.brakes import without_middle
from ollama_chat_tui.errors import BadTools, ChatError
from ollama_chat_tui.tools.definition import ToolFailure
from ollama_chat_tui.tools.function import Function
from ollama_chat_tui.tools.marker import ATTRIBUTE, Marks
from ollama_chat_tui.tools.wire import Call, Described, Loaded, Reply

MOST_PRINTED_BYTES = 20_000
MOST_RESULT_CHARS = 990_000  # with the note of it less than the registry takes, which would cut it again
_MOST_ERROR_CHARS = 1000

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def main() -> None:
    """Load the file, say what it has, and answer calls until nobody asks any more."""
    requests, replies = _private_streams()
    if hasattr(select, "poll"):
        threading.Thread(target=_end_with_parent, args=(requests.fileno(),), daemon=True).start()
    path = Path(sys.argv[1])
    functions: dict[str, Function] = {}
    try:
        with _printing_to(_Printed()):
            functions = _functions(path)
        loaded = Loaded([_described(each) for each in functions.values()])
    except ChatError as error:
        loaded = Loaded(error=_in_one_line(error.sentence))
    except BaseException as exc:  # noqa: BLE001 - the file may do anything, SystemExit included
        loaded = Loaded(error=_in_one_line(f"{path.name} cannot be loaded: {_in_words(exc, path)}."))
    _say(replies, loaded)
    for line in requests:
        call = msgspec.json.decode(line, type=Call)
        if (function := functions.get(call.name)) is not None:
            _say(replies, _answer(function, call, path))
        else:  # the file was edited since its tools were listed
            missing = loaded.error or f"{path.name} has no function {call.name} any more."
            _say(replies, Reply(f"{missing} /tools reload reads the file anew."))


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep the way to the parent, and leave nothing of it at the numbers that everybody writes to."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    if hasattr(os, "register_at_fork"):
        # A child that a function forks would answer as well, and keep the parent waiting for its end.
        os.register_at_fork(after_in_child=partial(_turn_away, nowhere, requests.fileno(), replies.fileno()))
    return requests, replies


def _end_with_parent(requests: int) -> None:
    """Let no function go on for ever, with what it started, when the parent was killed and cannot stop it."""
    hang_up = select.poll()
    hang_up.register(requests, 0)
    hang_up.poll()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(os.getpid(), signal.SIGKILL)


def _turn_away(nowhere: int, *numbers: int) -> None:
    for number in numbers:
        os.dup2(nowhere, number)


class _Anew(SourceFileLoader):
    """Reads the source itself: compiled code passes for fresh while size and second of change are equal."""

    def path_stats(self, path: str) -> NoReturn:
        raise OSError(path)


def _functions(path: Path) -> dict[str, Function]:
    name = f"ollama_chat_tools_{path.stem}"
    loader = _Anew(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    if spec is None or path.suffix != ".py":
        raise ImportError(f"{path.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    loader.exec_module(module)
    public = [
        each
        for public_name, each in vars(module).items()
        if not public_name.startswith("_") and getattr(each, "__module__", None) == name
    ]
    marked = [each for each in public if isinstance(getattr(each, ATTRIBUTE, None), Marks)]
    functions: dict[str, Function] = {}
    for each in map(Function, marked or filter(inspect.isfunction, public)):
        if each.name in functions:
            raise BadTools(f"{path.name} has two tools with the name {each.name}.")
        functions[each.name] = each
    return functions


def _described(function: Function) -> Described:
    facts, limit_s = function.facts(), function.marks.time_limit_s
    return Described(function.name, function.description, function.parameters, facts, limit_s)


def _answer(function: Function, call: Call, path: Path) -> Reply:
    printed = _Printed()
    try:
        with _printing_to(printed):
            value = function.call(call.arguments)
            if inspect.isawaitable(value):
                value = asyncio.run(_awaited(value))
            result = _as_text(value)
    except ToolFailure as failure:
        result = str(failure)
    except BaseException as exc:  # noqa: BLE001 - the function may do anything, SystemExit included
        result = f"{call.name} failed: {_in_words(exc, path)}."
    if text := printed.getvalue().decode(errors="replace").strip():
        result = f"{result}\n\nIt printed:\n{text}".strip()
    return Reply(without_middle(result, MOST_RESULT_CHARS) or "Done; there is no result to show.")


async def _awaited(value: Any) -> object:
    return await value


def _as_text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value, enc_hook=_encodable).decode()


def _encodable(value: object) -> object:
    return list(value) if isinstance(value, Iterator) else str(value)


def _in_words(exc: BaseException, path: Path) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(path)]
    line = exc.lineno if isinstance(exc, SyntaxError) else lines[-1] if lines else None
    text = exc.msg if isinstance(exc, SyntaxError) else _said(exc)
    words = f"{type(exc).__name__}: {text}" if text else type(exc).__name__
    return f"{words} (line {line})" if line else words


def _in_one_line(error: str) -> str:
    return " ".join(error[:_MOST_ERROR_CHARS].split())


def _said(exc: BaseException) -> str:
    try:
        return str(exc)
    except BaseException:  # noqa: BLE001 - it is the file's own
        return ""


def _say(replies: BinaryIO, message: msgspec.Struct) -> None:
    try:
        encoded = msgspec.json.encode(message)
    except UnicodeEncodeError:  # half a surrogate pair
        text = json.dumps(msgspec.to_builtins(message), ensure_ascii=False)
        encoded = text.encode("utf-8", "replace")
    replies.write(encoded + b"\n")
    replies.flush()


class _Printed(io.BytesIO):
    """Keeps the beginning of what is printed, and takes the rest without keeping it."""

    def write(self, data: ReadableBuffer) -> int:
        with memoryview(data) as view:
            super().write(view[: max(0, MOST_PRINTED_BYTES - self.tell())])
            return len(view)

    def close(self) -> None:
        """Stay readable: a function may close what it prints to."""


@contextlib.contextmanager
def _printing_to(printed: _Printed) -> Iterator[None]:
    # As whole a stream as the real one: files ask it for `buffer`, or to `reconfigure`.
    stream = io.TextIOWrapper(printed, "utf-8", errors="replace", newline="", write_through=True)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
