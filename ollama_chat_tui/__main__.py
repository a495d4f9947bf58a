"""`python -m ollama_chat_tui`."""

from ollama_chat_tui.cli import main

main()
