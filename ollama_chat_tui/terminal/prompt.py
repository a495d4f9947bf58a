"""The prompt: where a person types. Knows keys, history and completion, not what is done with the text."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.application import get_app_session
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.formatted_text import AnyFormattedText, FormattedText, StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.output import Output
from prompt_toolkit.styles import BaseStyle, Style, merge_styles

from ollama_chat_tui.interrupt import on_ctrl_c
from ollama_chat_tui.terminal.ability import is_dumb
from ollama_chat_tui.terminal.bindings import load_prompt_bindings, quicken_escape
from ollama_chat_tui.terminal.completion import CompletionSource, SourceCompleter
from ollama_chat_tui.terminal.draft import Draft
from ollama_chat_tui.terminal.early_prompt import MARK
from ollama_chat_tui.terminal.focus import Focus, ask_for_focus
from ollama_chat_tui.terminal.hints import hints
from ollama_chat_tui.terminal.history import PromptHistory
from ollama_chat_tui.terminal.key_parser import parse_terminal
from ollama_chat_tui.terminal.keymap import Keymap
from ollama_chat_tui.terminal.line_actions import LineActions
from ollama_chat_tui.terminal.paste import Pastes
from ollama_chat_tui.terminal.suggestion import SuggestFromHistory, cut

CONTINUATION = "... "
MENU_ROWS = 8
ESCAPE_TIMEOUT_S = 0.1
"""How long the rest of an escape sequence may take to arrive."""
_HANG_UPS = frozenset({errno.EIO, errno.EPIPE, errno.ENXIO, errno.EBADF})

PROMPT_STYLE = Style.from_dict(
    {
        "placeholder": "ansibrightblack",
        "auto-suggestion": "ansibrightblack",
        "prompt-continuation": "ansibrightblack",
        "pasted": "italic ansicyan",
        "bottom-toolbar": "noreverse ansibrightblack",
        "completion-match": "bold",
        "completion-menu": "bg:default fg:default",
        "completion-menu.completion.current": "bg:default fg:default reverse",
        "completion-menu.meta.completion": "bg:default ansibrightblack",
        "completion-menu.meta.completion.current": "bg:default fg:default",
        "scrollbar.background": "bg:default",
        "scrollbar.button": "bg:ansibrightblack",
    }
)


@dataclass(frozen=True)
class PromptOptions:
    """How the prompt looks and behaves.

    Attributes:
        history_file: None keeps the history in memory.
        is_recording: False writes no history; it can be switched later (`Prompt.history.is_recording`).
        enter_makes_line: Enter makes a line; Ctrl-Enter (where the terminal tells it) or Alt-Enter sends.
        keys: action → keys in place of its defaults, see `keymap`.
        sanitize: makes foreign text safe for the terminal.
        bar: what stands below the prompt; called at every redraw, so it must be quick.
        hint: gives the grey text of an empty prompt, once for every reading; None takes ours.
        read_clipboard: gives the text that Ctrl-V inserts; None: there is none.
        variables: the environment for the editor.
        focus: learns whether the window has the focus; None: the terminal is not asked to tell.
        style: goes over `PROMPT_STYLE`.
        input: keys; shared with who reads them while an answer comes. Likewise `output`.
    """

    history_file: Path | None = None
    is_recording: bool = True
    is_vi: bool = False
    enter_makes_line: bool = False
    keys: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    sources: Sequence[CompletionSource] = ()
    sanitize: Callable[[str], str] = str
    bar: Callable[[], AnyFormattedText] | None = None
    hint: Callable[[], str] | None = None
    read_clipboard: Callable[[], Awaitable[str]] | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    focus: Focus | None = None
    style: BaseStyle | None = None
    input: Input | None = None
    output: Output | None = None


class Prompt:
    """Reads questions, one after the other."""

    def __init__(self, options: PromptOptions) -> None:
        """Build the prompt; nothing is drawn or read yet.

        Raises:
            UsageError: `keys` names what is no key or action, or gives a key to two.
        """
        self.keymap = Keymap(options.keys, enter_makes_line=options.enter_makes_line)
        self.history = PromptHistory(options.history_file, is_recording=options.is_recording)
        self.input = options.input or create_input()
        parse_terminal(self.input, options.focus or Focus())
        self.output = options.output or get_app_session().output
        if options.focus:
            ask_for_focus(self.output)
        self._options = options
        self._pastes = Pastes()
        self._style = merge_styles([PROMPT_STYLE, options.style]) if options.style else PROMPT_STYLE
        self._next_hint = options.hint or hints(self.keymap).__next__
        self._hint = ""
        self._is_stopped = False
        self._begun: asyncio.Task[str | EOFError | KeyboardInterrupt] | None = None
        self._session = self._build_session()
        self._draft = Draft(self._session.default_buffer, self._pastes, self.history)
        self._line = LineActions(
            self._draft,
            self.history,
            options.variables,
            enter_makes_line=options.enter_makes_line,
            output=lambda: self.output,
            read_clipboard=options.read_clipboard,
        )
        self._session.key_bindings = load_prompt_bindings(self.keymap, self._draft, self._line)
        self._join_buffer()

    def press_first(self, keys: bytes) -> None:
        """Press keys that somebody else has read from the terminal, before all that are still there."""
        if isinstance(parser := getattr(self.input, "vt100_parser", None), Vt100Parser):
            parser.feed(keys.decode("utf-8", "surrogateescape"))
            store_typeahead(self.input, self.input.read_keys())

    async def begin(self) -> None:
        """Draw the prompt and let somebody type before anybody takes the text; the next `read` does."""
        self._begun = asyncio.create_task(self._read_to_the_end())
        await asyncio.sleep(0)  # its first step draws

    async def withdraw(self) -> None:
        """Take a prompt away that was begun and that nobody reads; what was typed is gone."""
        if self._begun:
            self._session.app.erase_when_done = True
            self.stop()
            with suppress(EOFError, KeyboardInterrupt):
                await self.read()

    @property
    def is_reading(self) -> bool:
        """Whether somebody can type."""
        return self._session.app.is_running

    @property
    def text(self) -> str:
        """What would be sent now."""
        return self._draft.whole()

    async def read(self, default: str = "") -> str:
        """Read what to send, whole; it is in the history when this returns. `default` stands there already.

        Raises:
            KeyboardInterrupt: Ctrl-C on an empty line: say how to leave, and read again. To be caught in the
                task that awaits this: out of a task it ends the loop.
            EOFError: leave: Ctrl-D on an empty line, Ctrl-C once more, `stop`, or the terminal is gone.
        """
        if self._begun is None:
            return await self._read(default)
        begun, self._begun = self._begun, None
        end = await begun
        if isinstance(end, str):
            return end
        raise end

    async def _read_to_the_end(self) -> str | EOFError | KeyboardInterrupt:
        """A task must not raise what would end the loop."""
        try:
            return await self._read("")
        except (EOFError, KeyboardInterrupt) as end:
            return end

    async def _read(self, default: str) -> str:
        if self._is_stopped:
            raise EOFError
        self._hint = self._next_hint()
        self._pastes.keep_verbatim(default)
        text = self._pastes.fold(default)
        try:
            # prompt_toolkit's own handler leaves a moment in which Ctrl-C raises, and what was typed is lost.
            with self._hang_ups_noticed(), on_ctrl_c(self._press_ctrl_c):
                whole = await self._session.prompt_async(
                    self._message(text),
                    default=Document(text, len(text)),
                    set_exception_handler=False,
                    handle_sigint=False,
                )
        except OSError as error:
            if not _is_hang_up(error):
                raise
            self._leave_dead_terminal()
            raise EOFError from error
        self._line.was_interrupted = False
        whole = whole.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes that were no text
        self.history.add(whole)
        return whole

    def _press_ctrl_c(self) -> None:
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.key_processor.send_sigint()

    def echo(self, text: str) -> None:
        """Show a question typed elsewhere as if it had been typed here, and put it in the history."""
        self.history.add(text)
        lines = self._options.sanitize(self._pastes.fold(text)).split("\n")
        fragments: StyleAndTextTuples = []
        for index, line in enumerate(lines):
            mark = ("class:prompt-continuation", CONTINUATION) if index else ("class:prompt", MARK)
            fragments += [mark, *_marked(line, self._pastes), ("", "\n")]
        print_formatted_text(
            FormattedText(fragments),
            end="",
            output=self.output,
            style=self._style,
            include_default_pygments_style=False,
        )

    def stop(self) -> None:
        """Make `read`, now or when it is called next, raise EOFError; for a signal that ends the program."""
        self._is_stopped = True
        app = self._session.app
        if app.is_running and app.future and not app.is_done:
            app.exit(exception=EOFError)
            app.future.exception()  # counts as seen; when the first drawing fails nobody else asks for it

    def refresh(self) -> None:
        """Draw again, for the bar has something new to say."""
        if self.is_reading:
            self._session.app.invalidate()

    def take_typeahead(self) -> list[KeyPress]:
        """Keys that came in one piece with the last Enter; `read` will not get them any more."""
        return get_typeahead(self.input)

    @contextmanager
    def _hang_ups_noticed(self) -> Iterator[None]:
        """Stop when drawing fails in the loop because the terminal is gone; hand on every other error."""
        loop = asyncio.get_running_loop()
        before = loop.get_exception_handler()

        def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            if _is_hang_up(context.get("exception")):
                self._leave_dead_terminal()
            elif before:
                before(loop, context)
            else:
                loop.default_exception_handler(context)

        loop.set_exception_handler(handle)
        try:
            yield
        finally:
            loop.set_exception_handler(before)

    def _leave_dead_terminal(self) -> None:
        """Stop, and put /dev/null in the terminal's place: no goodbye, not even Python's own, fails on it."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, self.output.fileno())
        os.close(nowhere)
        self.stop()

    def _build_session(self) -> PromptSession[str]:
        options = self._options
        session: PromptSession[str] = PromptSession(
            MARK,
            multiline=True,
            prompt_continuation=_continuation,
            placeholder=self._placeholder,
            history=self.history,
            enable_history_search=True,
            search_ignore_case=True,
            auto_suggest=SuggestFromHistory(self.history, lambda: self._columns() - len(MARK)),
            completer=SourceCompleter(options.sources, options.sanitize, self._columns),
            lexer=_PasteLexer(self._pastes),
            bottom_toolbar=options.bar,
            editing_mode=EditingMode.VI if options.is_vi else EditingMode.EMACS,
            cursor=ModalCursorShapeConfig() if options.is_vi else None,
            style=self._style,
            include_default_pygments_style=False,
            input=self.input,
            # Without an output of its own it falls back to lines where no cursor can be placed.
            output=None if is_dumb(options.variables) else self.output,
        )
        session.app.terminal_size_polling_interval = None  # SIGWINCH tells; polling wakes an idle program
        session.app.ttimeoutlen = ESCAPE_TIMEOUT_S
        session.app.before_render += lambda _: self._fit_menu()
        session.app.key_processor.after_key_press += quicken_escape
        return session

    def _join_buffer(self) -> None:
        buffer, processor = self._session.default_buffer, self._session.app.key_processor
        # PromptSession offers either prefix search or completing while typing; a command wants both
        buffer.complete_while_typing = Condition(lambda: _is_command_name(buffer.document.text_before_cursor))
        buffer.on_text_changed += lambda _: self._forget_interrupt()
        processor.before_key_press += lambda _: self._draft.note_state()

    def _forget_interrupt(self) -> None:
        self._line.was_interrupted = False

    def _fit_menu(self) -> None:
        """Ask for no more rows than there are: prompt_toolkit would draw nothing but “too small”."""
        self._session.reserve_space_for_menu = max(0, min(MENU_ROWS, self.output.get_size().rows - 3))

    def _columns(self) -> int:
        return self.output.get_size().columns

    def _message(self, default: str) -> str:
        """What stands before the text; without a cursor nobody else would show what is there already."""
        return MARK + self._options.sanitize(default) if is_dumb(self._options.variables) else MARK

    def _placeholder(self) -> StyleAndTextTuples:
        if is_searching():  # the line shows what was found, and would show the hint behind it
            return []
        return [("class:placeholder", cut(self._hint, self._columns() - len(MARK) - 1))]


def _is_hang_up(error: object) -> bool:
    return isinstance(error, OSError) and error.errno in _HANG_UPS


class _PasteLexer(Lexer):
    """Colours the marks of folded pastes."""

    def __init__(self, pastes: Pastes) -> None:
        self._pastes = pastes

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        lines = document.lines
        return lambda number: _marked(lines[number], self._pastes) if number < len(lines) else []


def _marked(line: str, pastes: Pastes) -> StyleAndTextTuples:
    fragments: StyleAndTextTuples = []
    at = 0
    for start, end in pastes.spans(line):
        fragments += [("", line[at:start]), ("class:pasted", line[start:end])]
        at = end
    return [*fragments, ("", line[at:])]


def _continuation(width: int, _line_number: int, wrap_count: int) -> AnyFormattedText:
    return " " * width if wrap_count else CONTINUATION


def _is_command_name(text: str) -> bool:
    return text.startswith("/") and "\n" not in text
