"""From a JSON Schema to the part of it that reaches a model through Ollama.

Ollama keeps a handful of keys and drops the rest in silence (`ollama-api` 1.4). What it would drop and a
model should know goes into the description; references are put in place, since `$ref` is dropped as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

_REFERENCE = "#/$defs/"
_TOLD = {
    "default": "default",
    "const": "always",
    "format": "format",
    "contentEncoding": "encoded as",
    "pattern": "pattern",
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "characters at least",
    "maxLength": "characters at most",
    "minItems": "items at least",
    "maxItems": "items at most",
    "minProperties": "entries at least",
    "maxProperties": "entries at most",
}


def for_model(schema: Mapping[str, Any], descriptions: Mapping[str, str]) -> Schema:
    """The schema of a function's parameters as a model is to see it; `descriptions` by parameter."""
    defined = schema.get("$defs", {})
    reduced = _reduced(schema, defined, ())
    properties: dict[str, Schema] = reduced.setdefault("properties", {})
    required = reduced.get("required", [])
    for name, told in properties.items():
        if name not in required:
            _drop_null(told)
        if name in descriptions:
            told["description"] = " ".join(filter(None, (descriptions[name], told.get("description"))))
    return {"type": "object", "properties": properties, "required": required}


def _reduced(schema: Mapping[str, Any], defined: Mapping[str, Schema], within: tuple[str, ...]) -> Schema:
    if reference := schema.get("$ref"):
        name = str(reference).removeprefix(_REFERENCE)
        if name in within or name not in defined:
            return {"type": "object", "description": f"(again a {name})"}
        merged = {**defined[name], **{key: value for key, value in schema.items() if key != "$ref"}}
        return _reduced(merged, defined, (*within, name))

    def inner(part: Mapping[str, Any]) -> Schema:
        return _reduced(part, defined, within)

    kept: Schema = {key: schema[key] for key in ("type", "enum", "required") if key in schema}
    if "const" in schema:
        kept["enum"] = [schema["const"]]
    if isinstance(schema.get("items"), Mapping):
        kept["items"] = inner(schema["items"])
    if "properties" in schema:
        kept["properties"] = {name: inner(part) for name, part in schema["properties"].items()}
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        kept |= _joined([inner(branch) for branch in branches])
    if told := " ".join(filter(None, (schema.get("description"), _told(schema, inner)))):
        kept["description"] = told
    return kept


def _joined(branches: list[Schema]) -> Schema:
    """Alternatives that differ in their type alone need no `anyOf`, which few templates show."""
    if all(branch.keys() == {"type"} and isinstance(branch["type"], str) for branch in branches):
        return {"type": [branch["type"] for branch in branches]}
    return {"anyOf": branches}


def _told(schema: Mapping[str, Any], inner: Callable[[Mapping[str, Any]], Schema]) -> str:
    said = [f"{words} {schema[key]!r}" for key, words in _TOLD.items() if schema.get(key) is not None]
    if items := schema.get("prefixItems"):
        said.append("items: " + ", ".join(_briefly(inner(item)) for item in items))
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping) and values:
        said.append(f"values: {_briefly(inner(values))}")
    return f"({'; '.join(said)})" if said else ""


def _briefly(part: Schema) -> str:
    kind = part.get("type", "any")
    return kind if isinstance(kind, str) and not part.keys() - {"type"} else json.dumps(part)


def _drop_null(told: Schema) -> None:
    """A parameter that may be left out need not be null as well: small models write it as a text."""
    kinds = told.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        told["type"] = rest[0] if len(rest) == 1 else rest
    branches = [branch for branch in told.get("anyOf", ()) if branch != {"type": "null"}]
    if len(branches) == 1 and branches != told.get("anyOf"):
        del told["anyOf"]
        told.update({**branches[0], **told})
