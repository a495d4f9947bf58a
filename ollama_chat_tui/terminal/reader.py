"""An answer of `ask` as Markdown on a terminal; it has no keys, since it is no chat."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from typing import TextIO

from ollama_chat_tui.chat.events import Event, Failed, Finished, Interrupted, Judged
from ollama_chat_tui.terminal.ability import has_hyperlinks
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.drawer import FRAME_S
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.region import LiveRegion
from ollama_chat_tui.terminal.theme import colour_depth, make_theme, theme_name

_TSTP = getattr(signal, "SIGTSTP", None)  # Windows has none


class MarkdownReader:
    """Fits `ask.Reader`; made where a loop runs."""

    def __init__(self, stdout: TextIO, variables: Mapping[str, str], theme: str = "auto") -> None:
        size = shutil.get_terminal_size()
        look = make_theme(theme_name(theme), colour_depth(variables), hyperlinks=has_hyperlinks(variables))
        self._region = LiveRegion(stdout, size)
        self._rows = TurnRows(look, size.columns, lambda: ThinkingView.FOLD)
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        if _TSTP is not None:
            self._loop.add_signal_handler(_TSTP, self._suspend)

    def take(self, event: Event) -> None:
        """Note one event; a frame shows what came since the last one, and the end shows all."""
        if isinstance(event, Judged):
            return  # it is said beside the answer
        if isinstance(event, Finished | Interrupted | Failed):
            if self._timer:
                self._timer.cancel()
            self._region.draw(self._rows.finish().finished, [])
            self._region.close()
            if _TSTP is not None:
                self._loop.remove_signal_handler(_TSTP)
            return
        self._rows.take(event)
        if self._timer is None:
            self._timer = self._loop.call_later(FRAME_S, self._draw)

    def go_on(self, event: Finished) -> None:
        """A reply calls tools: the first call ends what is shown of it."""

    def _suspend(self) -> None:
        """Leave the shell no live rows, and a cursor; the others of a pipeline have stopped by themselves."""
        self._region.close()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._draw()

    def _draw(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        size = shutil.get_terminal_size()
        if size != self._region.size:
            self._region.resize(size)
            self._rows.resize(size.columns)
        frame = self._rows.render()
        self._region.draw(frame.finished, [*frame.tail, self._rows.status("Ctrl-C stops")])
