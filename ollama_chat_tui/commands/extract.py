"""What can be taken out of an answer: its code blocks and its tables, as source."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: the language it names, and its text without the fence."""

    language: str
    code: str


def code_blocks(markdown: str) -> list[CodeBlock]:
    """Every fenced block in the order of the numbers on the screen; an answer that is JSON is one."""
    if _is_json(markdown):
        return [CodeBlock("json", markdown)]
    return [
        CodeBlock(token.info.split(" ")[0], token.content)
        for token in _tokens(markdown)
        if token.type == "fence"
    ]


def tables(markdown: str) -> list[str]:
    """Every table as tab-separated values, its cells as they are written."""
    found: list[str] = []
    rows: list[list[str]] = []
    for token in _tokens(markdown):
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows:
            rows[-1].append(token.content.replace("\t", " "))
        elif token.type == "table_close":
            found.append("".join("\t".join(row) + "\n" for row in rows))
            rows = []
    return found


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def _tokens(markdown: str) -> list[Token]:
    # As the screen reads it, or the numbers would be others: HTML is text there, and nesting goes deep.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 40})
    # Blocks are all that is needed: without the inline rule a cell keeps its source.
    return parser.enable("table").disable(["lheading", "reference", "inline"]).parse(markdown)
