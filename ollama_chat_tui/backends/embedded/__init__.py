"""The engine that answers when there is no Ollama: llama.cpp in this process, behind Ollama's wire format.

Whoever uses it builds an `EmbeddedModel`, wraps it in an `EmbeddedTransport` and hands that to httpx; besides
`weights`, nothing else is meant for the layers above. Importing this loads neither llama.cpp nor a model.
"""

from __future__ import annotations
