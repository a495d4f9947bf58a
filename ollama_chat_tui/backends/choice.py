"""Which backend answers: the host that was named, else Ollama on this machine, else the embedded engine.

The only place that knows there is more than one kind; above it there is only a client.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.connection import Access
from ollama_chat_tui.backends.hosts import DEFAULT_HOST, Host, parse_host
from ollama_chat_tui.backends.names import same_model
from ollama_chat_tui.environment import Environment
from ollama_chat_tui.errors import BackendError, EngineMissing, NoModels, WeightsMissing

GET_OLLAMA = "https://ollama.com/download"
EMBEDDED_HOST = Host("http", "embedded", 80, title="the embedded engine")


@dataclass(frozen=True)
class Wanted:
    """What the user said of where the answer is to come from.

    Attributes:
        host: as --host or OLLAMA_HOST has it; empty: not said.
        is_embedded: the embedded engine and nothing else.
        model_file: a GGUF file for the embedded engine.
    """

    host: str = ""
    access: Access = field(default_factory=Access)
    is_embedded: bool = False
    model_file: Path | None = None


@dataclass(frozen=True)
class Choice:
    """Who answers.

    Attributes:
        client: open; whoever takes the choice closes it.
        notice: what the user must know of it; empty for a server.
        default_model: the only model there is; empty for a server.
    """

    client: OllamaClient
    notice: str = ""
    default_model: str = ""


async def find_server(wanted: Wanted) -> Choice | None:
    """Open the server that was named or the local one; None when the embedded engine is to answer.

    Raises:
        BadHost: the name makes no sense.
        UsageError: the CA file cannot be read.
    """
    if wanted.is_embedded or wanted.model_file:
        return None
    if wanted.host.strip():
        return Choice(OllamaClient(parse_host(wanted.host), wanted.access))
    client = OllamaClient(DEFAULT_HOST, wanted.access)
    try:
        await client.version()
    except BackendError:
        await client.aclose()
        return None
    return Choice(client)


def open_embedded(environment: Environment, wanted: Wanted) -> Choice:
    """Open the embedded engine.

    Raises:
        EngineMissing: the extra `embedded` is not installed.
        WeightsMissing: the default model has not been fetched.
        BadModelFile: `wanted.model_file` is no model.
    """
    from ollama_chat_tui.backends.embedded.engine import is_installed
    from ollama_chat_tui.backends.embedded.model import default_model, model_from_file
    from ollama_chat_tui.backends.embedded.transport import EmbeddedTransport
    from ollama_chat_tui.backends.embedded.weights import have_weights, weights_path

    if not is_installed():
        raise EngineMissing(
            "No Ollama answers, and the embedded engine is not installed.",
            f"Get Ollama ({GET_OLLAMA}), or: pip install 'ollama-chat-tui[embedded]'",
        )
    if wanted.model_file is None and not have_weights(environment):
        sentence = "The embedded model is not here yet (93 MB)."
        hint = f"Download it with --fetch, or put it at {weights_path(environment)}"
        if not wanted.is_embedded:
            sentence = f"No Ollama answers at {DEFAULT_HOST.label}, and t{sentence[1:]}"
            hint = f"Start Ollama, or get it: {GET_OLLAMA}. {hint}"
        raise WeightsMissing(sentence, hint)
    model = model_from_file(wanted.model_file) if wanted.model_file else default_model(environment)
    client = OllamaClient(EMBEDDED_HOST, transport=EmbeddedTransport(model))
    answers = f"{model.name} ({model.size // 1_000_000} MB) answers"
    notice = f"{answers}, in this program, without a server."
    if not wanted.is_embedded and not wanted.model_file:
        notice = (
            f"No Ollama at {DEFAULT_HOST.name}:{DEFAULT_HOST.port}; {answers} within this program.\n"
            f"It is tiny and often wrong; for real models: {GET_OLLAMA}"
        )
    return Choice(client, notice, model.name)


async def choose_model(choice: Choice, asked: str, *liked: str) -> str:
    """The model to talk to: the one asked for, else the first liked that is installed, else the newest.

    Raises:
        NoModels: the server has none.
        BackendError: the server could not be asked.
    """
    if asked or choice.default_model:
        return asked or choice.default_model
    names = [model.name for model in await choice.client.installed() if model.can_chat]
    if not names:
        raise NoModels(
            f"{choice.client.host.label} has no models to chat with yet.",
            "Get one, such as: ollama-chat models pull qwen3:4b; in the chat: /pull qwen3:4b",
        )
    return next((name for model in liked for name in names if same_model(name, model)), names[0])
