"""Everything that can go wrong, as one tree. Knows nothing of HTTP, files or the terminal.

::

    ChatError                     one sentence and a hint; never a traceback
    ├── UsageError                what was asked for makes no sense
    │   ├── BadHost               OLLAMA_HOST or --host names no server
    │   ├── BadOption             an option has an unknown name or a wrong type
    │   ├── BadDuration           a keep_alive is not a number or a Go duration
    │   ├── BadSchema             the format of an answer is no schema, or one that cannot be asked for
    │   ├── BadConfig             the configuration cannot be read, or says what makes no sense
    │   ├── BadTools              functions that cannot be tools, or a tool that is none
    │   ├── NothingThere          what was named does not exist: an answer, a block, a table
    │   ├── SessionMissing        no session has that id, title or number
    │   ├── SessionAmbiguous      several sessions may be meant
    │   ├── AttachmentError       a picture, a sound or a text cannot go with the message
    │   │   ├── FileUnreadable    it is not there, is no file, or may not be read
    │   │   ├── WrongKind         it holds what no model can take, or is damaged
    │   │   ├── TooLarge          it has too many bytes or pixels
    │   │   ├── DownloadFailed    an address does not give it
    │   │   ├── NothingToPaste    the clipboard holds no picture
    │   │   └── PillowMissing     the extra `images` is not installed
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
    │   │   ├── ModelLoadFailed   the model did not start
    │   │   └── BadToolCall       the model called a tool in a way that the server cannot read
    │   └── AnswerBroken          an answer began and did not end
    │       ├── StreamBroken      the connection died, or the stream held garbage
    │       └── AnswerIncomplete  the stream ended in order but without `done`
    ├── SessionError              a session cannot be read or written
    │   ├── SessionUnreadable     the file cannot be read
    │   ├── SessionUnwritable     it may be read, but nothing can be added to it
    │   ├── SessionLocked         another process has it open
    │   └── BadImport             a file is no conversation that can be read
    ├── SearchMissing             this Python cannot search text
    ├── BadAnswer                 the answer is not in the format that was asked for
    ├── OutputFailed              the answer cannot be written
    ├── ToolRoundsExceeded        the model goes on calling tools and never answers
    ├── ToolNotAllowed            a tool was called that nobody had allowed, and nobody could be asked
    ├── ToolMissing               a program of the system cannot be run
    │   ├── NoClipboard           nothing takes a text of this size, or nothing gives what it holds
    │   └── NoPager               PAGER does not start
    ├── Defect                    a mistake of the program itself
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
    TOOL_NOT_ALLOWED = 10
    INTERRUPTED = 130

    @property
    def meaning(self) -> str:
        """A few words for the help."""
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "fine",
    ExitCode.FAILED: "failed",
    ExitCode.USAGE: "wrong usage",
    ExitCode.NO_SERVER: "no server",
    ExitCode.MODEL_NOT_FOUND: "model not found",
    ExitCode.UNAUTHORIZED: "unauthorized",
    ExitCode.BAD_FORMAT: "answer not in the format asked for",
    ExitCode.REFUSED: "refused by the server",
    ExitCode.BROKEN_STREAM: "answer broken off",
    ExitCode.WINDOW_EXCEEDED: "context window exceeded",
    ExitCode.TOOL_NOT_ALLOWED: "tool not allowed",
    ExitCode.INTERRUPTED: "interrupted",
}


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

    @property
    def in_a_row(self) -> str:
        """Sentence and hint, where both have to stand in one line."""
        return f"{self.sentence} {self.hint}".rstrip()


class UsageError(ChatError):
    """What was asked for makes no sense."""

    exit_code = ExitCode.USAGE


class BadHost(UsageError):
    """OLLAMA_HOST or --host names no server."""


class BadOption(UsageError):
    """An option has an unknown name or a wrong type."""


class BadDuration(UsageError):
    """A keep_alive is not a number or a Go duration."""


class BadSchema(UsageError):
    """The format of an answer is no schema, or one that cannot be asked for."""


class BadConfig(UsageError):
    """The configuration cannot be read, or says what makes no sense."""


class BadTools(UsageError):
    """A file of functions that cannot be tools, or the name of a tool that is none."""


class NothingThere(UsageError):
    """What was named does not exist: an answer, a block, a table."""


class SessionMissing(UsageError):
    """No session has that id, title or number."""


class SessionAmbiguous(UsageError):
    """Several sessions may be meant."""


class AttachmentError(UsageError):
    """A picture, a sound or a text cannot go with the message."""


class FileUnreadable(AttachmentError):
    """It is not there, is no file, or may not be read."""


class WrongKind(AttachmentError):
    """It holds what no model can take, or is damaged."""


class TooLarge(AttachmentError):
    """It has too many bytes or pixels."""


class DownloadFailed(AttachmentError):
    """An address does not give it."""


class NothingToPaste(AttachmentError):
    """The clipboard holds no picture."""


class PillowMissing(AttachmentError):
    """The extra `images` is not installed."""


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
    """The server wants a key or a sign-in; `signin_url` is where, when it told."""

    exit_code = ExitCode.UNAUTHORIZED

    def __init__(self, sentence: str, hint: str = "", signin_url: str = "") -> None:
        super().__init__(sentence, hint)
        self.signin_url = signin_url


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


class BadToolCall(ServerError):
    """The model called a tool in a way that the server cannot read; `reason` is the server's."""

    def __init__(self, sentence: str, hint: str = "", reason: str = "") -> None:
        super().__init__(sentence, hint)
        self.reason = reason


class AnswerBroken(BackendError):
    """An answer began and did not end; what had arrived is kept by the engine."""

    exit_code = ExitCode.BROKEN_STREAM


class StreamBroken(AnswerBroken):
    """The connection died, or the stream held garbage."""


class AnswerIncomplete(AnswerBroken):
    """The stream ended in order but without `done`."""


class SessionError(ChatError):
    """A session cannot be read or written."""


class SessionUnreadable(SessionError):
    """The file cannot be read."""


class SessionUnwritable(SessionError):
    """It may be read, but nothing can be added to it."""


class SessionLocked(SessionError):
    """Another process has it open."""


class BadImport(SessionError):
    """A file is no conversation that can be read."""


class SearchMissing(ChatError):
    """This Python cannot search text."""


class BadAnswer(ChatError):
    """The answer is not in the format that was asked for."""

    exit_code = ExitCode.BAD_FORMAT


class OutputFailed(ChatError):
    """The answer cannot be written."""


class ToolRoundsExceeded(ChatError):
    """The model goes on calling tools and never answers."""

    exit_code = ExitCode.REFUSED


class ToolNotAllowed(ChatError):
    """A tool was called that nobody had allowed, and nobody could be asked."""

    exit_code = ExitCode.TOOL_NOT_ALLOWED


class ToolMissing(ChatError):
    """A program of the system cannot be run."""


class NoClipboard(ToolMissing):
    """Nothing takes a text of this size, or nothing gives what it holds."""


class NoPager(ToolMissing):
    """PAGER does not start."""


class Defect(ChatError):
    """A mistake of the program itself."""

    @classmethod
    def of(cls, exc: Exception) -> Defect:
        """Put an exception that nobody foresaw into words."""
        return cls(
            f"This is a defect of ollama-chat: {type(exc).__name__}: {exc}", "Run it again with --debug."
        )


class EmbeddedError(ChatError):
    """The embedded engine cannot be used."""

    exit_code = ExitCode.NO_SERVER


class EngineMissing(EmbeddedError):
    """The extra `embedded` is not installed."""


class WeightsMissing(EmbeddedError):
    """The model file is not there and could not be fetched."""


class BadModelFile(EmbeddedError):
    """The file is not a GGUF model."""
