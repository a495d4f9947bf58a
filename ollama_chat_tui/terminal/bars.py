"""Progress as bars: one a part and one in all, with speed and the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ollama_chat_tui.progress import Progress, ShowProgress
from ollama_chat_tui.terminal.sanitize import sanitize_line


@contextmanager
def progress_bars(stream: TextIO) -> Iterator[ShowProgress]:
    """Show the progress of parts while inside; where no bar can be drawn, a line for each part.

    What is left without an exception is whole, and so the bars end full.
    """
    if not stream.isatty():
        yield _Lines(stream).show
        return
    from rich.console import Console  # what a pipe does not pay for

    from ollama_chat_tui.terminal.bar_table import BarTable

    console = Console(file=stream)
    if console.is_dumb_terminal:
        yield _Lines(stream).show
        return
    with BarTable(console) as table:
        yield table.show
        table.finish()


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen: set[str] = set()

    def show(self, step: Progress) -> None:
        key = step.key or step.part
        if key not in self._seen:
            self._seen.add(key)
            self._stream.write(f"{sanitize_line(step.part)} …\n")
            self._stream.flush()
