"""Names of models, compared as the server compares them."""

from __future__ import annotations


def same_model(one: str, other: str) -> bool:
    """Whether two names mean one model: case and the tag `latest` do not count (`ollama-api` 5)."""
    return full_name(one) == full_name(other)


def is_cloud_model(name: str) -> bool:
    """Whether a model runs at Ollama's cloud, and so is never loaded here (`ollama-api` 3.7)."""
    return name.casefold().endswith((":cloud", "-cloud")) and ":" in name


def full_name(name: str) -> str:
    """The name as it is compared: whole, with a tag, in one case."""
    name = name.casefold().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"
