"""Chat with local language models in the terminal, through Ollama or an embedded engine."""

__version__ = "0.1.0"
