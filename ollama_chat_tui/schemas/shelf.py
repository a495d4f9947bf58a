"""Schemas that are kept under a name: files in the folder `schemas` beside the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ollama_chat_tui.errors import BadSchema

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_WORDS = frozenset({"json", "off", "save", "retries", "prompt"})
"""What stands for something else where a name could stand."""


class Shelf:
    """A folder of `NAME.json`; it need not exist."""

    @classmethod
    def of(cls, config_folder: Path) -> Shelf:
        """The one beside a configuration."""
        return cls(config_folder / "schemas")

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self) -> list[str]:
        """The names there are, in order."""
        try:
            return sorted(path.stem for path in self.directory.glob("*.json") if is_name(path.stem))
        except OSError:
            return []

    def path(self, name: str) -> Path:
        """Where the schema of that name is, or would be."""
        return self.directory / f"{name}.json"

    def keep(self, name: str, schema: Mapping[str, object]) -> Path:
        """Write a schema, in place of one of the same name; returns where.

        Raises:
            BadSchema: this can be no name, or the file cannot be written.
        """
        if not is_name(name):
            raise BadSchema(f"“{name}” can be no name of a schema.", "Letters, digits, - and _ can.")
        path, text = self.path(name), msgspec.json.format(msgspec.json.encode(schema), indent=2)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text + b"\n")
        except OSError as exc:
            raise BadSchema(f"{path} cannot be written: {exc.strerror}.") from exc
        return path


def is_name(text: str) -> bool:
    """Whether a schema can be kept under this name."""
    return bool(_NAME.fullmatch(text)) and text not in _WORDS
