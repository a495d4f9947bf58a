"""Progress as bars: one a part, with speed and the time that is left. rich draws them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ollama_chat_tui.progress import Progress, ShowProgress
from ollama_chat_tui.terminal.sanitize import sanitize_line


@contextmanager
def progress_bars(stream: TextIO) -> Iterator[ShowProgress]:
    """Show the progress of parts while inside; where there is no terminal, a line for each part."""
    if not stream.isatty():
        yield _Lines(stream).show
        return
    from rich import progress
    from rich.console import Console

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=None),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=Console(file=stream), transient=True) as bars:
        tasks: dict[str, progress.TaskID] = {}

        def show(step: Progress) -> None:
            part = sanitize_line(step.part)
            if part not in tasks:
                tasks[part] = bars.add_task(part, total=None)
            task = bars.tasks[list(tasks).index(part)]
            # A server may count a part anew; a bar that jumps back looks like a loss.
            done, total = max(step.done, int(task.completed)), max(step.total, int(task.total or 0))
            bars.update(tasks[part], completed=min(done, total) if total else done, total=total or None)

        yield show


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: set[str] = set()

    def show(self, step: Progress) -> None:
        if step.part not in self._seen:
            self._seen.add(step.part)
            self._stream.write(f"{sanitize_line(step.part)} …\n")
            self._stream.flush()
