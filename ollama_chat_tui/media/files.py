"""Text files that go into a message: read, judged, and put into a fence with their name."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ollama_chat_tui.chat.tokens import estimate_tokens
from ollama_chat_tui.errors import WrongKind
from ollama_chat_tui.media.kind import is_text, sniff
from ollama_chat_tui.media.paths import is_file, to_path
from ollama_chat_tui.media.quoting import readings
from ollama_chat_tui.media.reading import open_file
from ollama_chat_tui.media.size import MAX_TEXT_BYTES, size_text

_MARKED: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MENTION: Final = re.compile(r"(?:(?<=[\s(\[{])|^)@(?=\S)", re.MULTILINE)
_FENCE_RUN: Final = re.compile("`{3,}")
_MOST_MENTIONS: Final = 50


@dataclass(frozen=True)
class TextFile:
    """A text and the name it goes by."""

    name: str
    text: str
    size_bytes: int

    @property
    def facts(self) -> str:
        """Such as `notes.txt (12 KB, about 3,000 tokens)`; the name is foreign text."""
        return f"{self.name} ({size_text(self.size_bytes)}, about {estimate_tokens(self.text):,} tokens)"

    def fenced(self) -> str:
        """As Markdown: a fence longer than any in the text, with the name behind the language."""
        fence = "`" * max([2, *map(len, _FENCE_RUN.findall(self.text))], default=2) + "`"
        language = re.sub(r"\W", "", Path(self.name).suffix) or "text"
        name = re.sub(r"[`\s]+", " ", self.name)  # neither may stand there
        text = self.text.removesuffix("\n")
        return f"{fence}{language} {name}\n{text}\n{fence}"


@dataclass(frozen=True)
class Mention:
    """An `@path` in a message, and where it stands."""

    path: Path
    start: int
    end: int


def read_text(path: Path, name: str = "") -> TextFile:
    """Read a text: UTF-8, or what its first bytes say.

    Raises:
        AttachmentError: it cannot be read, is too long, or is no text.
    """
    name = name or path.name
    with open_file(path, MAX_TEXT_BYTES) as file:
        data = file.read()
    encoding = next((encoding for mark, encoding in _MARKED if data.startswith(mark)), "utf-8")
    if encoding != "utf-16" and not is_text(data):
        kind = sniff(data)
        raise WrongKind(
            f"{name} is {kind.label if kind else 'a binary file'} and no text.",
            "A picture goes with /image." if kind and kind.pillow else "",
        )
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as exc:
        raise WrongKind(f"{name} is no text in UTF-8.", f"Convert it: its byte {exc.start} is none.") from exc
    return TextFile(name, text.replace("\r\n", "\n"), len(data))


def mentioned(message: str) -> tuple[Mention, ...]:
    """Every `@path` that names a file, in order; an address of mail or a handle names none."""
    found: list[Mention] = []
    for at in _MENTION.finditer(message):
        if len(found) == _MOST_MENTIONS:
            break
        for reading in readings(message, at.end()):
            path = to_path(reading.text)
            if reading.text and is_file(path):
                found.append(Mention(path, at.start(), reading.end))
                break
    return tuple(found)
