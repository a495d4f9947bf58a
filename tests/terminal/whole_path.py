"""Every way by which foreign text reaches the terminal, and what may come out of it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from ollama_chat_tui.chat.events import Event, TextDelta, ThinkingDelta, ToolAsked, ToolDone
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.chat.message import Message, Role, ToolCall
from ollama_chat_tui.errors import UsageError
from ollama_chat_tui.terminal.answer import TurnRows
from ollama_chat_tui.terminal.bar import Bar
from ollama_chat_tui.terminal.notices import Notices
from ollama_chat_tui.terminal.picker import Picker
from ollama_chat_tui.terminal.plain import PlainTurn
from ollama_chat_tui.terminal.reasoning import ThinkingView
from ollama_chat_tui.terminal.replay import replayed_rows
from ollama_chat_tui.terminal.theme import ColourDepth, make_theme
from ollama_chat_tui.terminal.typeahead import TypeAhead
from ollama_chat_tui.terminal.window import Window
from tests.turns import conversation_of

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


def answer_and_reasoning(pieces: Sequence[str]) -> Iterator[str]:
    for view in (ThinkingView.FULL, ThinkingView.FOLD):
        rows = TurnRows(_THEME, WIDTH, lambda view=view: view)  # type: ignore[misc]
        for delta in (ThinkingDelta, TextDelta):
            for piece in pieces:
                rows.take(delta(piece))
                frame = rows.render()
                yield from [*frame.finished, *frame.tail]
        yield from rows.finish().finished


def plain_turn(pieces: Sequence[str]) -> Iterator[str]:
    plain = TtyIO()
    turn = PlainTurn(plain, lambda: ThinkingView.FULL)
    for delta in (ThinkingDelta, TextDelta):
        for piece in pieces:
            turn.take(delta(piece))
    for event in _tool_events("".join(pieces)):
        turn.take(event)
    yield plain.getvalue()


def tools(pieces: Sequence[str]) -> Iterator[str]:
    rows = TurnRows(_THEME, WIDTH, lambda: ThinkingView.FULL)
    for event in _tool_events("".join(pieces)):
        rows.take(event)
    yield from rows.finish().finished


def errors_and_notices(pieces: Sequence[str]) -> Iterator[str]:
    text = "".join(pieces)
    said = TtyIO()
    notices = Notices(said, {"TERM": "xterm"})
    notices.complain(UsageError(text, text))
    notices.show(text)
    notices.whisper(text)
    yield said.getvalue()


def names(pieces: Sequence[str]) -> Iterator[str]:
    """Of models, in lists, in the bar and in the window's title."""
    text = "".join(pieces)
    yield from (part[1] for part in Picker(text, [text])._text()[2:])
    yield from (part[1] for part in Bar(lambda: [text])())
    titled = TtyIO()
    window = Window(titled, {"TERM": "xterm"}, has_title=True, calls=True)
    window.name(text)
    window.call(text)
    yield titled.getvalue().replace("\x1b]2;", "").replace("\x1b]9;", "").replace("\x1b\\", "")[:-1]


def typed_ahead(pieces: Sequence[str]) -> Iterator[str]:
    typed = TypeAhead()
    typed.press([KeyPress(Keys.BracketedPaste, "".join(pieces))])
    yield typed.row(WIDTH)[0]


def stored_session(pieces: Sequence[str]) -> Iterator[str]:
    text = "".join(pieces)
    call = ToolCall(text, {text: [text]}, text)
    messages = [
        Message(Role.SYSTEM, text),
        Message(Role.USER, text, images=(Image(text, text, text),)),
        Message(Role.ASSISTANT, text, thinking=text, tool_calls=(call,)),
        Message(Role.TOOL, text, tool_name=text),
    ]
    yield from replayed_rows(conversation_of(*messages), _THEME, WIDTH, view=ThinkingView.FULL)


SOURCES: Mapping[str, Callable[[Sequence[str]], Iterator[str]]] = {
    "answer and reasoning": answer_and_reasoning,
    "plain turn": plain_turn,
    "tools": tools,
    "errors and notices": errors_and_notices,
    "names": names,
    "typed ahead": typed_ahead,
    "stored session": stored_session,
}


def _tool_events(text: str) -> list[Event]:
    call = ToolCall(text, {text: text})
    return [ToolAsked(call), ToolDone(call, text)]


def foreign_control(pieces: Sequence[str], sources: Iterable[str] = SOURCES) -> str:
    """Return an output that holds a control byte which is not ours, or nothing."""
    for source in sources:
        for output in SOURCES[source](pieces):
            if _FOREIGN.search(_OURS.sub("", output)):
                return output
    return ""
