"""Answers of any length, one construct or all of them; the same text for the same arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

CHARACTERS_PER_TOKEN = 4

_WORDS = """
    the model answer stream terminal context window token cost linear row table value because therefore
    however measure screen width paragraph sentence example function returns memory reader writes quickly
"""
_VOCABULARY = tuple(_WORDS.split())
_CODE = '''def fetch(url: str, *, timeout_s: float = 10.0) -> dict[str, int]:
    """Return what stands at an address.

    Nothing is kept.
    """
    with open(url, "rb") as stream:
        counts = {}
        for line in stream:  # one at a time
            for word in line.split():
                counts[word.decode()] = counts.get(word.decode(), 0) + 1
    return {key: value for key, value in counts.items() if value > 3}

'''


def _sentence(rng: random.Random, words: int) -> str:
    chosen = [rng.choice(_VOCABULARY) for _ in range(words)]
    place = rng.randrange(words)
    chosen[place] = rng.choice(
        ["**{}**", "*{}*", "`{}`", "{}", "{}", "[{}](https://example.org/page)"]
    ).format(chosen[place])
    return " ".join(chosen).capitalize() + ". "


def _paragraph(rng: random.Random, sentences: int) -> str:
    return "".join(_sentence(rng, rng.randint(6, 16)) for _ in range(sentences)).strip()


def _code_lines(rng: random.Random) -> Iterator[str]:
    while True:
        for line in _CODE.splitlines():
            yield line.replace("counts", rng.choice(["counts", "totals", "seen"]))


def paragraph(rng: random.Random) -> Iterator[str]:
    """One endless paragraph on one line."""
    while True:
        yield _sentence(rng, rng.randint(6, 16))


def bullets(rng: random.Random) -> Iterator[str]:
    """One list, some items nested."""
    while True:
        yield f"- {_sentence(rng, 12)}\n"
        if rng.random() < 0.3:
            yield f"  - {_sentence(rng, 8)}\n"


def fence(rng: random.Random) -> Iterator[str]:
    """One block of Python."""
    yield "```python\n"
    for line in _code_lines(rng):
        yield line + "\n"


def item_fence(rng: random.Random) -> Iterator[str]:
    """One block of Python inside a list item."""
    yield "1. Do this:\n\n   ```python\n"
    for line in _code_lines(rng):
        yield f"   {line}\n" if line else "\n"


def table(rng: random.Random) -> Iterator[str]:
    """One table."""
    yield "| Name | What it does | Value |\n|:-----|:------------|------:|\n"
    while True:
        name, what, value = rng.choice(_VOCABULARY), _sentence(rng, 7).strip(), rng.randint(1, 9999)
        yield f"| `{name}` | {what} | {value} |\n"


def mixed(rng: random.Random) -> Iterator[str]:
    """What a model writes: prose, lists, code, tables, quotes, other scripts."""
    lines = _code_lines(rng)
    while True:
        yield f"## {_sentence(rng, 4)}\n\n{_paragraph(rng, 4)}\n\n"
        yield "".join(f"- {_sentence(rng, 10)}\n" for _ in range(4)) + "\n"
        yield "```python\n" + "".join(next(lines) + "\n" for _ in range(12)) + "```\n\n"
        yield _paragraph(rng, 3) + "\n\n"
        yield "".join(f"{number}. {_sentence(rng, 9)}\n" for number in range(1, 5)) + "\n"
        yield "| Name | Value |\n|---|---:|\n"
        yield "".join(f"| {rng.choice(_VOCABULARY)} | {rng.randint(1, 99)} |\n" for _ in range(5)) + "\n"
        yield f"> {_sentence(rng, 12)}\n\n中文的句子也会出现，终端要算对宽度。👩‍👩‍👧 $x^2 \\le 4$\n\n"


CONSTRUCTS: dict[str, Callable[[random.Random], Iterator[str]]] = {
    "mixed": mixed,
    "fence": fence,
    "list": bullets,
    "paragraph": paragraph,
    "table": table,
    "item fence": item_fence,
}


def answer(construct: str, tokens: int, seed: str = "") -> str:
    """Return an answer of one construct with so many tokens; another seed, another text."""
    size = tokens * CHARACTERS_PER_TOKEN
    parts: list[str] = []
    for part in CONSTRUCTS[construct](random.Random(construct + seed)):
        parts.append(part)
        size -= len(part)
        if size <= 0:
            break
    return "".join(parts)


def tokens_of(text: str) -> list[str]:
    """Cut a text as it would arrive."""
    return [text[start : start + CHARACTERS_PER_TOKEN] for start in range(0, len(text), CHARACTERS_PER_TOKEN)]
