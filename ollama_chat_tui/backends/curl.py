"""A request as a line for bash: `curl` that does the same, to be pasted, or sent to a colleague.

Secrets stay out of it: a key is named by its variable, and a header that looks like one is to be filled in.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from shlex import quote

from ollama_chat_tui.backends.connection import Access
from ollama_chat_tui.backends.hosts import Host
from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.protocols import ChatRequest

LONGEST_INLINE = 100_000
"""Bytes; Linux takes no more than 128 KiB in one argument."""

_SECRET = re.compile(r"authorization|cookie|key|token|secret", re.IGNORECASE)


def chat_body(request: ChatRequest) -> bytes:
    """The body as the client sends it; what no terminal shows as it is becomes an escape."""
    body = b"".join(encode_chat(request))
    return body if body.decode().isprintable() else json.dumps(json.loads(body)).encode()


def curl_command(host: Host, access: Access, body: bytes, body_file: Path | None = None) -> str:
    """A command for bash that posts `body`, or the file that holds it, and shows the reply as it comes."""
    words = ["curl", "--silent", "--show-error", "--no-buffer"]
    if host.socket:
        words += ["--unix-socket", quote(host.socket)]
    if access.ca_file:
        words += ["--cacert", quote(str(access.ca_file))]
    words += [quote(f"{host.url}/api/chat"), "--header", "'Content-Type: application/json'"]
    if access.api_key and (access.sends_key or host.is_ollama_cloud):
        words += ["--header", '"Authorization: Bearer $OLLAMA_API_KEY"']
    for name, value in access.headers.items():
        words += ["--header", quote(f"{name}: {'FILL-IN' if _SECRET.search(name) else value}")]
    data = quote(f"@{body_file}") if body_file else quote(body.decode())
    return " ".join([*words, "--data-binary", data])
