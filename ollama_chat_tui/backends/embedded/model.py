"""What the embedded engine serves: one model file, its name, and what Ollama would tell about it.

Names follow Ollama's rules: `[host/][namespace/]model[:tag]`, compared without regard to case.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ollama_chat_tui.backends.embedded.gguf import GGUFHeader, read_header
from ollama_chat_tui.backends.embedded.option import OptionValue
from ollama_chat_tui.backends.embedded.refusal import Refusal
from ollama_chat_tui.backends.embedded.weights import MODEL_SHA256, check_model_file, weights_path
from ollama_chat_tui.environment import Environment

DEFAULT_NAME = "smollm2:135m"

# A model of this size falls into loops without the penalty and off its subject above this temperature.
_DEFAULT_PARAMETERS: Mapping[str, OptionValue] = {"temperature": 0.2, "top_p": 0.9, "repeat_penalty": 1.1}

_PART = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}"
_NAME = re.compile(
    rf"(?:(?:(?P<host>[A-Za-z0-9_][A-Za-z0-9_.:\-]{{0,349}})/)?(?P<namespace>[A-Za-z0-9_][A-Za-z0-9_\-]{{0,79}})/)?"
    rf"(?P<model>{_PART})(?::(?P<tag>{_PART}))?"
)

_TOOLS = re.compile(r"\btools\b")

# llama.cpp's enum llama_ftype; Ollama's names for it.
_QUANTIZATIONS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S",
    12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K",
    32: "BF16",
}  # fmt: skip


@dataclass(frozen=True)
class EmbeddedModel:
    """One model file and what is known about it.

    Attributes:
        name: with its tag, as `/api/tags` lists it.
        size: of the file, in bytes.
        digest: names this very file; a hash of the content only where that is pinned.
        parameters: the model's own options, which a request overrides.
    """

    name: str
    path: Path
    size: int
    modified: datetime
    digest: str
    header: GGUFHeader
    parameters: Mapping[str, OptionValue] = field(default_factory=dict)

    @property
    def context_tokens(self) -> int:
        """The longest window the model was trained for; 0 when the file does not say."""
        return self._number("context_length")

    @property
    def template(self) -> str:
        """The file's own chat template, in Jinja; empty when it has none."""
        return self.header.text("tokenizer.chat_template")

    @property
    def capabilities(self) -> list[str]:
        """What it can, in Ollama's words: calling tools when its template speaks of them."""
        return [*(["tools"] if _TOOLS.search(self.template) else []), "completion"]

    @property
    def details(self) -> dict[str, object]:
        """Return the `details` of `/api/show` and `/api/ps`."""
        family = self.header.text("general.architecture")
        return {
            "parent_model": "",
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": _write_count(self.header.parameter_count),
            "quantization_level": _QUANTIZATIONS.get(self.header.number("general.file_type"), "unknown"),
        }

    @property
    def listed_details(self) -> dict[str, object]:
        """Return the `details` of `/api/tags`, which say more."""
        return self.details | {
            "context_length": self.context_tokens,
            "embedding_length": self._number("embedding_length"),
        }

    def is_called(self, name: str) -> bool:
        """Say whether a request for `name` means this model.

        Its name without the tag will do: there is no second model it could be taken for, and `:latest`, which
        Ollama would take that for, names none here.

        Raises:
            Refusal: 400 when no model can have that name.
        """
        wanted = full_name(name)
        return wanted in (full_name(self.name), full_name(self.name.partition(":")[0]))

    def _number(self, key: str) -> int:
        return self.header.number(f"{self.header.text('general.architecture')}.{key}")


def default_model(environment: Environment) -> EmbeddedModel:
    """Describe the model that `fetch_weights` brings; its file must be there.

    Raises:
        BadModelFile: when the file is damaged or missing.
    """
    return _describe(weights_path(environment), DEFAULT_NAME, MODEL_SHA256, _DEFAULT_PARAMETERS)


def model_from_file(path: Path) -> EmbeddedModel:
    """Describe any GGUF file, named after its stem.

    Raises:
        BadModelFile: when it is not one.
    """
    seen = path.absolute()
    # Hashing some gigabytes would cost longer than loading them: the file's identity has to do.
    identity = f"{seen}\0{seen.stat().st_size}\0{seen.stat().st_mtime_ns}" if seen.exists() else ""
    digest = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()
    return _describe(seen, name_after(path.stem), digest, {})


def name_after(stem: str) -> str:
    """Make a valid model name, with tag, of a file's stem."""
    cleaned = re.sub(r"[^a-z0-9_.\-]+", "-", stem.lower()).lstrip("-.")
    return f"{cleaned[:80] or 'model'}:latest"


def full_name(name: str) -> str:
    """Normalise a name: defaults filled in, lower case.

    Raises:
        Refusal: 400 when no model can have that name.
    """
    parts = _NAME.fullmatch(name.strip())
    if parts is None:
        raise Refusal(400, "invalid model name")
    host, namespace = parts["host"] or "registry.ollama.ai", parts["namespace"] or "library"
    return f"{host}/{namespace}/{parts['model']}:{parts['tag'] or 'latest'}".lower()


def short_name(name: str) -> str:
    """Return the name as Ollama displays it: without the default host and namespace, with its tag."""
    return full_name(name).removeprefix("registry.ollama.ai/").removeprefix("library/")


def _describe(path: Path, name: str, digest: str, parameters: Mapping[str, OptionValue]) -> EmbeddedModel:
    check_model_file(path)
    stat = path.stat()
    modified = datetime.fromtimestamp(stat.st_mtime).astimezone()
    return EmbeddedModel(name, path, stat.st_size, modified, digest, read_header(path), parameters)


def _write_count(count: int) -> str:
    for size, letter, digits in ((10**9, "B", 1), (10**6, "M", 2), (10**3, "K", 0)):
        if count >= size:
            return f"{count / size:.{0 if count % size == 0 else digits}f}{letter}"
    return str(count)
