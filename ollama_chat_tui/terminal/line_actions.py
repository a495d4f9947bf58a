"""What the keys of the line do: sending, lines, leaving, pastes, the editor, completion, suggestions."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.key_binding import KeyPressEvent
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.output import Output

from ollama_chat_tui.errors import ChatError
from ollama_chat_tui.terminal.draft import Draft
from ollama_chat_tui.terminal.editor import edit
from ollama_chat_tui.terminal.history import PromptHistory
from ollama_chat_tui.terminal.suggestion import HistorySuggestion

INDENT = "    "


class LineActions:
    """The handlers; each gets the key press.

    Attributes:
        was_interrupted: Ctrl-C was pressed on an empty line and nothing was typed since.
    """

    def __init__(
        self,
        draft: Draft,
        history: PromptHistory,
        variables: Mapping[str, str],
        *,
        enter_makes_line: bool,
        output: Callable[[], Output],
        read_clipboard: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        """`read_clipboard` gives the text to insert; what else the clipboard may hold is its business."""
        self.was_interrupted = False
        self._draft = draft
        self._buffer = draft.buffer
        self._history = history
        self._variables = variables
        self._enter_makes_line = enter_makes_line
        self._output = output
        self._read_clipboard = read_clipboard
        self._is_editing = False
        self._is_pasting = False

    def send(self, event: KeyPressEvent) -> None:
        """Send; where Enter sends, make a line instead after a backslash and in an open block."""
        if not self._enter_makes_line:
            if self._draft.is_in_block:
                return self.new_line(event)
            if self._draft.ends_in_backslash:
                self._buffer.delete_before_cursor()
                return self.new_line(event)
        whole = self._draft.whole()
        if whole.strip():
            self._buffer.complete_state = None
            event.app.exit(result=whole, style="class:accepted")
        return None

    def new_line(self, _: KeyPressEvent) -> None:
        """Make a new line, in place of the selection."""
        if self._buffer.selection_state:
            self._buffer.cut_selection()
        self._buffer.newline(copy_margin=False)

    def clear(self, event: KeyPressEvent) -> None:
        """Clear the line; on an empty one give up reading, the second time for good."""
        if self._is_editing:  # the editor's tty sends Ctrl-C to us as well
            return
        if self._buffer.text:
            self._buffer.go_to_history(self._history.count)
            self._buffer.text = ""
        else:
            event.app.exit(exception=EOFError if self.was_interrupted else KeyboardInterrupt)
            self.was_interrupted = True

    def leave(self, event: KeyPressEvent) -> None:
        """Leave when the line is empty, else delete the character under the cursor."""
        if self._buffer.text:
            get_by_name("delete-char").call(event)
        else:
            event.app.exit(exception=EOFError)

    def suspend(self, event: KeyPressEvent) -> None:
        """Suspend the program as the shell expects it."""
        event.app.suspend_to_background()

    def paste(self, event: KeyPressEvent) -> None:
        """Insert what the terminal pastes; never send it."""
        self._draft.insert_paste(event.data)

    def paste_clipboard(self, event: KeyPressEvent) -> None:
        """Attach the picture in the clipboard, or insert the text in it."""
        if self._read_clipboard and not self._is_pasting:
            self._is_pasting = True
            event.app.create_background_task(self._paste_clipboard(self._read_clipboard))

    async def _paste_clipboard(self, read: Callable[[], Awaitable[str]]) -> None:
        try:
            if text := await read():
                self._draft.insert_paste(text)
        finally:
            self._is_pasting = False

    def open_paste(self, _: KeyPressEvent) -> None:
        """Open the folded paste at the cursor, or the last one."""
        self._draft.open_paste()

    def open_editor(self, event: KeyPressEvent) -> None:
        """Edit the text in an external editor; it comes back into the prompt."""
        if not self._is_editing:
            self._is_editing = True
            event.app.create_background_task(self._edit())

    async def _edit(self) -> None:
        try:
            text = await run_in_terminal(
                partial(edit, self._draft.plain(), self._variables), in_executor=True
            )
            if text is not None:
                self._draft.replace(text)
        except ChatError as error:
            await run_in_terminal(partial(self._say, f"{error.in_a_row}\n"))
        finally:
            self._is_editing = False

    def _say(self, text: str) -> None:
        self._output().write(text)
        self._output().flush()

    def complete(self, _: KeyPressEvent) -> None:
        """Complete; with the menu open take the next one; indent in the white space that begins a line."""
        buffer = self._buffer
        if buffer.complete_state and buffer.complete_state.completions:
            return buffer.complete_next()
        event = CompleteEvent(completion_requested=True)
        found = list(buffer.completer.get_completions(buffer.document, event))
        if len(found) == 1:
            buffer.apply_completion(found[0])
        elif found:
            # At once, not as a task: prompt_toolkit drops a Tab that comes while its own task still runs.
            buffer.complete_state = CompletionState(buffer.document, found)
            buffer.go_to_completion(0)
        elif not buffer.document.current_line_before_cursor.strip() and buffer.text:
            buffer.insert_text(INDENT)
        return None

    def complete_backward(self, _: KeyPressEvent) -> None:
        """Take the completion before."""
        self._buffer.complete_previous()

    def accept_completion(self, _: KeyPressEvent) -> None:
        """Keep the chosen completion and close the menu."""
        self._buffer.complete_state = None

    def close_menu(self, _: KeyPressEvent) -> None:
        """Close the menu; the text is what was typed."""
        self._buffer.cancel_completion()

    def accept_suggestion(self, _: KeyPressEvent) -> None:
        """Insert the whole suggestion."""
        suggestion = self._buffer.suggestion
        if isinstance(suggestion, HistorySuggestion):
            self._buffer.insert_text(suggestion.whole)

    def accept_word(self, _: KeyPressEvent) -> None:
        """Insert the next word of the suggestion."""
        suggestion = self._buffer.suggestion
        if isinstance(suggestion, HistorySuggestion) and (word := re.match(r"\s*\S+\s?", suggestion.whole)):
            self._buffer.insert_text(word[0])
