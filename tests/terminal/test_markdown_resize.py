"""One resize in the midst of a Markdown answer, on a screen that breaks rows anew as terminals do."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

from ollama_chat_tui.chat.events import TextDelta
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.region import LiveRegion
from ollama_chat_tui.terminal.theme import make_theme
from tests.pty_terminal import StrictScreen
from tests.terminal.scripted_rows import STATUS, TYPED, Recorder

WORDS = 200
PLAIN = make_theme("none")


class Answer:
    """An answer whose words are all different, drawn as the drawer does it."""

    def __init__(self, rng: random.Random, columns: int, lines: int) -> None:
        self.text = markdown(rng)
        self.at = 0
        self.rows = TurnRows(PLAIN, columns, lambda: ThinkingView.FOLD)
        self.screen = StrictScreen(columns, lines, pulls_back=rng.random() < 0.5)
        self.region = LiveRegion(Recorder(self.screen), os.terminal_size((columns, lines)))
        self.laid_out_for = columns

    @property
    def is_whole(self) -> bool:
        return self.at >= len(self.text)

    def frame(self, characters: int) -> None:
        self.rows.take(TextDelta(self.text[self.at : self.at + characters]))
        self.at += characters
        columns = self.region.size.columns
        if self.laid_out_for != columns and not self.region.has_spilled:
            self.laid_out_for = columns
            self.rows.resize(columns)
        frame = self.rows.render()
        live = [*frame.tail, STATUS[:columns], TYPED]
        self.region.draw(frame.finished, live, (len(live) - 1, len(TYPED)))

    def resize(self, columns: int, lines: int) -> bool:
        """Return whether the live rows still fit on the screen as it breaks them."""
        live = [re.sub(r"\x1b\[[^m]*m", "", row) for row in self.region._rows]
        self.screen.resize(lines, columns)
        self.region.resize(os.terminal_size((columns, lines)))
        return sum(max(1, -(-len(row) // columns)) for row in live) < lines

    def finish(self) -> Counter[str]:
        """Return how often each word stands there, scrollback included."""
        self.region.draw(self.rows.finish().finished, [])
        self.region.close()
        return Counter(re.findall(r"w\d+", "\n".join(self.screen.logical_rows())))


def markdown(rng: random.Random) -> str:
    numbers = iter(range(WORDS))

    def words(most: int) -> str:
        return " ".join(f"w{number}" for _, number in zip(range(rng.randint(1, most)), numbers, strict=False))

    def paragraph() -> Iterator[str]:
        # An emphasis that is long open holds rows back.
        yield rng.choice(["{} {}", "**{}** {}", "{} **{}**"]).format(words(60), words(20)) + "\n"

    def items() -> Iterator[str]:
        yield from (f"- {words(18)}\n" for _ in range(4))

    def code() -> Iterator[str]:
        yield from ("```\n", *(f"{words(3)}\n" for _ in range(rng.randint(2, 16))), "```\n")

    def table() -> Iterator[str]:
        rows = (f"| {words(3)} | {words(6)} |\n" for _ in range(rng.randint(2, 16)))
        yield from ("| a | b |\n", "|---|---|\n", *rows)

    blocks: list[Callable[[], Iterator[str]]] = [paragraph, paragraph, items, code, table]
    parts: list[str] = []
    while f"w{WORDS - 1}" not in "".join(parts[-20:]):
        parts += [*rng.choice(blocks)(), "\n"]
    return "".join(parts)


def resized_once(seed: int, columns: list[int], lines: list[int]) -> tuple[Counter[str], bool]:
    rng = random.Random(seed)
    answer = Answer(rng, rng.choice(columns), rng.choice(lines))
    until = rng.randrange(len(answer.text))
    while answer.at < until:
        answer.frame(rng.choice([4, 10, 40, 300]))
    fits = answer.resize(rng.choice(columns), rng.choice(lines))
    while not answer.is_whole:
        answer.frame(rng.choice([0, 4, 10, 40, 300]))
    return answer.finish(), fits


def test_on_screens_that_people_have_nothing_is_lost_or_doubled() -> None:
    once = Counter({f"w{number}": 1 for number in range(WORDS)})
    for seed in range(50):
        seen, fits = resized_once(seed, [40, 60, 80, 100, 120, 160], [18, 24, 30, 40, 50])
        assert fits, seed
        assert seen == once, seed


def test_on_tiny_ones_nothing_is_lost_and_at_most_what_does_not_fit_is_doubled() -> None:
    for seed in range(50):
        seen, fits = resized_once(seed, [20, 33, 60, 140], [6, 10, 30])
        assert len(seen) == WORDS, seed
        assert max(seen.values()) <= 1 + (not fits), seed
