"""The command itself: `ollama-chat` and `python -m ollama_chat_tui`.

A chat begins with its mark on the screen. Without arguments nothing is imported before its prompt stands but
what the prompt needs; see `front`.
"""

from __future__ import annotations

import os
import sys

from ollama_chat_tui.haste import hasten_imports
from ollama_chat_tui.terminal.early_prompt import EarlyPrompt

NO_CHAT = frozenset({"ask", "config", "doctor", "models", "sessions", "-h", "--help", "--version"})
"""Arguments that ask for something else. The mark of one that is overlooked is taken away again."""


def main() -> None:
    """Run the program; Ctrl-C while it is still being imported needs no traceback."""
    arguments = sys.argv[1:]
    try:
        with EarlyPrompt() as early:
            # A shell that completes gives no arguments. `environment` has the name; it is too much to import.
            is_command = bool(arguments) or "_OLLAMA_CHAT_COMPLETE" in os.environ
            if NO_CHAT.isdisjoint(arguments):
                hasten_imports()
                early.keep_keys()
                early.stand()
            if is_command:
                from ollama_chat_tui.cli import main as run_command

                run_command(early)
            else:
                from ollama_chat_tui.flags import Flags
                from ollama_chat_tui.front import open_chat

                open_chat(early, Flags())
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
