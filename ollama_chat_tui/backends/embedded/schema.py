"""Turns down JSON schemas that would harm the process, before llama.cpp sees them.

llama.cpp's converter writes to stderr what it cannot do, straight over the terminal, and some bounds keep it
allocating until the machine is out of memory (measured: `a{2,1}`, minLength above maxLength). So that is
found here and refused in the words of llama-server. Looks at every object, wherever it stands: a `$ref` may
point anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from ollama_chat_tui.backends.embedded.refusal import refuse_request
from ollama_chat_tui.schemas.grammar import refusal

FORMAT = "Field 'json_schema': \"json_schema\": JSON schema conversion failed:\n"


def check_schema(schema: object, complaint: str = FORMAT) -> None:
    """Look through a schema, however deep.

    Args:
        schema: any JSON value.
        complaint: how llama-server begins to say where it stands.

    Raises:
        Refusal: 400, worded as llama-server does.
    """
    for part in _parts(schema):
        if reason := refusal(part):
            raise refuse_request(complaint + reason)


def _parts(schema: object) -> Iterator[dict[str, object]]:
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
