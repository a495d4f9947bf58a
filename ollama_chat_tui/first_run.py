"""Whether the embedded model has yet to be fetched, answered without importing what fetches or asks it."""

from __future__ import annotations

import socket
from contextlib import suppress

from ollama_chat_tui.backends.hosts import DEFAULT_HOST
from ollama_chat_tui.environment import Environment

PROBE_TIMEOUT_S = 0.3


def lacks_weights(environment: Environment) -> bool:
    """Whether the default model could be asked, and is not here."""
    from ollama_chat_tui.backends.embedded.weights import have_weights

    if have_weights(environment):
        return False
    from ollama_chat_tui.backends.embedded.engine import is_installed

    return is_installed()


def something_listens() -> bool:
    """Whether anything is at the default address; on one's own machine the answer takes no time."""
    with suppress(OSError), socket.create_connection((DEFAULT_HOST.name, DEFAULT_HOST.port), PROBE_TIMEOUT_S):
        return True
    return False
