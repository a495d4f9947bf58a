"""The table of bars, drawn by rich. Knows nothing of what is fetched.

A bar shows the share of `progress.Tally`, which never goes back; speed and the time that is left are rich's,
reckoned from the bytes that came during this run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.filesize import decimal
from rich.progress import Progress as RichProgress
from rich.progress import ProgressColumn, Task, TaskID
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from ollama_chat_tui.progress import Progress, Standing, Tally
from ollama_chat_tui.terminal.sanitize import sanitize_line

WIDE = 70
"""Columns from which sizes and speed have room."""
ECHO_COLUMNS = 3
"""Left free at the right, for the ^C that the terminal echoes: it would break the row."""
_IN_ALL = "in all"


class BarTable:
    """Use it as a context manager; what it shows last stays. `clock` tells seconds."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = Tally()
        self._tasks: dict[str, TaskID] = {}
        self._bars = _Bars(
            *_columns(console), console=console, get_time=clock, redirect_stdout=False, redirect_stderr=False
        )
        self._in_all = self._bars.add_task(_IN_ALL, total=None, visible=False, standing=Standing(_IN_ALL))

    def __enter__(self) -> BarTable:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __rich__(self) -> RenderableType:
        return self._bars.get_renderable()

    def show(self, step: Progress) -> None:
        """Show one step."""
        key = step.key or step.part
        standing = self._tally.add(step)
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(sanitize_line(step.part), total=None, standing=standing)
        self._set(self._tasks[key], standing)
        self._show_in_all()

    def finish(self) -> None:
        """All is done: fill every bar."""
        self._tally.finish()
        for key, standing in self._tally.parts.items():
            self._set(self._tasks[key], standing)
        self._show_in_all()

    def _show_in_all(self) -> None:
        is_worth_it = sum(each.share is not None for each in self._tally.parts.values()) > 1
        self._set(self._in_all, self._tally.in_all)
        self._bars.update(self._in_all, visible=is_worth_it)

    def _set(self, task: TaskID, standing: Standing) -> None:
        total = standing.total - standing.found if standing.total else None
        self._bars.update(task, completed=standing.done - standing.found, total=total, standing=standing)


class _Bars(RichProgress):
    """Sums come last, and of more parts than there are rows the newest are shown."""

    def get_renderables(self) -> Iterable[RenderableType]:
        if not self.tasks:  # rich asks once before there is a screen to fit
            return
        in_all, *parts = self.tasks
        rows = [part for part in parts if part.fields["standing"].share is not None]
        if parts and parts[-1].fields["standing"].share is None:
            rows.append(parts[-1])  # of what is said without a size only the last counts
        room = max(1, self.console.height - 2)
        table = self.make_tasks_table([*rows[-room:], in_all])
        yield Constrain(table, max(1, self.console.width - ECHO_COLUMNS))


class _Cell(ProgressColumn):
    """A cell that is a function of the task."""

    def __init__(self, make: Callable[[Task], RenderableType], column: Column) -> None:
        super().__init__(column)
        self._make = make

    def render(self, task: Task) -> RenderableType:
        return self._make(task)


def _columns(console: Console) -> list[_Cell]:
    def fixed(**look: Any) -> Column:
        return Column(no_wrap=True, **look)

    cells = [
        _Cell(lambda task: Text(task.description), fixed(overflow="ellipsis", max_width=console.width // 2)),
        _Cell(_bar, Column(ratio=1, min_width=2)),
        _Cell(_percent, fixed(justify="right", min_width=5)),
    ]
    if console.width >= WIDE:
        cells += [_Cell(_sizes, fixed(justify="right")), _Cell(_speed, fixed(justify="right"))]
    return cells


def _bar(task: Task) -> RenderableType:
    share = task.fields["standing"].share
    return Text() if share is None else ProgressBar(total=1.0, completed=share)


def _percent(task: Task) -> RenderableType:
    share = task.fields["standing"].share
    return Text("" if share is None else f"{int(100 * share)} %")  # 100 only when it is all there


def _sizes(task: Task) -> RenderableType:
    standing: Standing = task.fields["standing"]
    if standing.share is None:
        return Text()
    return Text(f"{decimal(standing.done)} of {decimal(standing.total)}")


def _speed(task: Task) -> RenderableType:
    standing: Standing = task.fields["standing"]
    if not task.speed or standing.share in (None, 1.0):
        return Text()
    left = task.time_remaining
    return Text(f"{decimal(int(task.speed))}/s" + (f", {timedelta(seconds=left)} left" if left else ""))
