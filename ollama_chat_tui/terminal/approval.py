"""A call of a tool, shown so that it can be judged, and the question whether it may run.

Whatever the model or the tool's author wrote stands behind a bar at the left edge, where none of our own
words stand, and what could not be seen of it is written out. The question alone begins at the edge. What was
typed before the block stood on the screen is no answer.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.terminal.fill import CodeFill, Gutter, WordFill
from ollama_chat_tui.terminal.region import TextOutput
from ollama_chat_tui.terminal.rows import ansi_row, cells, shortened
from ollama_chat_tui.terminal.sanitize import sanitize_line
from ollama_chat_tui.terminal.theme import PLAIN, Theme
from ollama_chat_tui.tools.definition import Tool
from ollama_chat_tui.tools.permission import Asker, Choice, Verdict

BAR: Final = "│ "
OURS: Final = "├ "
_NARROWEST: Final = 20
_HEAD_ROWS, _TAIL_ROWS = 8, 3
_HEAD_CHARS, _TAIL_CHARS = 4000, 1000
_MOST_ARGUMENTS: Final = 20
_LONGEST_DESCRIPTION: Final = 500
_MOST_EDITED_CHARS: Final = 10_000
_MOST_MARKS: Final = 4  # above and below one letter: no script needs more, and many cover other rows
_MARKS: Final = ("Mn", "Me")
_UNSEEN: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_YES: Final[Mapping[str, Choice]] = {
    "y": Choice.ONCE,
    "yes": Choice.ONCE,
    "a": Choice.TOOL,
    "x": Choice.CALL,
}


@asynccontextmanager
async def _nothing_else() -> AsyncIterator[None]:
    yield


class ApprovalPrompt:
    """Asks on the terminal; fits the gatekeeper's `Asker`."""

    def __init__(
        self,
        output: TextOutput,
        keyboard: Input,
        theme: Theme,
        width: Callable[[], int],
        aside: Callable[[], AbstractAsyncContextManager[None]] = _nothing_else,
        *,
        is_dumb: bool = False,
    ) -> None:
        """Enter `aside` around a question: it takes from the screen what else is shown there.

        `is_dumb`: no cursor can be placed, so what stands in a line already has to be written.
        """
        self._output = output
        self._keyboard = keyboard
        self._theme = theme
        self._width = width
        self._aside = aside
        self._is_dumb = is_dumb

    async def ask(self, call: ToolCall, tool: Tool) -> Verdict:
        """Show the call and ask until the answer is one; Esc, Ctrl-C and Ctrl-D stop the turn."""
        async with self._aside():
            self._write(call_rows(call, tool, self._theme, self._width()))
            try:
                while (verdict := await self._verdict(call, tool)) is None:
                    pass
            except (EOFError, KeyboardInterrupt):
                return Verdict(Choice.STOP)
            return verdict

    async def _verdict(self, call: ToolCall, tool: Tool) -> Verdict | None:
        """Ask once; None when that was no answer yet."""
        said = (await self._read("Run it? ", above=_answers(tool, self._width()))).strip()
        word, _, reason = said.partition(" ")
        if word.casefold() in ("n", "no"):
            return Verdict(Choice.NO, reason=reason.strip())
        match said.casefold():  # as a whole: “a town would do” is no leave
            case "v":
                self._write(call_rows(call, tool, self._theme, self._width(), is_whole=True))
            case "e":
                arguments = await self._edited(call)
                return None if arguments is None else Verdict(Choice.EDIT, arguments)
            case key if key in _YES and not (_YES[key] is Choice.TOOL and tool.always_asks):
                return Verdict(_YES[key])
        return None

    async def goes_on(self, call: ToolCall, times: int) -> bool:
        """Ask whether the turn goes on although the same call came again."""
        async with self._aside():
            asks = f"The model asks for {visible(call.name)} with the same arguments, {times} times now."
            try:
                said = await self._read(f"{asks} Go on? [y/N] ")
            except (EOFError, KeyboardInterrupt):
                return False
            return said.strip().casefold() in ("y", "yes")

    async def _edited(self, call: ToolCall) -> Mapping[str, object] | None:
        before = _editable(call.arguments)
        if len(before) > _MOST_EDITED_CHARS:
            self._write(["The arguments are too long to be edited here."])
            return None
        text = await self._read("Arguments: ", before)
        try:
            arguments = json.loads(text)
        except (ValueError, RecursionError) as exc:
            self._write([f"This is no JSON: {sanitize_line(str(exc))}."])
            return None
        if not isinstance(arguments, dict):
            self._write(["The arguments are a JSON object: {…}."])
            return None
        return arguments

    async def _read(self, question: str, default: str = "", above: Sequence[str] = ()) -> str:
        self._forget_keys()
        # Not a part of the prompt, which erases as many rows after a resize as it had: rows of the call, too.
        self._write(above)
        session: PromptSession[str] = PromptSession(
            input=self._keyboard, key_bindings=_bindings(), enable_suspend=True
        )
        written = default if self._is_dumb else ""
        return await session.prompt_async(question + written, default=default)

    def _forget_keys(self) -> None:
        """What was typed before the question stood there was not meant for it."""
        clear_typeahead(self._keyboard)
        if sys.platform != "win32" and self._keyboard.fileno() >= 0:
            import termios

            try:
                termios.tcflush(self._keyboard.fileno(), termios.TCIFLUSH)
            except termios.error:  # no terminal
                return

    def _write(self, rows: Sequence[str]) -> None:
        self._output.write("".join(f"{row}\n" for row in rows))
        self._output.flush()


def call_rows(call: ToolCall, tool: Tool, theme: Theme, width: int, *, is_whole: bool = False) -> list[str]:
    """A call as rows: what it is, what it will do, and its arguments, of which long ones are folded."""
    width = max(_NARROWEST, width)
    dim, strong = theme.ink("dim"), theme.ink("strong")
    indent, rows = ((f"{BAR}  ", dim),), list[str]()
    head = CodeFill(Gutter((("╭ ", dim),), indent, width - 4), rows)
    head.feed([("The model wants to call ", dim), (visible(call.name), strong)])
    head.end_line()
    if tool.explain is not None:
        words, said = tool.explain(call.arguments), ""
    else:
        words, said = "What it does, only its author knows. It says:", " ".join(tool.description.split())
    ours = WordFill(Gutter(((OURS, dim),), indent, width - 4), rows)
    ours.feed([(visible(words), PLAIN)])
    ours.close()
    if said:
        said = said if is_whole else shortened(said, _LONGEST_DESCRIPTION)
        rows += _value_rows(f"{BAR}  ", said, theme, width, is_whole=is_whole)
    shown = list(call.arguments.items())[: None if is_whole else _MOST_ARGUMENTS]
    for name, value in shown:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        rows += _value_rows(f"{BAR}{_label(name, width)}: ", text, theme, width, is_whole=is_whole)
    if missing := len(call.arguments) - len(shown):
        rows.append(ansi_row([(f"{BAR}⋮ {missing} arguments more: v shows them", dim)]))
    if not call.arguments:
        rows.append(ansi_row([(f"{BAR}without arguments", dim)]))
    return [*rows, ansi_row([("╰", dim)])]


def visible(text: str) -> str:
    """A text in which nothing hides: what cannot be seen, or reorders or covers what can, is a number."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_number(each) if is_hidden else each for each, is_hidden in _looked_at(text))


def _editable(arguments: Mapping[str, object]) -> str:
    """Arguments as JSON that shows all it holds and can be typed."""
    looked_at = _looked_at(json.dumps(arguments, ensure_ascii=False))
    return "".join(json.dumps(each)[1:-1] if is_hidden else each for each, is_hidden in looked_at)


def _looked_at(text: str) -> Iterator[tuple[str, bool]]:
    """Each character, and whether it hides something."""
    marks = 0
    for character in text:
        marks = marks + 1 if not character.isascii() and unicodedata.category(character) in _MARKS else 0
        yield character, marks > _MOST_MARKS or not _is_seen(character)


def _is_seen(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    is_selector = "\ufe00" <= character <= "\ufe0f"
    return (
        unicodedata.category(character) not in _UNSEEN
        and not is_selector
        and sanitize_line(character) == character
        and (not character.isspace())
    )


def _number(character: str) -> str:
    if character in "\t\r\n":
        return repr(character)[1:-1]
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _label(name: str, width: int) -> str:
    """A parameter's name; one that no function would have stands in quotes, so as not to pass for more."""
    label = visible(name)
    if not label.isidentifier():
        label = json.dumps(label, ensure_ascii=False)
    return shortened(label, width // 2 - 4)


def _value_rows(head: str, text: str, theme: Theme, width: int, *, is_whole: bool) -> list[str]:
    dim = theme.ink("dim")
    indent = f"{BAR}  "
    left_out = 0 if is_whole else max(0, len(text) - _HEAD_CHARS - _TAIL_CHARS)
    if left_out:
        text = f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"
    rows: list[str] = []
    room = width - max(cells(indent), cells(head))
    first = head
    for line in text.split("\n"):
        fill = CodeFill(Gutter(((first, dim),), ((indent, dim),), room), rows)
        fill.feed([(visible(line), PLAIN)])
        fill.end_line()
        first = indent
    if is_whole or (not left_out and len(rows) <= _HEAD_ROWS + _TAIL_ROWS + 1):
        return rows
    hidden = max(0, len(rows) - _HEAD_ROWS - _TAIL_ROWS)
    more = f" and {left_out:,} characters" if left_out else ""
    words = f"{indent}⋮ {hidden} rows more{more}: v shows all"
    note = ansi_row([(words if cells(words) <= width else f"{indent}⋮ more: v", dim)])
    return [*rows[:_HEAD_ROWS], note, *rows[-_TAIL_ROWS:]]


def _answers(tool: Tool, width: int) -> list[str]:
    """What may be said, as rows."""
    always = () if tool.always_asks else ("a always this tool",)
    answers = ("y once", *always, "x always exactly this", "e edit", "n [reason] no", "v view", "Esc stops")
    rows = [""]
    for answer in answers:
        longer = f"{rows[-1]} · {answer}" if rows[-1] else answer
        if len(longer) < width:
            rows[-1] = longer
        else:
            rows.append(answer)
    return rows


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("escape", eager=True)
    def _stop(event: KeyPressEvent) -> None:
        """Stop the turn."""
        event.app.exit(exception=KeyboardInterrupt)

    return bindings


def _fits(prompt: ApprovalPrompt) -> Asker:
    """Checked by mypy: it is what the gatekeeper asks for."""
    return prompt
