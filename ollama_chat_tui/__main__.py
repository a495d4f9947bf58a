"""The command itself: `ollama-chat` and `python -m ollama_chat_tui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program; Ctrl-C while it is still being imported needs no traceback."""
    try:
        from ollama_chat_tui.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
