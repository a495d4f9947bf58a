"""A session as Markdown, and as plain text: what was said stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.export.transcript import Transcript, Turn


def to_markdown(session: Transcript) -> str:
    """Headings for the speakers, images as `data:` URIs."""
    return "\n\n".join(_markdown(session)) + "\n"


def _markdown(session: Transcript) -> Iterator[str]:
    yield f"# {_escaped(session.title)}"
    if session.facts:
        yield f"*{_escaped(session.facts)}*"
    if session.system:
        yield "## System"
        yield session.system
    for turn in session.turns:
        yield f"## {_escaped(turn.speaker)}"
        yield from _turn(turn)


def _turn(turn: Turn) -> Iterator[str]:
    if turn.thinking:
        yield "\n".join(f"> {line}".rstrip() for line in turn.thinking.strip().split("\n"))
    for number, image in enumerate(turn.images, 1):
        yield f"![image {number}]({image})" if image else f"*attachment {number}*"
    if turn.content.strip():
        yield _fenced(turn.content) if turn.role is Role.TOOL else turn.content.strip("\n")
    for name, arguments in turn.calls:
        yield f"Calls **{_escaped(name)}**:"
        yield _fenced(arguments, "json")
    if turn.ending:
        yield f"*({turn.ending})*"


def _fenced(text: str, language: str = "") -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|~!])", r"\\\1", text)


def to_text(session: Transcript) -> str:
    """Names, and under them what was said; reasoning behind a bar."""
    return "\n\n".join(_text(session)) + "\n"


def _text(session: Transcript) -> Iterator[str]:
    yield "\n".join(part for part in (session.title, session.facts) if part)
    if session.system:
        yield f"System:\n{session.system}"
    for turn in session.turns:
        parts = [f"{turn.speaker}:"]
        if turn.thinking:
            parts += [f"| {line}".rstrip() for line in turn.thinking.strip().split("\n")]
        parts += [
            f"[{'image' if image else 'attachment'} {place}]" for place, image in enumerate(turn.images, 1)
        ]
        parts += [turn.content.strip("\n")] if turn.content.strip() else []
        parts += [f"[calls {name} with {arguments}]" for name, arguments in turn.calls]
        parts += [f"[{turn.ending}]"] if turn.ending else []
        yield "\n".join(parts)
