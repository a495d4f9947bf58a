"""A list to choose from, in a few rows below the chat; typing narrows it."""

from __future__ import annotations

from collections.abc import Sequence

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import Output

from ollama_chat_tui.terminal.region import TextOutput
from ollama_chat_tui.terminal.sanitize import sanitize_line

VISIBLE_ROWS = 10


async def pick_by_number(title: str, rows: Sequence[str], keyboard: Input, output: TextOutput) -> int | None:
    """Let a row be chosen where no cursor can be placed; None when there is none of that number."""
    numbered = [f"{number:3}  {sanitize_line(row)}" for number, row in enumerate(rows, 1)]
    output.write("\n".join([f"{title}:", *numbered, ""]))
    output.flush()
    session: PromptSession[str] = PromptSession(input=keyboard)
    try:
        answer = await session.prompt_async("Number (Enter alone leaves): ")
    except (EOFError, KeyboardInterrupt):
        return None
    place = int(answer) if answer.strip().isdecimal() else 0
    return place - 1 if 1 <= place <= len(rows) else None


class Picker:
    """Rows, the words that narrow them, and the row under the mark."""

    def __init__(self, title: str, rows: Sequence[str]) -> None:
        self._title = title
        self._rows = [sanitize_line(row) for row in rows]
        self._words = ""
        self._mark = 0

    async def pick(self, keyboard: Input, output: Output) -> int | None:
        """Show the list until a row is chosen; None when the user leaves it."""
        window = Window(FormattedTextControl(self._text, focusable=True), dont_extend_height=True)
        application: Application[int | None] = Application(
            Layout(window),
            key_bindings=self._bindings(),
            input=keyboard,
            output=output,
            erase_when_done=True,
        )
        application.ttimeoutlen = 0.05
        return await application.run_async()

    @property
    def matching(self) -> list[int]:
        """The places of the rows that hold every word, in any case."""
        words = self._words.casefold().split()
        return [
            place for place, row in enumerate(self._rows) if all(word in row.casefold() for word in words)
        ]

    def type(self, text: str) -> None:
        """Narrow the list by more text."""
        self._words += text
        self._mark = 0

    def rub_out(self) -> None:
        """Take the last character back."""
        self._words = self._words[:-1]
        self._mark = 0

    def move(self, by: int) -> None:
        """Move the mark; it stops at both ends."""
        self._mark = max(0, min(self._mark + by, len(self.matching) - 1))

    @property
    def chosen(self) -> int | None:
        """The place of the row under the mark, None when no row is left."""
        matching = self.matching
        return matching[self._mark] if matching else None

    def _text(self) -> StyleAndTextTuples:
        matching = self.matching
        top = max(0, min(self._mark - VISIBLE_ROWS // 2, len(matching) - VISIBLE_ROWS))
        text: StyleAndTextTuples = [
            ("bold", f"{self._title}: "),
            ("", sanitize_line(self._words)),
            ("[SetCursorPosition]", " "),
            ("", "\n"),
        ]
        for place in matching[top : top + VISIBLE_ROWS]:
            is_marked = place == matching[self._mark]
            text.append(
                ("reverse" if is_marked else "", f"{'›' if is_marked else ' '} {self._rows[place]}\n")
            )
        hint = f"{len(matching)} of {len(self._rows)} · type to narrow · Enter takes · Esc leaves"
        return [*text, ("class:placeholder", hint)]

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()

        @bindings.add("enter", filter=Condition(lambda: self.chosen is not None))
        def _take(event: KeyPressEvent) -> None:
            """Take the row under the mark."""
            event.app.exit(result=self.chosen)

        @bindings.add("escape", eager=True)
        @bindings.add("c-c")
        @bindings.add("c-d")
        def _leave(event: KeyPressEvent) -> None:
            """Leave without choosing."""
            event.app.exit(result=None)

        for key, by in (("up", -1), ("c-p", -1), ("down", 1), ("c-n", 1), ("pageup", -10), ("pagedown", 10)):

            @bindings.add(key)
            def _move(_event: KeyPressEvent, by: int = by) -> None:
                """Move the mark."""
                self.move(by)

        @bindings.add("backspace")
        def _rub_out(_event: KeyPressEvent) -> None:
            """Take the last character back."""
            self.rub_out()

        @bindings.add(Keys.Any)
        def _type(event: KeyPressEvent) -> None:
            """Narrow the list."""
            if event.data.isprintable():
                self.type(event.data)

        return bindings
