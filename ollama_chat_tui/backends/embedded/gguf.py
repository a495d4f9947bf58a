"""Reads the header of a GGUF file: what the model is, without its weights.

Only what `/api/show` tells is kept; lists (vocabulary, merges) are skipped, as Ollama leaves them out too.
The PyPI package `gguf` could do this, but brings numpy. Format: docs/gguf.md of ggml-org/ggml.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path

from ollama_chat_tui.errors import BadModelFile

MAGIC = b"GGUF"

Scalar = bool | int | float | str

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True)
class GGUFHeader:
    """Key-value pairs of the file (None for a list) and the number of weights."""

    values: dict[str, Scalar | None] = field(default_factory=dict)
    parameter_count: int = 0

    def text(self, key: str) -> str:
        """Return a text value, empty when absent."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """Return a whole number, 0 when absent."""
        value = self.values.get(key)
        return value if isinstance(value, int) else 0


def read_header(path: Path) -> GGUFHeader:
    """Read the header.

    Raises:
        BadModelFile: when the file is no GGUF, or ends too early.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Reader(data).header()
    except (OSError, ValueError, struct.error, OverflowError, RecursionError) as exc:
        raise BadModelFile(
            f"{path} is damaged: its header cannot be read.", "Download or copy the model file again."
        ) from exc


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = len(MAGIC) + 4  # the version number behind the magic tells nothing we need

    def header(self) -> GGUFHeader:
        tensors, pairs = self._scalar("<Q"), self._scalar("<Q")
        values: dict[str, Scalar | None] = {}
        for _ in range(int(pairs)):
            key = self._string()
            values[key] = self._value(int(self._scalar("<I")))
        parameters = sum(self._tensor_size() for _ in range(int(tensors)))
        if self._at > len(self._data):
            raise ValueError(self._at)
        return GGUFHeader(values, parameters)

    def _scalar(self, layout: str) -> Scalar:
        (value,) = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        result: Scalar = value
        return result

    def _string(self) -> str:
        length = int(self._scalar("<Q"))
        self._at += length
        return self._data[self._at - length : self._at].decode()

    def _value(self, kind: int) -> Scalar | None:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            self._skip_array()
            return None
        if kind not in _SCALARS:
            raise ValueError(kind)
        return self._scalar(_SCALARS[kind])

    def _skip_array(self) -> None:
        kind, count = int(self._scalar("<I")), int(self._scalar("<Q"))
        if kind in _SCALARS:
            self._at += struct.calcsize(_SCALARS[kind]) * count
        elif kind == _STRING:
            self._skip_strings(count)
        else:
            for _ in range(count):
                self._value(kind)

    def _skip_strings(self, count: int) -> None:
        at, data, length_of = (
            self._at,
            self._data,
            struct.Struct("<Q").unpack_from,
        )  # 100,000 words: names cost
        for _ in range(count):
            at += 8 + length_of(data, at)[0]
        self._at = at

    def _tensor_size(self) -> int:
        self._string()
        dimensions = int(self._scalar("<I"))
        shape = struct.unpack_from(f"<{dimensions}Q", self._data, self._at)
        self._at += 8 * dimensions + 4 + 8  # behind the shape: type and offset
        return math.prod(shape)
