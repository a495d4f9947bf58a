"""Functions a model may call: where they come from, how they are run, and who allows it.

A file of functions marks its tools with `from ollama_chat_tui.tools import tool`, or marks none and offers
all of them.
"""

from ollama_chat_tui.tools.marker import tool

__all__ = ["tool"]
