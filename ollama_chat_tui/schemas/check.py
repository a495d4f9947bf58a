"""Whether a schema is one, and whether an answer is what it asks for.

The judge is jsonschema-rs: every draft, formats and all errors, in a third of jsonschema's import time,
and without its five dependencies; fastjsonschema stops at draft 7. It is imported only where there is a
schema to check, and never fetches what a `$ref` names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ollama_chat_tui.errors import BadSchema
from ollama_chat_tui.schemas.fault import Fault
from ollama_chat_tui.schemas.grammar import Limit, escape, find_limits

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

Format = str | Mapping[str, object]
"""`"json"` or a JSON Schema."""

_LONGEST_FOUND = 60
_MOST_LIMITS = 6


class AnswerCheck:
    """Holds answers against one format.

    Attributes:
        limits: what the grammar of the server cannot do of the schema.
        is_schema: whether the format is a schema; else any JSON object fits.
    """

    def __init__(self, answer_format: Format) -> None:
        """Check the format itself.

        Raises:
            BadSchema: it is no valid schema, or the server would refuse it; names the place by JSON pointer.
        """
        self.limits: Sequence[Limit] = ()
        self.is_schema = isinstance(answer_format, Mapping)
        self._validator = None
        if isinstance(answer_format, Mapping):
            self._validator = _compile(answer_format)
            self.limits = [*find_limits(answer_format)]
            for limit in self.limits:
                if limit.is_refused:
                    raise _bad(limit.pointer, f"{limit.sentence}.", "llama.cpp makes no grammar of it.")

    def faults(self, text: str) -> list[Fault]:
        """Everything that is wrong with an answer, in its own order; empty: it is valid."""
        try:
            value = msgspec.json.decode(text)
        except msgspec.DecodeError as exc:
            return [Fault("", f"JSON ({exc})", _found(text))]
        if self._validator is None:
            return [] if isinstance(value, dict) else [Fault("", "an object", _found(value))]
        return [_fault(error) for error in self._validator.iter_errors(value)]


def limit_lines(answer_format: Format | None) -> list[str]:
    """What to tell of a format when it is set: what of it does not constrain the answer.

    Raises:
        BadSchema: see `AnswerCheck`.
    """
    if not isinstance(answer_format, Mapping):
        return []
    limits = AnswerCheck(answer_format).limits
    lines = [
        f"{limit.pointer} does not constrain the answer; it is checked afterwards."
        for limit in limits[:_MOST_LIMITS]
    ]
    return [*lines, f"And {len(limits) - _MOST_LIMITS} more do not."] if len(limits) > _MOST_LIMITS else lines


def _compile(schema: Mapping[str, object]) -> Any:
    import jsonschema_rs

    plain = msgspec.to_builtins(schema)
    try:
        jsonschema_rs.meta.validate(plain)
        return jsonschema_rs.validator_for(plain, validate_formats=True, offline=True)
    except jsonschema_rs.ValidationError as exc:
        raise _bad(_pointer(exc.instance_path), f"{exc.message}.") from exc
    except jsonschema_rs.ReferencingError as exc:
        raise BadSchema(f"The schema refers to what is not in it: {exc}.", "Put it under $defs.") from exc


def _bad(pointer: str, sentence: str, hint: str = "") -> BadSchema:
    return BadSchema(f"The schema is wrong at {pointer or 'its root'}: {sentence}", hint)


def _fault(error: ValidationError) -> Fault:
    return Fault(_pointer(error.instance_path), _expected(error), _found(error.instance))


def _expected(error: ValidationError) -> str:
    about = error.kind.as_dict()
    match error.kind.name, about:
        case "type", {"types": list(types)}:
            return " or ".join(map(str, types))
        case "enum", {"options": list(values)}:
            return f"one of {', '.join(map(_found, values))}"
        case "required", {"property": name}:
            return f"a property {_found(name)}"
        case "additionalProperties", {"unexpected": list(names)}:
            return f"no property {', '.join(map(_found, names))}"
        case "minimum", {"limit": limit}:
            return f"at least {limit}"
        case "maximum", {"limit": limit}:
            return f"at most {limit}"
        case "format", {"format": name}:
            return f"a {name}"
        case _, {"context": list(branches)} if branches:
            return " or ".join(_expected(errors[0]) for errors in branches if errors)
    return f"otherwise: {error.message}"


def _found(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_FOUND else f"{text[:_LONGEST_FOUND]}…"


def _pointer(path: Iterable[str | int]) -> str:
    return "".join(f"/{escape(str(part))}" for part in path)
