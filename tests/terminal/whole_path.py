"""Every way by which foreign text reaches the terminal, and what may come out of it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from ollama_chat_tui.chat.events import TextDelta, ThinkingDelta
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.picker import Picker
from ollama_chat_tui.terminal.plain import PlainTurn
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from ollama_chat_tui.terminal.typeahead import TypeAhead

WIDTH = 60

_THEME = make_theme("dark", ColourDepth.ANSI_256, hyperlinks=True)
_OURS = re.compile(r"\x1b\[[0-9;]+m|\x1b\]8;;(?:(?:https?://|mailto:)[!-~]+)?\x1b\\")
_FOREIGN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0019\U000e0080-\U000e0fff]"
)


class TtyIO(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def outputs(pieces: Sequence[str]) -> Iterator[str]:
    """What each way makes of a text that comes in pieces: answer, reasoning, errors, names, typed text."""
    for view in (ThinkingView.FULL, ThinkingView.FOLD):
        rows = TurnRows(_THEME, WIDTH, lambda view=view: view)  # type: ignore[misc]
        plain = TtyIO()
        turn = PlainTurn(plain, lambda view=view: view)  # type: ignore[misc]
        for delta in (ThinkingDelta, TextDelta):
            for piece in pieces:
                rows.take(delta(piece))
                turn.take(delta(piece))
                frame = rows.render()
                yield from [*frame.finished, *frame.tail]
        yield from rows.finish().finished
        yield plain.getvalue()
    text = "".join(pieces)
    said = TtyIO()
    notices = Notices(said, {"TERM": "xterm"})
    notices.complain(UsageError(text, text))
    notices.show(text)
    notices.whisper(text)
    yield said.getvalue()
    yield from (part[1] for part in Picker(text, [text])._text()[2:])
    typed = TypeAhead()
    typed.press([KeyPress(Keys.BracketedPaste, text)])
    yield typed.row(WIDTH)[0]


def foreign_control(pieces: Sequence[str]) -> str:
    """Return an output that holds a control byte which is not ours, or nothing."""
    for output in outputs(pieces):
        if _FOREIGN.search(_OURS.sub("", output)):
            return output
    return ""
