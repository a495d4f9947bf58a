"""The decorator for files of functions. Imports nothing, since it runs in other people's programs too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, overload

ATTRIBUTE: Final = "__ollama_chat_tool__"

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Marks:
    """What a function says of itself beyond its signature."""

    name: str = ""
    reads_only: bool = False
    changes: bool = False
    repeatable: bool = False
    time_limit_s: float = 60.0


@overload
def tool(function: Function, /) -> Function: ...
@overload
def tool(
    *,
    name: str = "",
    reads_only: bool = False,
    changes: bool = False,
    repeatable: bool = False,
    time_limit_s: float = 60.0,
) -> Callable[[Function], Function]: ...
def tool(function: Callable[..., Any] | None = None, /, **marks: Any) -> Any:
    """Mark a function as a tool; once one in a file is marked, the others are not offered.

    `reads_only`: several calls may run at once. `changes`: what was read before may no longer hold.
    `repeatable`: the same call may have another answer the next time. `time_limit_s`: seconds until it is
    stopped.
    """

    def mark(marked: Function) -> Function:
        setattr(marked, ATTRIBUTE, Marks(**marks))
        return marked

    return mark if function is None else mark(function)
