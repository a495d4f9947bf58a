"""The prompt: where a person types. Knows the keys and the history, not what is done with the text."""

from __future__ import annotations

from pathlib import Path

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from ollama_chat_tui.environment import make_private_dir

PROMPT = ">>> "
CONTINUATION = "... "
PLACEHOLDER = "Ask something, or /help"
LEAVE_HINT = "Ctrl-D or /quit leaves."


class Prompt:
    """A line editor with history."""

    def __init__(self, history_file: Path) -> None:
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            multiline=True,
            prompt_continuation=CONTINUATION,
            placeholder=[("class:placeholder", PLACEHOLDER)],
            history=_history(history_file),
            key_bindings=load_prompt_bindings(),
            enable_history_search=True,
        )

    @property
    def input(self) -> Input:
        """Where keys come from; whoever reads it too leaves nothing behind."""
        return self._session.input

    def echo(self, text: str) -> None:
        """Show a question that was typed ahead as if it had been typed here."""
        print_formatted_text(PROMPT + text.replace("\n", "\n" + CONTINUATION))

    async def read(self, text: str = "") -> str:
        """Read what to send; `text` stands in the line already.

        Raises:
            EOFError: Ctrl-D on an empty line.
            KeyboardInterrupt: Ctrl-C on an empty line.
        """
        return await self._session.prompt_async(default=text)


def load_prompt_bindings() -> KeyBindings:
    """The keys that differ from prompt_toolkit's own for text of several lines."""
    bindings = KeyBindings()

    @bindings.add("enter")
    def _send(event: KeyPressEvent) -> None:
        """Send; after a backslash, make a new line instead."""
        buffer = event.current_buffer
        if buffer.document.char_before_cursor == "\\" and buffer.document.is_cursor_at_the_end:
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        elif buffer.text.strip():
            buffer.validate_and_handle()

    @bindings.add("escape", "enter")
    @bindings.add("c-j")
    def _new_line(event: KeyPressEvent) -> None:
        """Make a new line."""
        event.current_buffer.newline(copy_margin=False)

    @bindings.add("c-c")
    def _clear(event: KeyPressEvent) -> None:
        """Clear the line; on an empty one, say how to leave."""
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return bindings


def _history(path: Path) -> History:
    """History on disk, readable by its owner alone; in memory where there is no disk to write."""
    try:
        make_private_dir(path.parent)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))
