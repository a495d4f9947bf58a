from __future__ import annotations

import random

import pytest

from tests.terminal.scripted_rows import STATUS, TYPED, Stage, numbered_words

WORDS = 300
WIDTHS = [20, 33, 60, 80, 100, 140]
KINDS_OF_TERMINAL = [
    {"reflows": True, "pulls_back": True},  # tmux, kitty, VTE
    {"reflows": True, "pulls_back": False},
    {"reflows": False, "pulls_back": True},  # xterm
]


def stage_in_mid_answer(rng: random.Random, columns: int, lines: int, **screen: bool) -> Stage:
    stage = Stage(columns, lines, words=numbered_words(WORDS, rng), **screen)
    stage.answer.tail_rows = rng.randrange(1, 13)
    until = rng.randrange(WORDS)
    while stage.answer.given < until:
        stage.frame(rng.choice([1, 2, 5, 40]))
    return stage


def run_to_the_end(stage: Stage, rng: random.Random) -> None:
    while stage.answer.given < WORDS:
        stage.frame(rng.choice([0, 1, 2, 5, 40]))
    stage.finish()


@pytest.mark.parametrize("terminal", KINDS_OF_TERMINAL[:2], ids=str)
@pytest.mark.parametrize("seed", range(30))
def test_one_resize_loses_and_doubles_nothing(terminal: dict[str, bool], seed: int) -> None:
    """At any moment and to any width, as long as the broken tail still fits on the screen."""
    rng = random.Random(seed)
    stage = stage_in_mid_answer(rng, rng.choice(WIDTHS), rng.choice([90, 110]), **terminal)
    stage.resize(rng.choice(WIDTHS), rng.choice([90, 100, 110]))
    run_to_the_end(stage, rng)
    assert stage.seen_words() == stage.answer.words


@pytest.mark.parametrize("seed", range(30))
def test_another_height_alone_is_exact_down_to_five_rows(seed: int) -> None:
    """Even where the live rows no longer fit: those pushed out are finished when their time comes."""
    rng = random.Random(seed)
    terminal = rng.choice(KINDS_OF_TERMINAL)
    stage = stage_in_mid_answer(rng, 40, rng.choice([16, 30]), **terminal)
    stage.resize(40, rng.choice([5, 6, 8, 12, 40]))
    run_to_the_end(stage, rng)
    assert without_leftovers(stage.seen_words()) == stage.answer.words


def test_a_narrow_and_low_screen_doubles_at_most_the_tail() -> None:
    for seed in range(25):
        rng = random.Random(seed)
        terminal = rng.choice(KINDS_OF_TERMINAL[:2])
        stage = stage_in_mid_answer(rng, rng.choice(WIDTHS), rng.choice([5, 10, 30]), **terminal)
        stage.resize(rng.choice(WIDTHS), rng.choice([5, 10, 30]))
        run_to_the_end(stage, rng)
        seen = without_leftovers(stage.seen_words())
        assert_words_in_order(seen, stage.answer.words)
        assert len(seen) - WORDS <= stage.live_words


def test_a_terminal_that_does_not_reflow_loses_no_finished_row() -> None:
    for seed in range(25):
        rng = random.Random(seed)
        stage = stage_in_mid_answer(rng, 60, 50, reflows=False)
        before = list(stage.answer.finished)
        columns = rng.choice([30, 60, 90])
        stage.resize(columns, rng.choice([40, 50, 60]))
        run_to_the_end(stage, rng)
        rows = stage.screen.logical_rows()
        for row, whole in zip(rows, before, strict=False):
            assert row in {whole, whole[:columns].rstrip()}
        assert rows[len(before) :] == stage.answer.finished[len(before) :]


@pytest.mark.parametrize("arrives_after_it", [True, False])
def test_a_frame_under_way_at_the_resize_costs_no_row(arrives_after_it: bool) -> None:
    """Nobody can know on which side of the resize the terminal read the frame."""
    for seed in range(25):
        rng = random.Random(seed)
        stage = stage_in_mid_answer(rng, 100, 60)
        columns = rng.choice([30, 60, 140])
        if arrives_after_it:
            stage.resize_terminal(columns, 60)
        stage.frame(rng.choice([1, 40, 120]))
        stage.region.distrust()
        stage.resize(columns, 60)
        run_to_the_end(stage, rng)
        assert_words_in_order(without_leftovers(stage.seen_words()), stage.answer.words)


@pytest.mark.parametrize("terminal", KINDS_OF_TERMINAL[:2], ids=str)
@pytest.mark.parametrize("seed", range(40))
def test_a_burst_loses_nothing_and_leaves_one_stale_tail_at_most(
    terminal: dict[str, bool], seed: int
) -> None:
    rng = random.Random(seed)
    stage = stage_in_mid_answer(rng, rng.choice(WIDTHS), rng.choice([24, 40]), **terminal)
    for _ in range(6):
        stage.resize_terminal(rng.choice(WIDTHS), rng.choice([9, 12, 24, 40]))
    stage.resize(rng.choice(WIDTHS), rng.choice([9, 24, 40]))
    run_to_the_end(stage, rng)
    seen = without_leftovers(stage.seen_words())
    assert_words_in_order(seen, stage.answer.words)
    assert len(seen) - WORDS <= stage.live_words


def without_leftovers(seen: list[str]) -> list[str]:
    """Leave out what a stale status row or typed row left."""
    return [word for word in seen if word not in {*STATUS.split(), *TYPED.split()}]


def assert_words_in_order(seen: list[str], words: list[str]) -> None:
    """Every word stands there, and each first stands after the ones before it."""
    places = [seen.index(word) for word in words if word in seen]
    assert len(places) == len(words), f"lost: {set(words) - set(seen)}"
