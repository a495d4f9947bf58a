"""From what went wrong on the wire to the project's own errors. The only place that reads error texts.

Ollama's refusals carry a status and a text, and where one status means several things the text is all
there is (`ollama-api` 2.2 and 2.3). The texts matched here are those of recorded replies.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

import httpx
import msgspec

from ollama_chat_tui.backends.hosts import Host
from ollama_chat_tui.backends.lines import LineTooLong
from ollama_chat_tui.backends.wire import UNREADABLE, Refusal
from ollama_chat_tui.errors import (
    BackendError,
    BadRequest,
    BadToolCall,
    CapabilityMissing,
    ConnectionRefused,
    ContextExceeded,
    ModelLoadFailed,
    ModelNotFound,
    NotOllama,
    ServerBusy,
    ServerError,
    ServerUnreachable,
    StreamBroken,
    Unauthorized,
)

_SEND_AGAIN = "Send it again; what had arrived is kept."
_CHECK_HOST = "Check OLLAMA_HOST or --host."
_CONTEXT = (
    "exceed_context_size_error",
    "exceeds the available context size",
    "longer than the context length",
)
_CAPABILITY = re.compile(r"does not support (?P<what>tools|thinking|chat|generate|vision|insert|embeddings?)")
_IMAGES = ("does not support multimodal", "image input is not supported", "audio input is not supported")
_LOADING = (
    "llama-server process has terminated",
    "timed out waiting for llama-server",
    "failed to load model",
    "model requires more system memory",
    "unable to load model",
    "mlx runner failed",
    "is no longer compatible with your version",
)
# Of Ollama's own parsers, and of llama-server's where the model's template is used.
_UNREADABLE_CALL = re.compile(
    r"(?:error|failed|unable|cannot) (?:to )?pars(?:ing|e) tool[ -]?calls?|invalid tool[ -]?call"
    r"|failed to parse input at pos"
)
_BUSY_STATUSES = (429, 503)
_NO_MODEL = re.compile(r"^model ['\"].*['\"] not found")
_NOTHING_TO_PULL = "pull model manifest: file does not exist"
_SIGN_IN = "Set OLLAMA_API_KEY, or sign in: ollama signin"
_FOREIGN = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.CookieConflict,
    httpx.StreamError,
    msgspec.MsgspecError,
    OSError,
    UnicodeError,  # a name that DNS cannot hold
)


@asynccontextmanager
async def translated(host: Host) -> AsyncIterator[None]:
    """Let only the project's own errors out, whatever httpx, msgspec or the system raise within."""
    try:
        yield
    except LineTooLong as exc:
        raise StreamBroken(f"{host.label} sent a line of over 8 MB.", _SEND_AGAIN) from exc
    except _FOREIGN as exc:
        raise transport_failure(exc, host) from exc


def transport_failure(exc: Exception, host: Host) -> BackendError:
    """Name a failure of the connection by its class and causes, not by its text."""
    if isinstance(exc, httpx.ConnectTimeout | httpx.PoolTimeout):
        return ServerUnreachable(f"{host.label} does not answer.", _CHECK_HOST)
    if isinstance(exc, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol | UnicodeError):
        return _unreachable(exc, host)
    if isinstance(exc, httpx.TimeoutException):
        return took_too_long(host)
    if isinstance(exc, httpx.NetworkError | OSError):
        return StreamBroken(f"The connection to {host.label} was lost.", _SEND_AGAIN)
    return StreamBroken(f"{host.label} broke off, or sent what is no reply.", _SEND_AGAIN)


def _unreachable(exc: Exception, host: Host) -> ServerUnreachable:
    causes = list(_causes(exc))
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return ConnectionRefused(f"Nothing answers at {host.label}.", "Start it with `ollama serve`.")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return ServerUnreachable(
            f"The certificate of {host.label} is not trusted, or it does not speak TLS.",
            "Give your own authority with --ca-file, or use http://.",
        )
    return ServerUnreachable(f"{host.label} cannot be reached.", _CHECK_HOST)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    yield exc
    if isinstance(exc, BaseExceptionGroup):
        for one in exc.exceptions:
            yield from _causes(one)
    if (below := exc.__cause__ or exc.__context__) is not None:
        yield from _causes(below)


def failure(
    refusal: Refusal, host: Host, model: str, status: int = 200, secrets: Iterable[str] = ()
) -> BackendError:
    """Name what a server said instead of an answer: in a reply of `status`, or in a line under 200."""
    status = refusal.status_code or status
    text = error_text(refusal.error)
    for secret in secrets:
        text = text.replace(secret, "…")
    if status == 401 or refusal.signin_url:
        hint = f"Sign in at {refusal.signin_url}" if refusal.signin_url else _SIGN_IN
        return Unauthorized(f"{host.label} wants to know who you are.", hint, refusal.signin_url)
    if status == 403 and not text:
        return BadRequest(
            f"{host.label} refuses requests from here (403).",
            "A proxy in front of it must pass a Host header that Ollama accepts.",
        )
    if status in (404, 405) and not text:
        return not_ollama(host)
    if status == 404 or _NO_MODEL.search(text):
        return ModelNotFound(f"{host.label} has no model “{model}”.", f"Get it with: ollama pull {model}")
    if _NOTHING_TO_PULL in text:
        return ModelNotFound(f"There is no model “{model}” to get.", "See https://ollama.com/library.")
    if status in _BUSY_STATUSES:
        return ServerBusy(_short(text) or f"{host.label} is busy ({status}).", "Try again in a moment.")
    return _by_text(text, host, model, status)


def _by_text(text: str, host: Host, model: str, status: int) -> BackendError:
    """Name an error by its text: the only way within a stream, where the status is lost."""
    lowered = text.lower()
    if any(mark in lowered for mark in _CONTEXT):
        return ContextExceeded(
            f"The conversation does not fit into the context window: {_short(text)}",
            "Start anew with /new, or give a larger window with -o num_ctx=….",
        )
    if found := _CAPABILITY.search(text):
        return CapabilityMissing(f"{model} does not support {found['what']}.", "Choose another with /model.")
    if any(mark in lowered for mark in _IMAGES):
        return CapabilityMissing(f"{model} does not support images.", "Choose a model with vision.")
    if _UNREADABLE_CALL.search(lowered):
        return BadToolCall(
            f"{model} called a tool in a way that {host.label} cannot read.", "Ask again.", _short(text)
        )
    if any(mark in lowered for mark in _LOADING):
        return ModelLoadFailed(f"{model} did not start: {_short(text)}", "See the log of the server.")
    if 400 <= status < 500:
        return BadRequest(
            f"{host.label} refuses the request: {_short(text) or status}",
            "Look at what was sent: options, format, tools, images.",
        )
    return ServerError(
        f"{host.label} failed: {_short(text) or status}",
        "See the log of the server."
        if text
        else "If a proxy stands in front of it, see whether Ollama runs behind it.",
    )


def elsewhere(host: Host, status: int) -> NotOllama:
    """A redirect, which nothing follows."""
    return NotOllama(f"{host.label} sends us elsewhere ({status}).", "Give the final address as --host.")


def took_too_long(host: Host) -> ServerBusy:
    """A question of a moment was not answered in time."""
    return ServerBusy(f"{host.label} took too long over a question of a moment.", "Try again later.")


def bad_line(host: Host) -> StreamBroken:
    """A line of a stream is not what Ollama would send."""
    return StreamBroken(f"{host.label} sent a line that is not Ollama's.", _SEND_AGAIN)


def not_ollama(host: Host) -> NotOllama:
    """Something answers, and its reply is none of Ollama's."""
    return NotOllama(f"What answers at {host.label} is not Ollama, or a very old one.", _CHECK_HOST)


def error_text(error: object) -> str:
    """The sentence in an `error` field: a text, an object, or llama-server's JSON within a text."""
    if isinstance(error, dict):
        return error_text(error.get("message") or error.get("error") or "")
    text = str(error or "").strip()
    if text.startswith("{"):
        try:
            inner = msgspec.json.decode(text)
        except UNREADABLE:
            return text
        return error_text(inner) or text
    return text


def _short(text: str) -> str:
    """Captured logs of llama-server run to 8 KB: one line of them is a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"
