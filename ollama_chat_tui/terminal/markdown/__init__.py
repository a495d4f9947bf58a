"""Markdown to rows, while it is being written.

Importing this costs rich, markdown-it and pygments: not before the prompt stands.
"""

from ollama_chat_tui.terminal.markdown.lexer import preload
from ollama_chat_tui.terminal.markdown.stream import MarkdownStream, render_markdown

__all__ = ["MarkdownStream", "preload", "render_markdown"]
