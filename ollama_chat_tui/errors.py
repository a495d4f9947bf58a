"""Everything that can go wrong, as one tree. Knows nothing of HTTP, files or the terminal.

::

    ChatError                     one sentence and a hint; never a traceback
    ├── UsageError                what was asked for makes no sense
    │   ├── BadHost               OLLAMA_HOST or --host names no server
    │   ├── BadOption             an option has an unknown name or a wrong type
    │   ├── BadDuration           a keep_alive is not a number or a Go duration
    │   └── NotInteractive        a question would have to be asked and nobody is there
    ├── BackendError              the model cannot answer
    │   ├── ServerUnreachable     no connection: name, route, TLS or time-out
    │   │   └── ConnectionRefused nothing listens at the address
    │   ├── NotOllama             something answers, but it does not speak Ollama's API
    │   ├── Unauthorized          the server wants a key or a sign-in
    │   ├── ModelNotFound         the server has no model of that name
    │   ├── NoModels              the server has no model at all
    │   ├── CapabilityMissing     the model lacks tools, thinking or vision
    │   ├── BadRequest            the server refused the request for another reason
    │   ├── ContextExceeded       the conversation does not fit into the window
    │   ├── ServerBusy            the server's queue is full
    │   ├── ServerError           the server failed
    │   │   └── ModelLoadFailed   the model did not start
    │   └── AnswerBroken          an answer began and did not end
    │       ├── StreamBroken      the connection died, or the stream held garbage
    │       └── AnswerIncomplete  the stream ended in order but without `done`
    └── EmbeddedError             the embedded engine cannot be used
        ├── EngineMissing         the extra `embedded` is not installed
        ├── WeightsMissing        the model file is not there and could not be fetched
        └── BadModelFile          the file is not a GGUF model
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What `ollama-chat` returns to the shell."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NO_SERVER = 3
    MODEL_NOT_FOUND = 4
    UNAUTHORIZED = 5
    BAD_FORMAT = 6
    REFUSED = 7
    BROKEN_STREAM = 8
    WINDOW_EXCEEDED = 9
    INTERRUPTED = 130


class ChatError(Exception):
    """Something a user can act on.

    Attributes:
        sentence: what happened, one sentence that names the thing (model, host, file, line).
        hint: what to do next; empty when there is nothing to say.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(ChatError):
    """What was asked for makes no sense."""

    exit_code = ExitCode.USAGE


class BadHost(UsageError):
    """OLLAMA_HOST or --host names no server."""


class BadOption(UsageError):
    """An option has an unknown name or a wrong type."""


class BadDuration(UsageError):
    """A keep_alive is not a number or a Go duration."""


class NotInteractive(UsageError):
    """A question would have to be asked and nobody is there."""


class BackendError(ChatError):
    """The model cannot answer."""


class ServerUnreachable(BackendError):
    """No connection: name, route, TLS or time-out."""

    exit_code = ExitCode.NO_SERVER


class ConnectionRefused(ServerUnreachable):
    """Nothing listens at the address."""


class NotOllama(BackendError):
    """Something answers, but it does not speak Ollama's API."""

    exit_code = ExitCode.NO_SERVER


class Unauthorized(BackendError):
    """The server wants a key or a sign-in."""

    exit_code = ExitCode.UNAUTHORIZED


class ModelNotFound(BackendError):
    """The server has no model of that name."""

    exit_code = ExitCode.MODEL_NOT_FOUND


class NoModels(BackendError):
    """The server has no model at all."""

    exit_code = ExitCode.MODEL_NOT_FOUND


class CapabilityMissing(BackendError):
    """The model lacks tools, thinking or vision."""

    exit_code = ExitCode.REFUSED


class BadRequest(BackendError):
    """The server refused the request for another reason."""

    exit_code = ExitCode.REFUSED


class ContextExceeded(BackendError):
    """The conversation does not fit into the window."""

    exit_code = ExitCode.WINDOW_EXCEEDED


class ServerBusy(BackendError):
    """The server's queue is full."""

    exit_code = ExitCode.REFUSED


class ServerError(BackendError):
    """The server failed."""

    exit_code = ExitCode.REFUSED


class ModelLoadFailed(ServerError):
    """The model did not start."""


class AnswerBroken(BackendError):
    """An answer began and did not end; what had arrived is kept by the engine."""

    exit_code = ExitCode.BROKEN_STREAM


class StreamBroken(AnswerBroken):
    """The connection died, or the stream held garbage."""


class AnswerIncomplete(AnswerBroken):
    """The stream ended in order but without `done`."""


class EmbeddedError(ChatError):
    """The embedded engine cannot be used."""

    exit_code = ExitCode.NO_SERVER


class EngineMissing(EmbeddedError):
    """The extra `embedded` is not installed."""


class WeightsMissing(EmbeddedError):
    """The model file is not there and could not be fetched."""


class BadModelFile(EmbeddedError):
    """The file is not a GGUF model."""
