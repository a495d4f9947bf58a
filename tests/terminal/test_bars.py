"""Bars as a person sees them, and lines where there is no terminal."""

from __future__ import annotations

import io

from rich.console import Console

from ollama_chat_tui.progress import Progress
from ollama_chat_tui.terminal.bar_table import ECHO_COLUMNS, BarTable
from ollama_chat_tui.terminal.bars import progress_bars


def rows(*steps: Progress, width: int = 100, height: int = 24, is_whole: bool = False) -> list[str]:
    """What stands at the end, on a terminal of that size."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    table = BarTable(console)
    for step in steps:
        table.show(step)
    if is_whole:
        table.finish()
    with console.capture() as shown:
        console.print(table)
    return [line.rstrip() for line in shown.get().splitlines()]


def test_each_part_has_a_bar_and_all_have_one() -> None:
    first, second, in_all = rows(Progress("aa", 50, 100), Progress("bb", 0, 300))
    assert first.startswith("aa ")
    assert "50 %" in first
    assert "50 bytes of 100 bytes" in first
    assert " 0 %" in second
    assert in_all.startswith("in all")
    assert "50 bytes of 400 bytes" in in_all


def test_one_part_needs_no_sum() -> None:
    assert len(rows(Progress("aa", 50, 100))) == 1


def test_all_ends_full() -> None:
    shown = rows(Progress("aa", 50, 100), Progress("bb", 0, 300), is_whole=True)
    assert ["100 %" in row for row in shown] == [True, True, True]


def test_what_has_no_size_is_a_line_and_only_the_last_stays() -> None:
    shown = rows(Progress("manifest"), Progress("aa", 1, 2), Progress("verifying"), Progress("writing"))
    assert [row.split()[0] for row in shown] == ["aa", "writing"]


def test_more_parts_than_rows_leave_the_sum_in_sight() -> None:
    shown = rows(*(Progress(f"p{number}", 1, 2) for number in range(50)), height=10)
    assert len(shown) < 10
    assert shown[-2].startswith("p49")
    assert shown[-1].startswith("in all")


def test_speed_counts_what_came_in_this_run() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    seconds = [0]
    table = BarTable(console, clock=lambda: seconds[0])
    for done in (600, 700, 800):
        table.show(Progress("aa", 1000 * done, 1_000_000))
        seconds[0] += 1
    with console.capture() as shown:
        console.print(table)
    assert "100.0 kB/s, 0:00:02 left" in shown.get()


def test_a_narrow_terminal_keeps_the_percentages() -> None:
    shown = rows(Progress("pulling 6a0746a1ec1a", 1, 2), Progress("x" * 500, 1, 2), width=30)
    assert [row[-4:] for row in shown[:2]] == ["50 %"] * 2
    assert all(len(row) <= 30 - ECHO_COLUMNS for row in shown)


def test_hostile_names_are_harmless() -> None:
    assert "\x1b" not in "".join(rows(Progress("\x1b[2J[red]x", 1, 2)))


def test_without_a_terminal_each_part_is_a_line_once() -> None:
    stream = io.StringIO()
    with progress_bars(stream) as show:
        for done in range(5):
            show(Progress("pulling aa", done, 5))
        show(Progress("pulling aa", 0, 5, "sha256:other"))
    assert stream.getvalue() == "pulling aa …\npulling aa …\n"
