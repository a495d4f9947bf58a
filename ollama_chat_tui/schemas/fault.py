"""What an answer has wrong at one place."""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct, frozen=True):
    """What an answer has wrong at one place.

    Attributes:
        pointer: a JSON pointer into the answer; empty is the whole of it.
    """

    pointer: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the answer'}: expected {self.expected}, found {self.found}"
