"""llama.cpp in this process, on a thread of its own; the only module that knows xllamacpp.

All work goes through one thread in the order it came, so requests queue, and loading, answering and
unloading never meet. What llama.cpp delivers is handed to the event loop; a request that is given up stops
the thread's work. It knows llama.cpp's dictionaries, and nothing of Ollama or HTTP.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import os
import secrets
import tempfile
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from ollama_chat_tui.backends.embedded.option import LoadOptions
from ollama_chat_tui.backends.embedded.refusal import Refusal, refuse_as_llama, refuse_request

_LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 104 bytes on macOS, 108 on Linux

# What Cython makes of C++ exceptions; the invalid arguments among them are ValueErrors.
_CPP_ERRORS = (ArithmeticError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)


def is_installed() -> bool:
    """Say whether the extra `embedded` is there, without importing it."""
    return importlib.util.find_spec("xllamacpp") is not None


class _Call:
    """One piece of work on its way through the thread, and the way back of what it yields."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.items: asyncio.Queue[dict[str, Any] | Refusal | None] = asyncio.Queue()
        self.stopped = threading.Event()

    def deliver(self, item: dict[str, Any] | Refusal | None) -> bool:
        """Hand over from the thread, None at the end in any case; True tells llama.cpp to stop."""
        if isinstance(item, dict) and "error" in item:
            item = refuse_as_llama(item["error"])
        if item is None or not self.stopped.is_set():
            try:
                self._loop.call_soon_threadsafe(self.items.put_nowait, item)
            except RuntimeError:  # the event loop was closed: nobody reads any more
                self.stopped.set()
        return self.stopped.is_set()


class Engine:
    """One model file that can be loaded, asked and unloaded."""

    def __init__(self, path: Path) -> None:
        """Remember the file; nothing is loaded until it is needed."""
        self._path = path
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._calls: set[_Call] = set()
        self._thread: threading.Thread | None = None
        self._server: Any = None
        self._options: LoadOptions | None = None

    @property
    def options(self) -> LoadOptions | None:
        """What the model is loaded with; None while it is not."""
        return self._options

    async def load(self, options: LoadOptions) -> None:
        """Load the model, again if it is loaded otherwise.

        Raises:
            Refusal: 500 when it does not start.
        """
        await anext(self._run(lambda _call: self._ensure(options)), None)

    async def unload(self) -> None:
        """Give the memory back, once what was asked before is answered."""
        await anext(self._run(lambda _call: self._drop()), None)

    def unload_soon(self) -> None:
        """Do the same without waiting."""
        self._options = None
        self._start().put(self._drop)

    async def answer(
        self, options: LoadOptions, request: dict[str, Any]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield an empty dictionary once the model is loaded, then llama.cpp's chunks; closing it stops them.

        Raises:
            Refusal: with the status llama-server would give.
        """

        def work(call: _Call) -> None:
            self._ensure(options)
            if not call.deliver({}):
                self._server.handle_chat_completions(request, call.deliver)

        run = self._run(work)
        try:
            async for chunk in run:
                yield chunk
        finally:
            await run.aclose()

    async def aclose(self) -> None:
        """Stop everything, unload, and end the thread."""
        await asyncio.to_thread(self.shut_down)

    def shut_down(self) -> None:
        """Do the same from any thread; also at the end of the process, which must not find llama.cpp at work.

        A thread that comes back from C++ into a finished interpreter aborts the process.
        """
        atexit.unregister(self.shut_down)
        thread, self._thread = self._thread, None
        for call in tuple(self._calls):
            call.stopped.set()
        if thread is not None:
            self._jobs.put(self._drop)
            self._jobs.put(None)
            thread.join()

    def _start(self) -> SimpleQueue[Callable[[], None] | None]:
        if self._thread is None:
            # A daemon: for any other the interpreter waits until the answer ends, before `shut_down` runs.
            self._thread = threading.Thread(target=self._work, name="llama.cpp", daemon=True)
            self._thread.start()
            atexit.register(self.shut_down)
        return self._jobs

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()

    async def _run(self, work: Callable[[_Call], None]) -> AsyncGenerator[dict[str, Any], None]:
        call = _Call()
        self._calls.add(call)
        self._start().put(lambda: _attempt(work, call))
        try:
            while (item := await call.items.get()) is not None:
                if isinstance(item, Refusal):
                    raise item
                yield item
        finally:
            call.stopped.set()
            self._calls.discard(call)

    def _ensure(self, options: LoadOptions) -> None:
        if self._server is None or self._options != options:
            self._drop()
            try:
                self._server = _load(self._path, options)
            except (ImportError, *_CPP_ERRORS) as exc:
                raise Refusal(500, f"unable to load model: {self._path}") from exc
            self._options = options

    def _drop(self) -> None:
        self._server = self._options = None


def _attempt(work: Callable[[_Call], None], call: _Call) -> None:
    try:
        if not call.stopped.is_set():
            work(call)
    except Refusal as refusal:
        call.deliver(refusal)
    except ValueError as exc:
        call.deliver(refuse_request(str(exc)))
    except _CPP_ERRORS as exc:
        call.deliver(refuse_as_llama({"code": 500, "message": str(exc), "type": "server_error"}))
    finally:
        call.deliver(None)


def _load(path: Path, options: LoadOptions) -> Any:
    """Start llama.cpp's server and shut its door.

    The server always listens somewhere. It does so on a socket in a private directory that is gone when this
    returns or, where that cannot be, on a loopback port; all but its `/health` wants a key that nobody knows.
    """
    import xllamacpp  # 34 MB that a chat with a real Ollama never needs

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = options.context_tokens
    params.n_batch = params.n_ubatch = options.batch_tokens
    params.ctx_shift = options.context_shift
    for processors in (params.cpuparams, params.cpuparams_batch):
        # Threads that spin for each other cost half the speed once another program wants a core.
        processors.poll = 0
        processors.n_threads = options.threads
    params.n_parallel = 1
    params.warmup = False
    params.fit_params = False
    params.cache_ram_mib = 0  # else up to 8 GB of prompts that were
    params.verbosity = -1  # not a word to stderr
    params.api_keys = [secrets.token_urlsafe(32)]
    params.n_threads_http = 1
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.endpoint_metrics = True
    with tempfile.TemporaryDirectory(prefix="ollama-chat-", ignore_cleanup_errors=True) as folder:
        socket = Path(folder, "llama.sock")
        if os.name == "posix" and len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH:
            params.hostnames = [str(socket)]
        else:
            params.port = 0
        server = xllamacpp.Server(params)
    # A server that is dropped before its loop runs hangs for ever; when this answers, the loop runs.
    server.handle_metrics()
    return server
