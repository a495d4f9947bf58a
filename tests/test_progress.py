"""Numbers that a person can watch, whatever a server says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.progress import KNOWN_SHARE, Progress, Tally

SIZES = st.integers(-5, 2**70)


def shares(*steps: Progress) -> list[float | None]:
    tally = Tally()
    return [tally.add(step).share for step in steps]


def test_a_part_goes_from_nothing_to_all() -> None:
    assert shares(Progress("a", 0, 10), Progress("a", 5, 10), Progress("a", 10, 10)) == [0, 0.5, 1]


def test_what_has_no_size_has_no_share() -> None:
    assert shares(Progress("manifest"), Progress("a", 7)) == [None, None]


def test_more_than_all_is_all_and_less_than_before_is_not_believed() -> None:
    assert shares(Progress("a", 25, 10), Progress("a", 2, 10)) == [1, 1]


def test_a_total_that_changes_moves_nothing_back() -> None:
    assert shares(Progress("a", 5, 10), Progress("a", 5, 1000), Progress("a", 6, 1)) == [0.5, 0.5, 1]


def test_parts_are_told_by_their_key() -> None:
    tally = Tally()
    tally.add(Progress("pulling aa", 3, 10, "sha256:aa1"))
    tally.add(Progress("pulling aa", 4, 10, "sha256:aa2"))
    assert (tally.in_all.done, tally.in_all.total) == (7, 20)


def test_in_all_keeps_room_for_parts_that_are_not_told_yet() -> None:
    tally, seen = Tally(), []
    for step in (Progress("a", 5, 10), Progress("a", 10, 10), Progress("b", 0, 90), Progress("b", 45, 90)):
        tally.add(step)
        seen.append(tally.in_all.share or 0)
    assert seen[0] == KNOWN_SHARE / 2
    assert seen[1] == seen[2] == KNOWN_SHARE
    assert KNOWN_SHARE < seen[3] < 1
    tally.finish()
    assert (tally.in_all.share, tally.in_all.done, tally.in_all.total) == (1, 100, 100)


def test_what_was_there_before_is_not_taken_for_speed() -> None:
    tally = Tally()
    tally.add(Progress("a", 60, 100))
    assert tally.add(Progress("a", 70, 100)).found == tally.in_all.found == 60


@given(st.lists(st.builds(Progress, st.sampled_from("abc"), SIZES, SIZES)))
def test_no_steps_make_anything_jump_back_or_over(steps: list[Progress]) -> None:
    tally = Tally()
    before: dict[str, float] = {}
    for step in steps:
        standing, in_all = tally.add(step), tally.in_all
        for each in (standing, in_all):
            assert before.get(each.part, 0) <= (each.share or 0) <= 1
            assert 0 <= each.found <= each.done
            assert not each.total or each.done <= each.total
            before[each.part] = each.share or 0
    tally.finish()
    assert all(each.share in (None, 1) for each in tally.parts.values())
